"""Up to four versions and models side by side, with the same inputs and at the same time."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.bridge import contained
from core.cases import Check, Outcome, OutcomeState, Verdict
from core.checks import bounded
from core.errors import FootlightsError, NotFound, Refused
from core.models import Models
from core.playground.calls import Calls, Estimate
from core.playground.lane import Lane, Seen
from core.prompts.template import PromptTemplate
from core.store.ids import new_id

MOST_COLUMNS = 4
_KEPT = 50
TICK_SECONDS = 0.1
"""How often a reader is shown what is new: nobody reads faster, and text that arrives in between
travels together."""


@dataclass(frozen=True, slots=True)
class Column:
    """A version of a prompt, or a draft of one, and the model `provider:id` that is asked with it."""

    template: PromptTemplate
    model: str


class Race:
    """Columns that run, in memory: whoever reloads the page finds them again."""

    def __init__(self, user: str, race_id: str, columns: Sequence[Column]) -> None:
        self.user = user
        self.id = race_id
        self.columns = tuple(columns)
        self.lanes = tuple(Lane(new_id()) for _ in columns)
        self.tasks: list[asyncio.Task[None]] = []

    @property
    def ended(self) -> bool:
        """Whether every column has."""
        return all(lane.outcome for lane in self.lanes)

    async def end(self) -> None:
        """Stop what still runs."""
        for task in self.tasks:
            task.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks)
        for lane in self.lanes:
            if not lane.outcome:  # it was stopped before it had begun
                lane.end("stopped", 0.0, None, Decimal(0))


class Playground:
    """Runs columns side by side; one that fails leaves the others alone."""

    def __init__(self, calls: Calls, models: Models) -> None:
        self._calls = calls
        self._models = models
        self._races: dict[str, Race] = {}

    async def estimate(
        self, user: str, column: Column, inputs: Mapping[str, Any], schema: str = ""
    ) -> Estimate:
        """What the column will cost. Raises Misuse for what cannot be sent."""
        model = self._models.resolve(column.model)
        wanted = schema_of(column.template, schema)
        return self._calls.estimate(
            user, await self._calls.prepare(column.template, model, inputs, wanted)
        )

    async def start(
        self, user: str, columns: Sequence[Column], inputs: Mapping[str, Any], schema: str = ""
    ) -> str:
        """Begin with all columns at once, on this loop; the id to follow and to stop them by."""
        if not 1 <= len(columns) <= MOST_COLUMNS:
            raise Refused(f"one to {MOST_COLUMNS} columns run side by side, not {len(columns)}")
        race = Race(user, new_id(), columns)
        self._races[race.id] = race
        for old in [each for each in self._races.values() if each.ended][:-_KEPT]:
            del self._races[old.id]
        for column, lane in zip(race.columns, race.lanes, strict=True):
            work = self._column(user, lane, column, inputs, schema)
            race.tasks.append(asyncio.get_running_loop().create_task(work))
        return race.id

    def find(self, user: str, race_id: str) -> Race:
        """The race of this id. NotFound when the app was restarted since, or it is somebody else's."""
        race = self._races.get(race_id)
        if race is None or race.user != user:
            raise NotFound("these answers are gone", hint="Run the columns again.")
        return race

    async def follow(self, user: str, race_id: str) -> AsyncGenerator[tuple[Seen, ...], None]:
        """All columns as they stand, ten times a second until all have ended."""
        race = self.find(user, race_id)
        while True:
            ended = race.ended
            yield tuple(lane.seen for lane in race.lanes)
            if ended:
                return
            await asyncio.wait(race.tasks, timeout=TICK_SECONDS)

    async def stop(self, user: str, race_id: str) -> None:
        """End the columns that still run; what they said is kept and booked."""
        await self.find(user, race_id).end()

    async def close(self) -> None:
        """End all that run, so that everything is booked."""
        await asyncio.gather(*(race.end() for race in self._races.values()))

    async def run(
        self,
        user: str,
        lane: Lane,
        column: Column,
        inputs: Mapping[str, Any],
        schema: str = "",
    ) -> Outcome:
        """One column from its rendering to its outcome; a failure and a stop are outcomes too."""
        wanted = schema_of(column.template, schema)
        state: OutcomeState = "failed"
        error: FootlightsError | None = FootlightsError("it failed inside the app")
        try:
            model = self._models.resolve(column.model)
            call = await self._calls.prepare(column.template, model, inputs, wanted)
            await self._calls.play(user, lane, call)
            state, error = "done", None
        except FootlightsError as failure:
            error = failure
        except asyncio.CancelledError:
            state, error = "stopped", None  # that is how it is stopped
        finally:
            # Shielded, so that a second stop does not take the figures away.
            ending = self._end(user, lane, state, error, wanted)
            outcome = await asyncio.shield(asyncio.get_running_loop().create_task(ending))
        return outcome

    async def _column(
        self,
        user: str,
        lane: Lane,
        column: Column,
        inputs: Mapping[str, Any],
        schema: str,
    ) -> None:
        async def run() -> None:
            await self.run(user, lane, column, inputs, schema)

        await contained(run())

    async def _end(
        self,
        user: str,
        lane: Lane,
        state: OutcomeState,
        error: FootlightsError | None,
        schema: str,
    ) -> Outcome:
        seconds = lane.seconds
        usage, cost = await self._calls.spent(user, lane.id)
        fits = await self._fits(schema, lane, state)
        return lane.end(state, seconds, usage, cost, error=error, schema=fits)

    async def _fits(self, schema: str, lane: Lane, state: str) -> Verdict | None:
        if not schema or state != "done":
            return None
        [verdict] = await asyncio.to_thread(
            bounded.judge, [Check("json_schema", schema)], lane.text
        )
        return verdict


def schema_of(template: PromptTemplate, given: str = "") -> str:
    """The JSON schema that is wanted: the one given, else the prompt's own, "" for none."""
    if given.strip() or not template.output:
        return given.strip()
    return json.dumps(dict(template.output))
