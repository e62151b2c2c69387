"""One attempt of a call: what was asked, what was heard, and what it came to."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import FootlightsError, Malformed, Misuse, ModelMisbehaved, ProviderError
from core.events import (
    ModelDone,
    ModelEvent,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    ToolCalled,
)
from core.llm import names
from core.llm.exchange import Exchange
from core.llm.pricing import margin, unheard
from core.types import Message, ModelRequest, ToolCall, ToolResult, Usage

Count = Callable[[str, str], int]
"""Tokens of a text, as the model `provider:id` counts."""
# Tokens that a vendor may have written before it noticed that nobody listens any more.
_AHEAD = 64
# Prose has 4.5 characters a token, code 2.8: an answer with more than so many for each that was asked for
# is counted, and then again when it may have filled its room.
_DENSE = 3
_STEP = 1 / 16


@dataclass(slots=True)
class Attempt:
    """Listens to one stream and knows at every moment what it would cost to leave it now."""

    ref: str
    request: ModelRequest
    number: int
    input_tokens: int
    count: Count
    clock: Callable[[], float]
    began: float = field(init=False)
    held: int = field(init=False)
    """Input tokens that the reservation pays for."""
    room: int = field(init=False)
    """Output tokens that it pays for."""
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    """Fragments of tool calls, as they came."""
    called: list[str] = field(default_factory=list)
    """Whole tool calls: the same once more, or all that there is where no fragments come."""
    first_token_seconds: float | None = None
    done: ModelDone | None = None
    failure: FootlightsError | None = None
    sent_at: float | None = None
    """On the clock; None when the provider was not asked at all."""
    last_at: float | None = None
    """When the last word came, on the clock."""
    over_at: float | None = None
    """When nobody listened any more, on the clock."""
    counted: Callable[[], Usage | None] = lambda: None
    """What the vendor has told of its tokens so far."""
    exchange: Exchange | None = None
    """What went over the wire; None where nothing does."""
    _characters: int = field(init=False)
    _counted_at: int = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock()
        self.held = math.ceil(max(self.input_tokens, 0) * margin(self.ref))
        self.room = max(self.request.max_tokens, 0)
        self._characters, self._counted_at = 0, self.room * _DENSE

    def hear(self, event: ModelEvent) -> ModelEvent:
        """The event as it goes on: an ending without usage is given an estimate."""
        if isinstance(event, ModelDone):
            self.done = event if event.usage else replace(event, usage=self.estimate(whole=True))
            return self.done
        if self._said(event):
            self.last_at = self.clock()
            if self.first_token_seconds is None:
                self.first_token_seconds = self.last_at - self.began
        return event

    def _said(self, event: ModelEvent) -> bool:
        match event:
            case TextDelta(text):
                self.text.append(text)
            case ReasoningDelta(text):
                self.reasoning.append(text)
            case ToolCallDelta(text=text, name=name):
                text = name + text
                self.calls.append(text)
            case ToolCalled(call):
                self.called.append(call.name + call.arguments)
                return True
            case _:
                return False
        self._characters += len(text)
        return True

    def unheld(self) -> Usage | None:
        """What the reservation must pay for instead, when the vendor has told that it has read more, or
        has written more than it was asked for, and still writes; None otherwise."""
        told = self.counted() or Usage()
        written = max(told.output_tokens, self._beyond())
        if self.done is not None or (told.input_tokens <= self.held and written <= self.room):
            return None
        self.held = max(self.held, told.input_tokens)
        if written > self.room:
            self.room = 2 * written  # each step is a transaction
        ahead = math.ceil(self.room * _STEP) if self.room > self.request.max_tokens else 0
        return replace(told, input_tokens=self.held, output_tokens=self.room + ahead)

    def _beyond(self) -> int:
        """The tokens that were heard, counted when they may be more than the room for them; else 0."""
        if self._characters <= self._counted_at:
            return 0
        found = self.count("".join(self._heard()), self.ref)
        share = max(self.room / max(found, 1) - 1, _STEP)
        self._counted_at = math.ceil(self._characters * (1 + share))
        return found

    def estimate(self, *, whole: bool = False) -> Usage:
        """What the vendor will bill for what was heard, as far as we can tell; of an answer that is
        not `whole`, the most that it can be."""
        said = self._heard()
        heard, most = self.count("".join(said), self.ref), max(self.request.max_tokens, 0)
        # A delta is at least one token, whatever our count makes of its characters.
        output = max(heard, len(said))
        told = self.counted() or Usage()
        if whole:
            # What was told may be a part: of the cache alone.
            read = max(told.input_tokens, self.input_tokens)
        else:
            share = margin(self.ref)
            read = max(math.ceil(self.input_tokens * share), told.input_tokens)
            output = math.ceil(output * share) + (_AHEAD if said else 0)
            output = most if self._unread() else output + unheard(self.ref, *self._silences())
        return Usage(
            read,
            # Who has written more than he was asked for bills it.
            max(min(output, most), heard, told.output_tokens),
            cache_write_tokens=told.cache_write_tokens,
            source="estimated",
        )

    def _unread(self) -> bool:
        """Whether the vendor wrote something that nobody has read to its end."""
        unusable = isinstance(self.failure, Malformed) and self.failure.billable
        return unusable or isinstance(self.failure, ModelMisbehaved)

    def _silences(self) -> tuple[float, float]:
        """Seconds between the question and the first word, and since the last: a vendor writes on while
        the line is down."""
        if self.sent_at is None:
            return 0.0, 0.0
        end = self.clock() if self.over_at is None else self.over_at
        if self.first_token_seconds is None or self.last_at is None:
            return end - self.sent_at, 0.0
        return self.began + self.first_token_seconds - self.sent_at, end - self.last_at

    def _heard(self) -> tuple[str, ...]:
        calls = max(self.calls, self.called, key=lambda parts: sum(map(len, parts)))
        return (*self.reasoning, *self.text, *calls)

    def spent(self) -> Usage | None:
        """What is to be booked; None when nothing can have been billed."""
        if self.sent_at is None:
            return None
        if self.done is not None:
            return self.done.usage
        refused = isinstance(self.failure, Misuse) or (
            isinstance(self.failure, ProviderError) and not self.failure.billable
        )
        told = self.counted()
        begun = self._heard() or (told is not None and told.input_tokens)
        return None if refused and not begun else self.estimate()

    def asked(self) -> dict[str, Any]:
        """The attributes of the span that are known before the answer."""
        messages = [_told(item) for item in self.request.messages]
        return {
            names.PROVIDER: self.ref.partition(":")[0],
            names.REQUEST_MODEL: self.request.model,
            names.MAX_TOKENS: self.request.max_tokens,
            names.MESSAGES: len(messages),
            names.ATTEMPT: self.number,
            names.REQUEST: messages,
            **(
                {names.TOOLS: [tool.name for tool in self.request.tools]}
                if self.request.tools
                else {}
            ),
        }

    def heard(self) -> dict[str, Any]:
        """The attributes of the span that are known after it."""
        found: dict[str, Any] = {names.RESPONSE: "".join(self.text)}
        if self.reasoning:
            found[names.REASONING] = "".join(self.reasoning)
        if self.first_token_seconds is not None:
            found[names.FIRST_TOKEN_SECONDS] = round(self.first_token_seconds, 4)
        if self.called:
            found[names.CALLS] = [each.replace("{", " {", 1) for each in self.called]
        if self.exchange is not None:
            found |= self.exchange.noted([_content(item) for item in self.request.messages])
        if self.failure is not None:
            found[names.ERROR] = self.failure.code
        if self.done is not None:
            found[names.FINISH_REASONS] = [self.done.finish]
            found[names.RESPONSE_MODEL] = self.done.model
        if (usage := self.spent()) is not None:
            found[names.INPUT_TOKENS] = usage.input_tokens
            found[names.OUTPUT_TOKENS] = usage.output_tokens
            found[names.CACHED_TOKENS] = usage.cached_tokens
            found[names.CACHE_WRITTEN_TOKENS] = usage.cache_write_tokens
            found[names.REASONING_TOKENS] = usage.reasoning_tokens
            found[names.USAGE_SOURCE] = usage.source
        return found


def _told(said: Message) -> dict[str, Any]:
    """A message as the trace shows it."""
    return {"role": said.role, "content": _content(said)}


def _content(said: Message) -> str:
    """Calls and results are part of what was sent."""
    parts = [said.text] if said.text else []
    parts += [f"{part.name}({part.arguments})" for part in said.parts if isinstance(part, ToolCall)]
    parts += [part.text for part in said.parts if isinstance(part, ToolResult)]
    return "\n\n".join(parts)
