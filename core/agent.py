"""The bounded loop: the model is asked, its tools are run, and it is asked again, until it answers or
a bound ends it. Every end has its reason in words."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from core.events import (
    AgentEvent,
    ApprovalAsked,
    ApprovalGiven,
    FinishReason,
    ModelDone,
    ModelEvent,
    PassagesFound,
    StepStarted,
    TextDelta,
    ToolCalled,
    ToolReturned,
)
from core.rules import (
    Run,
    canonical,
    denied,
    make_room,
    may_ask,
    money_used,
    repeated,
    sent_back,
    steps_used,
    time_used,
    why_asked,
)
from core.tools.dispatcher import MOST_AT_ONCE, READ_ON_SPEC, Dispatcher, Read
from core.tools.tool import Outcome
from core.types import Message, Text, ToolCall, ToolResult, message

MOST_CALLS = 16
"""Tools that a model may ask for in one step; it is told so about the others."""
_SHOWN = 20_000
CONCLUDE = (
    "This was the last step: no tool can be called any more. Answer now from what you know, briefly, and "
    "say what could not be found out."
)


@dataclass(slots=True)
class _Heard:
    """What the model said at one step."""

    text: list[str] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    finish: FinishReason = "stop"


class Agent:
    """Carries runs out; it keeps nothing of them."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    async def events(self, run: Run) -> AsyncGenerator[AgentEvent, None]:
        """Everything that happens until the run ends; RunStopped, last, when a bound ended it.

        Raises what `ask` raises. Leaving it early ends the tools that run.
        """
        run.deadline = time.monotonic() + run.bounds.seconds
        while not await self._is_over(run):
            run.step += 1
            last = run.ended is not None or run.step >= run.bounds.steps
            yield StepStarted(run.step, run.bounds.steps)
            heard = _Heard()
            async with aclosing(self._asked(run, heard, last)) as events:
                async for event in events:
                    yield event
            if last and run.ended is None:
                run.ended = steps_used(run.bounds.steps)
            if last or not heard.calls:
                break
            async with aclosing(self._called(run, heard)) as returned:
                async for each in returned:
                    yield each
        if run.ended:
            yield run.ended

    async def _is_over(self, run: Run) -> bool:
        """Whether time or money is used up; nothing is asked any more then."""
        if time.monotonic() >= run.deadline:
            run.ended = time_used(run.bounds.seconds)
            return True
        make_room(run.messages, run.room, run.count)
        limit = run.bounds.dollars
        if limit is None:
            return False
        spent = await run.spending(run.messages)
        if spent.so_far is None or spent.ahead is None or spent.so_far + spent.ahead <= limit:
            return False
        run.ended = money_used(limit, spent.so_far, spent.ahead)
        return True

    # --- the model ----------------------------------------------------------------------------

    async def _asked(self, run: Run, heard: _Heard, last: bool) -> AsyncGenerator[AgentEvent, None]:
        if last:
            run.messages.append(message("user", CONCLUDE))
        specs = [tool.spec(strict=run.strict) for tool in run.bench.tools.values()]
        if run.bench.kept.texts:
            specs.append(READ_ON_SPEC)
        asked = run.ask(tuple(run.messages), tuple(specs), "none" if last else "auto")
        async with aclosing(asked) as events:
            while True:
                try:
                    async with asyncio.timeout(max(0.0, run.deadline - time.monotonic())):
                        event = await anext(events, None)
                except TimeoutError:
                    run.ended, heard.calls = time_used(run.bounds.seconds), []
                    return
                if event is None:
                    return
                yield self._noted(run, heard, event)

    def _noted(self, run: Run, heard: _Heard, event: ModelEvent) -> ModelEvent:
        match event:
            case TextDelta(text):
                heard.text.append(text)
            case ToolCalled(call):
                # Servers number their calls anew in every answer, and a result must find its own.
                mine = call.id if call.id not in run.ids else f"{call.id}_{run.step}_{len(run.ids)}"
                run.ids.add(mine)
                heard.calls.append(replace(call, id=mine))
                return ToolCalled(heard.calls[-1])
            case ModelDone(finish=finish):
                heard.finish = finish
        return event

    # --- the tools ----------------------------------------------------------------------------

    async def _called(self, run: Run, heard: _Heard) -> AsyncGenerator[AgentEvent, None]:
        reads = [self._read(run, at, call) for at, call in enumerate(heard.calls)]
        allowed = await run.gate.allowed() if any(map(may_ask, reads)) else frozenset()
        for at, read in enumerate(reads):
            if read.refused or not (why := why_asked(read.tool, run.untrusted, allowed)):
                continue
            assert read.tool
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
        known, outcomes = len(run.sources), {}
        async with aclosing(self._together(run, reads)) as done:
            async for read, outcome in done:
                outcomes[read.call.id] = outcome
                yield ToolReturned(
                    read.call.id,
                    read.call.name,
                    outcome.text,
                    outcome.failed,
                    outcome.seconds,
                    outcome.code,
                    outcome.shown,
                )
        if len(run.sources) > known:
            yield PassagesFound(tuple(run.sources))
        self._remember(run, heard, reads, outcomes)

    def _read(self, run: Run, at: int, call: ToolCall) -> Read:
        if at >= MOST_CALLS:
            text = f"Not run: at most {MOST_CALLS} tools can be called at once. Call it in the next step."
            return Read(call, refused=Outcome(text, True, "too_many"))
        return self._dispatcher.read(run.bench, call)

    async def _together(
        self, run: Run, reads: Sequence[Read]
    ) -> AsyncGenerator[tuple[Read, Outcome], None]:
        """The outcomes as they come; a few tools at a time, none longer than the run."""
        turnstile = asyncio.Semaphore(MOST_AT_ONCE)

        async def one(read: Read) -> tuple[Read, Outcome]:
            async with turnstile:
                return read, await self._traced(run, read)

        pending = {asyncio.create_task(one(read)) for read in reads}
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

    async def _traced(self, run: Run, read: Read) -> Outcome:
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
            outcome = await self._dispatcher.run(run.bench, read)
            span.set(arguments=outcome.arguments, result=outcome.text[:_SHOWN])
            if outcome.failed:
                span.status = "error"
                span.set(error=outcome.text[:2000], code=outcome.code)
        return outcome

    def _remember(
        self,
        run: Run,
        heard: _Heard,
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
