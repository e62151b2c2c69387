"""The bounded loop: the model is asked, its tools are run, and it is asked again, until it answers or
a bound ends it. Every end has its reason in words."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from core.agent.calling import Caller, Heard
from core.agent.rules import Run, make_room, money_used, steps_used, time_used
from core.events import (
    AgentEvent,
    ModelDone,
    ModelEvent,
    StepStarted,
    TextDelta,
    ToolCalled,
)
from core.tools.dispatcher import READ_ON_SPEC, Dispatcher
from core.types import message

CONCLUDE = (
    "This was the last step: no tool can be called any more. Answer now from what you know, briefly, and "
    "say what could not be found out."
)


class Agent:
    """Carries runs out; it keeps nothing of them."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._caller = Caller(dispatcher)

    async def events(self, run: Run) -> AsyncGenerator[AgentEvent, None]:
        """Everything that happens until the run ends; RunStopped, last, when a bound ended it.

        Raises what `ask` raises. Leaving it early ends the tools that run.
        """
        run.deadline = time.monotonic() + run.bounds.seconds
        while not await self._is_over(run):
            run.step += 1
            last = run.ended is not None or run.step >= run.bounds.steps
            yield StepStarted(run.step, run.bounds.steps)
            heard = Heard()
            async with aclosing(self._asked(run, heard, last)) as events:
                async for event in events:
                    yield event
            if last and run.ended is None:
                run.ended = steps_used(run.bounds.steps)
            if last or not heard.calls:
                break
            async with aclosing(self._caller.called(run, heard)) as returned:
                async for each in returned:
                    yield each
        if run.ended:
            yield run.ended

    async def _is_over(self, run: Run) -> bool:
        """Whether time or money is used up; nothing is asked any more then."""
        if run.reel and (end := run.reel.end()):
            run.ended = end
            return True
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

    async def _asked(self, run: Run, heard: Heard, last: bool) -> AsyncGenerator[AgentEvent, None]:
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

    def _noted(self, run: Run, heard: Heard, event: ModelEvent) -> ModelEvent:
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
