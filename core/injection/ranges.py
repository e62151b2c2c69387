"""The injection range: priced before it runs, followed, stopped, kept."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace

from core.attacks import Case, RangeRun, RunState, Shot
from core.bridge import contained
from core.errors import FootlightsError, Misuse, NotFound, Refused
from core.injection.arms import ARMS, FIRST
from core.injection.cases import cases, sample
from core.injection.shooting import Shooter, Target
from core.models import Models
from core.playground.calls import Calls, Estimate, together
from core.playground.results import Book
from core.prompts import canary as canaries
from core.prompts.switches import differs
from core.prompts.template import PromptTemplate
from core.store.columns import now
from core.store.ids import new_id
from core.store.range_runs import RangeRuns
from core.types import ModelInfo

_AT_ONCE = 4
_FAILURES = 5
"""So many calls without an answer in a row, and the model is not there."""
_SAVED_EVERY = 8
TICK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class RangePlan:
    """What a run will do, and what it will cost."""

    template: PromptTemplate
    model: ModelInfo
    cases: tuple[Case, ...]
    arms: tuple[str, ...]
    estimate: Estimate


@dataclass(slots=True)
class _Live:
    run: RangeRun
    user: str
    plan: RangePlan
    task: "asyncio.Task[None] | None" = None


class InjectionRange:
    """Shoots poisoned and harmless documents through a prompt; in memory while it runs, kept at its end
    and now and then before."""

    def __init__(self, *, calls: Calls, models: Models, rows: RangeRuns) -> None:
        self._calls = calls
        self._shooter = Shooter(calls)
        self._models = models
        self._rows = rows
        self._live: dict[tuple[str, str], _Live] = {}

    # --- before -------------------------------------------------------------------------------

    async def plan(
        self,
        user: str,
        template: PromptTemplate,
        model: str,
        arms: Sequence[str] = FIRST,
        size: int | None = None,
    ) -> RangePlan:
        """What a run of all cases, or of `size` of them, will do and cost at most. Refused for a prompt
        that takes no retrieved text, Misuse for an arm that nobody knows."""
        if unknown := [arm for arm in arms if arm not in ARMS] or ([] if arms else ["none"]):
            raise Misuse(
                f"there is no set of layers {unknown[0]!r}", hint=f"Take: {', '.join(ARMS)}."
            )
        every = await asyncio.to_thread(cases)
        chosen = every if size is None else sample(every, size)
        target = Target(template, self._models.resolve(model))
        costs = [
            self._calls.estimate(
                user, await self._shooter.prepare(target, case, arm, canaries.draw())
            )
            for case in chosen
            for arm in arms
        ]
        return RangePlan(template, target.model, chosen, tuple(arms), together(costs))

    # --- while it runs ------------------------------------------------------------------------

    async def start(self, user: str, plan: RangePlan) -> str:
        """Begin, on this loop; the id of the run. Refused while another run of the prompt goes on."""
        key = (user, plan.template.name)
        running = self._live.get(key)
        if running and running.run.state == "running":
            raise Refused("the range runs with this prompt", hint="Wait, or stop that run.")
        run = RangeRun(
            id=new_id(),
            prompt=plan.template.name,
            version=Book.version(plan.template),
            digest=Book.digest(plan.template),
            model=plan.model.ref,
            created_at=now(),
            arms=plan.arms,
            cases=tuple(case.id for case in plan.cases),
            defence=differs(plan.template.layers),
        )
        live = self._live[key] = _Live(run, user, plan)
        live.task = asyncio.get_running_loop().create_task(self._contained(live))
        return run.id

    def running(self, user: str, prompt: str) -> RangeRun | None:
        """The run of the prompt that goes on here and now."""
        live = self._live.get((user, prompt))
        return live.run if live and live.run.state == "running" else None

    def kept(self, user: str, prompt: str) -> list[RangeRun]:
        """The runs of the prompt that have an answer and do not go on, newest first; one that the
        app's end cut short is stopped."""
        going = self.running(user, prompt)
        return [
            replace(run, state="stopped") if run.state == "running" else run
            for run in self._rows.list(user, prompt)
            if run.shots and not (going and going.id == run.id)
        ]

    def last(self, user: str, prompt: str) -> RangeRun | None:
        """The newest of them, None when there is none."""
        return next(iter(self.kept(user, prompt)), None)

    def get(self, user: str, run_id: str) -> RangeRun:
        """The run as it stands now. Raises NotFound."""
        for (owner, _), live in list(self._live.items()):
            if owner == user and live.run.id == run_id:
                return live.run
        run = self._rows.get(user, run_id)
        return replace(run, state="stopped") if run.state == "running" else run

    async def stop_run(self, user: str, run_id: str) -> None:
        """End this run, if it goes on; one that is over stays as it is. Raises NotFound."""
        run = await asyncio.to_thread(self.get, user, run_id)
        going = self.running(user, run.prompt)
        if going and going.id == run_id:
            await self.stop(user, run.prompt)

    async def follow(self, user: str, prompt: str) -> AsyncGenerator[RangeRun, None]:
        """The run as it stands, four times a second until it has ended. Raises NotFound."""
        live = self._live.get((user, prompt))
        if live is None or live.task is None:
            raise NotFound("no run goes on", hint="Start it again.")
        while live.run.state == "running":
            yield live.run
            await asyncio.wait({live.task}, timeout=TICK_SECONDS)
        yield live.run

    async def stop(self, user: str, prompt: str) -> None:
        """End the run: what is done is kept, what was being said is booked and not kept."""
        live = self._live.get((user, prompt))
        if live and live.task and not live.task.done():
            live.task.cancel()
            await asyncio.wait({live.task})

    async def close(self) -> None:
        """End every run, so that everything is booked and kept."""
        await asyncio.gather(*(self.stop(user, prompt) for user, prompt in list(self._live)))

    # --- one run ------------------------------------------------------------------------------

    async def _contained(self, live: _Live) -> None:
        state: RunState = "done"
        error = ""
        try:
            if failure := await contained(self._run(live)):
                known = isinstance(failure, FootlightsError)
                state, error = "failed", str(failure) if known else "it failed inside the app"
        except asyncio.CancelledError:
            state = "stopped"  # that is how it is stopped
        ended = replace(live.run, state=state, error=error)
        try:
            await asyncio.shield(asyncio.to_thread(self._rows.save, live.user, ended))
        finally:
            live.run = ended

    async def _run(self, live: _Live) -> None:
        waiting = [(case, arm) for case in live.plan.cases for arm in live.plan.arms][::-1]
        target = Target(live.plan.template, live.plan.model)
        began, failures = time.monotonic(), 0

        async def work() -> None:
            nonlocal failures
            while waiting:
                shot = await self._shooter.shoot(live.user, target, *waiting.pop())
                await self._note(live, shot, began)
                failures = failures + 1 if shot.error else 0
                if failures >= _FAILURES:
                    raise FootlightsError(
                        shot.error, hint="Choose another model, or try again later."
                    )

        own = live.plan.model.provider in ("local", "quotes", "scripted")
        workers = [asyncio.create_task(work()) for _ in range(1 if own else _AT_ONCE)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.wait(workers)

    async def _note(self, live: _Live, shot: Shot, began: float) -> None:
        seconds = round(time.monotonic() - began, 1)
        live.run = replace(live.run, shots=(*live.run.shots, shot), seconds=seconds)
        if len(live.run.shots) % _SAVED_EVERY == 0:
            await asyncio.to_thread(self._rows.save, live.user, live.run)
