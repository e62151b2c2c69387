"""One call of a model with a version of a prompt: prepared, priced before it is made, and made."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.checks import bounded
from core.errors import Refused
from core.events import ModelEvent
from core.llm.client import LLMClient
from core.llm.meter import Meter
from core.llm.pricing import Override, price, worst_case
from core.playground.inputs import given_to, sources_of
from core.playground.lane import Lane
from core.prompts.layers import Layers
from core.prompts.sandbox import Sandbox
from core.prompts.template import PromptTemplate
from core.store.ledger import Ledger
from core.table_answer import is_native
from core.tokens.counter import Counter
from core.trace import Trace
from core.types import Message, ModelInfo, ModelRequest, OutputSchema, Usage
from core.windows.context import DEFAULT_MAX_TOKENS

USUAL_ANSWER = 300
"""Tokens of an answer that is expected where none is known yet."""
_BOUNDARY_TOKENS = 11
"""At most: it has eleven letters."""


@dataclass(frozen=True, slots=True)
class Call:
    """What will be sent, with its tokens as we count them."""

    model: ModelInfo
    request: ModelRequest
    input_tokens: int
    slack: int = 0
    """Tokens more that it may be when it is rendered again: each fence has a boundary of its own."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What calls will cost before they are made, in US dollars: at most, if none has to be repeated,
    and by the length that answers usually have; None when a price is unknown."""

    calls: int = 0
    input_tokens: int = 0
    worst: Decimal | None = Decimal(0)
    expected: Decimal | None = Decimal(0)

    def __add__(self, other: "Estimate") -> "Estimate":
        """Both together; unknown when either is."""
        return Estimate(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            _sum(self.worst, other.worst),
            _sum(self.expected, other.expected),
        )


class Calls:
    """Makes calls on behalf of a user, each booked and under his caps."""

    def __init__(
        self,
        *,
        sandbox: Sandbox,
        client: LLMClient,
        counter: Counter,
        ledger: Ledger,
        meter: Callable[..., Meter],
        override: Callable[[str, str], Override | None],
    ) -> None:
        self._sandbox = sandbox
        self._client = client
        self._counter = counter
        self._ledger = ledger
        self._meter = meter
        self._override = override

    # --- before -------------------------------------------------------------------------------

    async def prepare(
        self,
        template: PromptTemplate,
        model: ModelInfo,
        inputs: Mapping[str, Any],
        schema: str = "",
        *,
        layers: Layers | None = None,
        canary: str = "",
    ) -> Call:
        """The call with these inputs; `schema` is the JSON schema of the answer, "" for words. The
        layers of the defence are the template's own unless others are given.

        Refused for what cannot be rendered, is no schema, or does not fit into the model's window.
        """
        given = given_to(template, inputs)
        rendered = await self._sandbox.render(template, given, layers=layers, canary=canary)
        messages = rendered.messages
        if not messages:
            raise Refused(
                f"{template.name} is a partial: nothing is sent by itself",
                hint="Open a prompt that uses it.",
            )
        output = await self._held_to(schema, model) if schema else None
        tokens = self._tokens(messages, output, model)
        room = _room(template, model, tokens)
        request = ModelRequest(
            model.id,
            messages,
            room,
            sources=sources_of(template, given),
            question=str(given.get("question", "")),
            output=output,
        )
        fences = sum(each.text.count(rendered.boundary) for each in messages)
        return Call(model, request, tokens, fences * _BOUNDARY_TOKENS)

    def _tokens(
        self, messages: Sequence[Message], output: OutputSchema | None, model: ModelInfo
    ) -> int:
        tokens = sum(self._counter.count_message(each, model.ref) for each in messages)
        if output:
            tokens += self._counter.count(json.dumps(output.schema), model.ref)
        return tokens + self._counter.reply_overhead

    async def _held_to(self, schema: str, model: ModelInfo) -> OutputSchema | None:
        strict = await asyncio.to_thread(bounded.strict, schema)
        return strict if is_native([model.ref]) else None

    def estimate(self, user: str, call: Call, usual: int = USUAL_ANSWER) -> Estimate:
        """What the call will cost, for an answer of `usual` tokens and for the longest."""
        ref, room = call.model.ref, call.request.max_tokens
        own = self._override(user, ref)
        likely = Usage(call.input_tokens, min(usual, room))
        return Estimate(
            1,
            call.input_tokens,
            worst_case(ref, call.input_tokens + call.slack, room, own),
            price(ref, likely, own),
        )

    # --- making it ----------------------------------------------------------------------------

    def ask(
        self, user: str, call_id: str, call: Call, purpose: str
    ) -> AsyncGenerator[ModelEvent, None]:
        """The events of the model, every attempt booked under the id. Raises what the call raises."""
        return self._client.stream(
            call.model.ref,
            call.request,
            meter=self._meter(user, call_id, "", purpose=purpose),
            trace=Trace(call_id),
            input_tokens=call.input_tokens,
        )

    async def play(self, user: str, lane: Lane, call: Call) -> None:
        """Make the call in the lane, which hears it. Raises what the call raises."""
        lane.began = time.monotonic()
        async with aclosing(self.ask(user, lane.id, call, "playground")) as events:
            async for event in events:
                lane.hear(event)

    async def spent(self, user: str, call_id: str) -> tuple[Usage | None, Decimal | None]:
        """What the ledger has of the call: the tokens of all its attempts, and their cost, None when a
        price is unknown."""
        rows = await asyncio.to_thread(self._ledger.rows, user, turn_id=call_id)
        usages = [row.usage for row in rows if row.usage]
        costs = [row.cost for row in rows]
        cost = None if None in costs else sum((each for each in costs if each), Decimal(0))
        return (sum(usages[1:], usages[0]) if usages else None), cost


def _room(template: PromptTemplate, model: ModelInfo, tokens: int) -> int:
    """How many tokens the answer may have behind these. Refused when both do not fit into the window."""
    wanted = template.model.max_tokens or DEFAULT_MAX_TOKENS
    room = min(wanted, model.max_output, max(1, model.window // 2))
    if tokens + room > model.window:
        raise Refused(
            f"{tokens:,} tokens, and {room:,} for the answer, do not fit into the window of "
            f"{model.label}: {model.window:,} tokens",
            hint="Take fewer passages or shorter values, or a model with a larger window.",
        )
    return room


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one + other


def together(estimates: Sequence[Estimate]) -> Estimate:
    """All of them; nothing costs nothing."""
    return sum(estimates, Estimate())
