"""What a prompt that is being written would send: read, rendered and counted with every key."""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.errors import FootlightsError
from core.prompts.library import PromptLibrary
from core.prompts.sandbox import Rendered, Sandbox, TrustSpan
from core.prompts.template import PromptTemplate, Trust, fault
from core.tokens.counter import Counter
from core.types import ModelInfo, Role

SHOWN = 50_000
"""Characters of a message that are shown."""
_PLACE = re.compile(r"line (\d+)(?:, column (\d+))?: (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, in words, with what to do; `words` alone at its `line` and `column`, both 0 when it
    is at no place of the text itself. With other values than these the text could be sent (`only_values`)."""

    text: str
    hint: str
    line: int
    column: int
    words: str
    only_values: bool


@dataclass(frozen=True, slots=True)
class Run:
    """Words of a message that come from one place: `variable`, whose words are `trust`; "" when they are
    the template's own."""

    text: str
    variable: str = ""
    trust: Trust = "trusted"


@dataclass(frozen=True, slots=True)
class Part:
    """A message that is sent, as runs; of a long one the beginning, and how many characters `more`."""

    role: Role
    tokens: int
    runs: tuple[Run, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Share:
    """The tokens that the words of a variable take."""

    variable: str
    trust: Trust
    tokens: int


@dataclass(frozen=True, slots=True)
class Sent:
    """What is sent, and what that costs in US dollars, None when the price is unknown: a call, a thousand
    of them, a thousand tokens of answer. `hidden` counts the invisible characters that were removed."""

    parts: tuple[Part, ...]
    shares: tuple[Share, ...]
    hidden: int
    tokens: int
    exact: bool
    window: int
    per_call: Decimal | None
    per_thousand: Decimal | None
    answer: Decimal | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be sent, or why nothing can be."""

    sent: Sent | None = None
    fault: Fault | None = None


class Previews:
    """Shows what a text would send, and keeps none of it."""

    def __init__(self, library: PromptLibrary, sandbox: Sandbox, counter: Counter) -> None:
        self._library = library
        self._sandbox = sandbox
        self._counter = counter

    async def of(self, name: str, raw: str, values: Mapping[str, Any], model: ModelInfo) -> Preview:
        """The text as a version of the prompt, with these values as far as it takes them, for the model."""
        try:
            # On a thread: the loop that reads a head of YAML writes no answer meanwhile.
            draft = await asyncio.to_thread(self._library.draft, name, raw)
        except FootlightsError as error:
            return Preview(fault=_fault(error))
        checked = False
        try:
            await self._sandbox.check(
                draft
            )  # what is wrong with the text is told, and stopped, once
            checked = True
            rendered = await self._sandbox.render(draft, _taken(draft, values))
        except FootlightsError as error:
            return Preview(fault=_fault(error, only_values=checked))
        return Preview(await asyncio.to_thread(self._sent, draft, rendered, model))

    def _sent(self, draft: PromptTemplate, rendered: Rendered, model: ModelInfo) -> Sent:
        count, parts, ref = self._counter, [], model.ref
        for number, message in enumerate(rendered.messages):
            spans = [span for span in rendered.spans if span.message == number]
            runs = tuple(_runs(message.text[:SHOWN], spans))
            more = max(0, len(message.text) - SHOWN)
            parts.append(Part(message.role, count.count_message(message, ref), runs, more))
        tokens = sum(part.tokens for part in parts) + count.reply_overhead
        price = model.price
        call = None if price is None else price.of(tokens)
        return Sent(
            parts=tuple(parts),
            shares=tuple(self._shares(draft, rendered, ref)),
            hidden=rendered.hidden,
            tokens=tokens,
            exact=count.encoding_name(ref)[1],
            window=model.window,
            per_call=call,
            per_thousand=None if call is None else call * 1000,
            answer=None if price is None else price.output / Decimal(1000),
        )

    def _shares(self, draft: PromptTemplate, rendered: Rendered, ref: str) -> Iterator[Share]:
        texts = [message.text for message in rendered.messages]
        for each in draft.variables:
            spans = [span for span in rendered.spans if span.variable == each.name]
            if spans:
                said = (texts[span.message][span.start : span.end] for span in spans)
                tokens = sum(self._counter.count(text, ref) for text in said)
                yield Share(each.name, each.trust, tokens)


def _taken(draft: PromptTemplate, values: Mapping[str, Any]) -> dict[str, Any]:
    """What the draft takes of the values, which are those of the text as it was some keys ago."""
    taken: dict[str, Any] = {}
    for each in draft.variables:
        first = each.choices[0] if each.choices and each.default is None else each.initial
        given = values.get(each.name, first)
        taken[each.name] = first if fault(each, given) else given
    return taken


def _fault(error: FootlightsError, *, only_values: bool = False) -> Fault:
    text = str(error)
    # One in a partial begins with its name, and has no place here.
    found = _PLACE.match(text)
    line, column, words = (int(found[1]), int(found[2] or 1), found[3]) if found else (0, 0, text)
    return Fault(text, error.hint, line, column, words, only_values)


def _runs(text: str, spans: Sequence[TrustSpan]) -> Iterator[Run]:
    at = 0
    for span in sorted(spans, key=lambda span: span.start):
        if not at <= span.start < len(text):
            continue  # inside one that is marked already, or not shown
        if at < span.start:
            yield Run(text[at : span.start])
        yield Run(text[span.start : span.end], span.variable, span.trust)
        at = span.end
    if at < len(text):
        yield Run(text[at:])
