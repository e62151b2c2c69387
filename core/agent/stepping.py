"""The model is asked at each step of a run: its answer comes from the tape as long as that fits, else live."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from core.admission import Asked
from core.agent.reel import Reel, digest, said
from core.agent.rules import Spending, tokens_of
from core.events import Diverged, ModelEvent, StepAsked
from core.llm.client import LLMClient
from core.metering import TurnMeter
from core.tokens.counter import Counter
from core.trace import OpenSpan, Trace
from core.types import Message, ModelInfo, ModelRequest, ToolCall, ToolResult, ToolSpec
from core.windows.context import Context

Messages = tuple[Message, ...]
Specs = tuple[ToolSpec, ...]


@dataclass(frozen=True, slots=True)
class Stepping:
    """What stays the same from step to step of one run."""

    asked: Asked
    context: Context
    others: Sequence[ModelInfo]
    meter: TurnMeter
    trace: Trace
    parent: OpenSpan
    reel: Reel | None
    client: LLMClient
    counter: Counter

    async def ask(
        self, messages: Messages, tools: Specs, choice: str
    ) -> AsyncGenerator[ModelEvent, None]:
        """What the model says to these messages; where a replay leaves its tape, that comes first."""
        ref, reel = self.asked.model.ref, self.reel
        stop = self.asked.request.stop
        name = digest(ref, self.context.max_tokens, messages, tools, choice, stop)
        yield StepAsked(name)
        if reel and (kept := reel.response(name)):
            with self.trace.span(kept.model or ref, "model", parent=self.parent, from_tape=True):
                for event in said(kept):
                    yield event
            return
        if reel and (why := reel.why()):
            yield Diverged(reel.step, why)
        async with aclosing(self._live(messages, tools, choice)) as events:
            async for event in events:
                yield event

    def count(self, text: str) -> int:
        """The tokens of the text for the model of the run."""
        return self.counter.count(text, self.asked.model.ref)

    async def spending(self, tools: int, messages: Sequence[Message]) -> Spending:
        """What the run has spent, and what the next step may cost with so many tokens of tools."""
        so_far = await asyncio.to_thread(self.meter.spent)
        asks = tokens_of(messages, self.count) + tools
        ahead = await asyncio.to_thread(
            self.meter.worst_case, self.asked.model.ref, asks, self.context.max_tokens
        )
        return Spending(so_far, ahead)

    def _live(
        self, messages: Messages, tools: Specs, choice: str
    ) -> AsyncGenerator[ModelEvent, None]:
        model = self.asked.model
        request = ModelRequest(
            model=model.id,
            messages=messages,
            max_tokens=self.context.max_tokens,
            sources=self.context.sources,
            question=self.asked.request.prompt,
            stop=self.asked.request.stop,
            tools=tools,
            tool_choice=choice,
            stable=len(messages),  # all of it is sent again with the results
        )
        told = sum(self.counter.count_tool(as_told(tool), model.ref) for tool in tools)
        return self.client.stream(
            model.ref,
            request,
            meter=replace(self.meter, tools=_read_now(messages)),
            trace=self.trace,
            parent=self.parent,
            input_tokens=tokens_of(messages, self.count) + told,
            fallbacks=[(other.ref, replace(request, model=other.id)) for other in self.others],
        )


def as_told(spec: ToolSpec) -> str:
    """A tool as its tokens are counted."""
    return f"{spec.name}: {spec.description}\n{json.dumps(spec.parameters)}"


def _read_now(messages: Sequence[Message]) -> tuple[str, ...]:
    """The tools whose results are at the end of what is sent: the model reads them for the first time."""
    if not messages or messages[-1].role != "tool":
        return ()
    new = {part.call_id for part in messages[-1].parts if isinstance(part, ToolResult)}
    called = (part for each in messages for part in each.parts if isinstance(part, ToolCall))
    return tuple(dict.fromkeys(call.name for call in called if call.id in new))
