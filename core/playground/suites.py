"""All cases of a prompt, run against a version and a model: priced before, followed, stopped, kept."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from decimal import Decimal

from core.bridge import contained
from core.cases import Case, CaseResult
from core.errors import FootlightsError, NotFound, Refused
from core.models import Models
from core.playground.calls import USUAL_ANSWER, Calls, Estimate, together
from core.playground.judging import Judge
from core.playground.lane import Lane
from core.playground.races import TICK_SECONDS, Column, Playground, schema_of
from core.playground.results import Book, Pair
from core.playground.verdicts import asked_in, decided
from core.prompts.template import PromptTemplate
from core.store.columns import now
from core.store.ids import new_id
from core.types import ModelInfo

AT_ONCE = 4
"""Cases that run at the same time; a vendor's own limits are kept by the model client."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do: the cases of the version, those of the labelled version that have no result
    yet (`taken` have one, and cost nothing again), and what it will cost; `problems` are those that
    cannot be sent, by their name."""

    pair: Pair
    runs: tuple[tuple[Case, PromptTemplate], ...]
    taken: int
    estimate: Estimate
    problems: tuple[tuple[str, FootlightsError], ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come, what it has cost so far, and why it ended early, if it did."""

    done: int
    total: int
    cost: Decimal | None
    ended: bool = False
    stopped: bool = False
    error: FootlightsError | None = None


class Suite:
    """A run that goes on while nobody looks; in memory, its results in the database."""

    def __init__(self, user: str, plan: Plan) -> None:
        self.user = user
        self.id = new_id()
        self.plan = plan
        self.progress = Progress(0, len(plan.runs), Decimal(0))
        self.task: asyncio.Task[None] | None = None

    def count(self, result: CaseResult) -> None:
        """One more is done."""
        so_far, cost = self.progress.cost, result.cost
        both = None if so_far is None or cost is None else so_far + cost
        self.progress = replace(self.progress, done=self.progress.done + 1, cost=both)


class Suites:
    """Runs the cases of prompts, and keeps what they come to."""

    def __init__(
        self, *, playground: Playground, calls: Calls, judge: Judge, models: Models, book: Book
    ) -> None:
        self._playground = playground
        self._calls = calls
        self._judge = judge
        self._models = models
        self._book = book
        self._suites: dict[tuple[str, str], Suite] = {}

    # --- before -------------------------------------------------------------------------------

    async def plan(self, user: str, pair: Pair) -> Plan:
        """What a run of all cases will do and cost. Refused when there is none."""
        cases = self._book.cases(user, pair.template.name)
        if not cases:
            raise Refused("there is no case to run", hint="Keep the inputs above as a case first.")
        known = await asyncio.to_thread(self._book.compare, user, pair)
        runs = [(case, pair.template) for case in cases]
        taken = [each for each in known if each.baseline]
        if pair.labelled:
            runs += [(each.case, pair.labelled) for each in known if not each.baseline]
        usual = await asyncio.to_thread(self._book.usual, user, pair, USUAL_ANSWER)
        costs, problems = [], []
        for case, template in runs:
            try:
                costs.append(await self._cost(user, pair, case, template, usual))
            except FootlightsError as error:
                told = f"{case.name} with {self._book.version(template)}"
                problems.append((told, error))
        return Plan(pair, tuple(runs), len(taken), together(costs), tuple(problems))

    async def _cost(
        self, user: str, pair: Pair, case: Case, template: PromptTemplate, usual: int
    ) -> Estimate:
        model, judge = self._models.resolve(pair.model), self._judge_of(pair)
        schema = schema_of(template)
        call = await self._calls.prepare(template, model, case.inputs, schema)
        parts = [self._calls.estimate(user, call, usual)]
        for check in case.checks:
            if check.kind == "judged":
                asked, room = asked_in(case), call.request.max_tokens
                parts.append(
                    await self._judge.estimate(user, judge, check, asked, room, min(usual, room))
                )
        return together(parts)

    def _judge_of(self, pair: Pair) -> ModelInfo | None:
        return self._models.resolve(pair.judge) if pair.judge else None

    # --- while it runs ------------------------------------------------------------------------

    async def start(self, user: str, plan: Plan) -> None:
        """Begin, on this loop. Refused while another run of the same prompt goes on."""
        key = (user, plan.pair.template.name)
        running = self._suites.get(key)
        if running and not running.progress.ended:
            raise Refused("the cases of this prompt are being run", hint="Wait, or stop that run.")
        suite = self._suites[key] = Suite(user, plan)
        suite.task = asyncio.get_running_loop().create_task(self._contained(suite))

    def find(self, user: str, prompt: str) -> Suite | None:
        """The last run of the prompt's cases since the app was started."""
        return self._suites.get((user, prompt))

    async def follow(self, user: str, prompt: str) -> AsyncGenerator[Progress, None]:
        """How far the run has come, ten times a second until it has ended."""
        suite = self.find(user, prompt)
        if suite is None or suite.task is None:
            raise NotFound("no run goes on", hint="Run the cases again.")
        while not suite.progress.ended:
            yield suite.progress
            await asyncio.wait({suite.task}, timeout=TICK_SECONDS)
        yield suite.progress

    async def stop(self, user: str, prompt: str) -> None:
        """End the run: what is done is kept, what was being said is booked and not kept."""
        suite = self.find(user, prompt)
        if suite and suite.task:
            await _stopped(suite)

    async def close(self) -> None:
        """End every run, so that everything is booked."""
        await asyncio.gather(*(_stopped(suite) for suite in self._suites.values()))

    async def _contained(self, suite: Suite) -> None:
        stopped = False
        error: FootlightsError | None = None
        try:
            if failure := await contained(self._run(suite)):
                unexpected = FootlightsError("the run failed inside the app")
                error = failure if isinstance(failure, FootlightsError) else unexpected
        except asyncio.CancelledError:
            stopped = True  # that is how it is stopped
        told = error or suite.progress.error
        suite.progress = replace(suite.progress, ended=True, stopped=stopped, error=told)

    async def _run(self, suite: Suite) -> None:
        waiting = list(suite.plan.runs)[::-1]

        async def work() -> None:
            while waiting and suite.progress.error is None:
                await self._one(suite, *waiting.pop())

        workers = [asyncio.create_task(work()) for _ in range(min(AT_ONCE, len(waiting)))]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.wait(workers)

    async def _one(self, suite: Suite, case: Case, template: PromptTemplate) -> None:
        user, pair, lane = suite.user, suite.plan.pair, Lane(new_id())
        outcome = await self._playground.run(
            user, lane, Column(template, pair.model), case.inputs, ""
        )
        if outcome.state == "stopped":
            raise asyncio.CancelledError
        if outcome.error and outcome.error["code"] == "budget_exceeded":
            told = FootlightsError(outcome.error["message"], hint=outcome.error["hint"])
            suite.progress = replace(suite.progress, error=told)
            return  # that says nothing of the prompt
        judged_as = new_id()
        judge = self._judge_of(pair)
        verdicts = await decided(self._judge, user, judged_as, judge, case, template, outcome)
        _, judge_cost = await self._calls.spent(user, judged_as)
        result = CaseResult(
            id=lane.id,
            case_id=case.id,
            digest=case.digest,
            prompt=template.name,
            version=self._book.version(template),
            template=self._book.digest(template),
            model=pair.model,
            judge=pair.judge if case.is_judged else "",
            outcome=outcome,
            verdicts=verdicts,
            judge_cost=judge_cost,
            created_at=now(),
        )
        await asyncio.to_thread(self._book.note, user, result)
        suite.count(result)


async def _stopped(suite: Suite) -> None:
    if suite.task and not suite.task.done():
        suite.task.cancel()
        await asyncio.wait({suite.task})
    if not suite.progress.ended:  # it was stopped before it had begun
        suite.progress = replace(suite.progress, ended=True, stopped=True)
