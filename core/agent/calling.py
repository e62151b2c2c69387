"""The tools of one step: what is taken from a tape, what must be allowed, and what is run."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from core.agent.rules import (
    Run,
    canonical,
    denied,
    may_ask,
    repeated,
    sent_back,
    time_used,
    why_asked,
)
from core.events import (
    AgentEvent,
    ApprovalAsked,
    ApprovalGiven,
    EffectBegan,
    FinishReason,
    PassagesFound,
    ResultKept,
    ToolReturned,
)
from core.tools.dispatcher import MOST_AT_ONCE, Dispatcher, Read
from core.tools.tool import Outcome
from core.trace import noted
from core.types import Message, Text, ToolCall, ToolResult

MOST_CALLS = 16
"""Tools that a model may ask for in one step; it is told so about the others."""
_SHOWN = 20_000


@dataclass(slots=True)
class Heard:
    """What the model said at one step."""

    text: list[str] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    finish: FinishReason = "stop"


class Caller:
    """Carries out what a model asked for at one step."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    async def called(self, run: Run, heard: Heard) -> AsyncGenerator[AgentEvent, None]:
        """What comes of the calls, until the run remembers all of it."""
        reads = await asyncio.to_thread(self._read, run, heard.calls)
        taken = run.reel.outcomes(reads, run.bench.kept.texts) if run.reel else {}
        for read in reads:
            if run.reel and read.call.id in taken and run.reel.began(read.call.id):
                yield EffectBegan(read.call)  # as it stands on the tape that its result comes from
        async with aclosing(self._allowed(run, reads, taken)) as asked:
            async for each in asked:
                yield each
        known, outcomes = len(run.sources), {}
        async with aclosing(self._together(run, reads, taken)) as done:
            async for read, outcome in done:
                outcomes[read.call.id] = outcome
                yield _returned(read, outcome)
                if whole := run.bench.kept.texts.get(read.call.id):
                    yield ResultKept(read.call.id, whole)
        if run.reel and (before := run.reel.sources()):
            run.sources[:] = before
        if len(run.sources) > known:
            yield PassagesFound(tuple(run.sources))
        self._remember(run, heard, reads, outcomes)

    async def _allowed(
        self, run: Run, reads: list[Read], taken: Mapping[str, Outcome]
    ) -> AsyncGenerator[AgentEvent, None]:
        """Ask about what changes something; what was not allowed is refused among the `reads`. What is
        about to change something is told before it does."""
        new = [read for read in reads if read.call.id not in taken]
        allowed: frozenset[str] = frozenset()
        # In a replay nothing that was allowed before counts.
        if any(map(may_ask, new)) and run.reel is None:
            allowed = await run.gate.allowed()
        for at, read in enumerate(reads):
            if read.refused or read.tool is None or read.call.id in taken:
                continue
            if why := why_asked(read.tool, run.untrusted, allowed):
                await run.gate.ask(read.call.id, read.tool.name)
                yield ApprovalAsked(read.call, why, run.untrusted)
                began = time.monotonic()
                decision = await run.gate.wait(read.call.id)
                run.deadline += time.monotonic() - began
                yield ApprovalGiven(read.call.id, decision)
                if decision == "no":
                    reads[at] = replace(read, refused=denied(read.tool))
                elif decision == "always":
                    allowed |= {read.tool.name}
            if read.tool.access == "effects" and not reads[at].refused:
                yield EffectBegan(read.call)

    def _read(self, run: Run, calls: Sequence[ToolCall]) -> list[Read]:
        """The calls, read in a thread: checking arguments by a schema with patterns waits for a process."""
        text = (
            f"Not run: at most {MOST_CALLS} tools can be called at once. Call it in the next step."
        )
        left = [Read(call, refused=Outcome(text, True, "too_many")) for call in calls[MOST_CALLS:]]
        return [*(self._dispatcher.read(run.bench, call) for call in calls[:MOST_CALLS]), *left]

    async def _together(
        self, run: Run, reads: Sequence[Read], taken: Mapping[str, Outcome]
    ) -> AsyncGenerator[tuple[Read, Outcome], None]:
        """The outcomes as they come, those of the tape first; a few tools at a time, none longer than
        the run."""
        by_id = {read.call.id: read for read in reads}
        for call_id, outcome in taken.items():
            yield by_id[call_id], await self._traced(run, by_id[call_id], outcome)
        turnstile = asyncio.Semaphore(MOST_AT_ONCE)

        async def one(read: Read) -> tuple[Read, Outcome]:
            async with turnstile:
                return read, await self._traced(run, read)

        pending = {asyncio.create_task(one(read)) for read in reads if read.call.id not in taken}
        try:
            while pending:
                left = max(0.0, run.deadline - time.monotonic())
                done, pending = await asyncio.wait(
                    pending, timeout=left, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    yield task.result()
                if not done:
                    run.ended = time_used(run.bounds.seconds)
                    return
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    async def _traced(self, run: Run, read: Read, taken: Outcome | None = None) -> Outcome:
        name = read.tool.name if read.tool else read.call.name[:64]
        with run.trace.span(
            name,
            "tool",
            parent=run.parent,
            step=run.step,
            call_id=read.call.id,
            sent=read.call.arguments[:_SHOWN],
        ) as span:
            if read.tool:
                span.set(signature=read.tool.signature, parameters=read.tool.parameters)
                if run.strict and read.tool.strict:
                    span.set(strict=read.tool.strict)
            if taken:
                span.set(from_tape=True)
            outcome = taken or await self._dispatcher.run(run.bench, read)
            span.set(arguments=outcome.arguments, result=outcome.text[:_SHOWN])
            if outcome.hits:
                span.set(hits=[noted(hit) for hit in outcome.hits])
            if outcome.failed:
                span.status = "error"
                span.set(error=outcome.text[:2000], code=outcome.code)
        return outcome

    def _remember(
        self,
        run: Run,
        heard: Heard,
        reads: Sequence[Read],
        outcomes: dict[str, Outcome],
    ) -> None:
        """The step as the messages that the model is sent next, and whether it goes round in circles."""
        said = (Text("".join(heard.text)),) if heard.text else ()
        run.messages.append(Message("assistant", (*said, *map(sent_back, reads))))
        results = []
        for read in reads:
            outcome = outcomes.get(read.call.id) or Outcome("It was not finished.", True, "time")
            results.append(ToolResult(read.call.id, outcome.text, outcome.failed))
            run.untrusted = run.untrusted or bool(read.tool and read.tool.untrusted)
            key = (read.call.name, canonical(read, outcome), outcome.text)
            run.seen[key] += 1
            if run.seen[key] >= run.bounds.repeats and run.ended is None:
                run.ended = repeated(run.bounds.repeats, read, outcome)
        run.messages.append(Message("tool", tuple(results)))


def _returned(read: Read, outcome: Outcome) -> ToolReturned:
    return ToolReturned(
        read.call.id,
        read.call.name,
        outcome.text,
        outcome.failed,
        outcome.seconds,
        outcome.code,
        outcome.shown,
    )
