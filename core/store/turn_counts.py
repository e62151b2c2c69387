"""What was counted of a turn's window beside what its vendor reported for it."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from math import ceil

from sqlalchemy import Connection, Engine, select

from core.store.engine import reading
from core.store.tables import tape, turns
from core.types import Budget, TurnRequest, Usage


class TurnCounts:
    """What the windows of a user's turns were counted as, beside what was reported."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def counted(self, user: str, model: str, limit: int = 30) -> list[tuple[float, int, int, int]]:
        """The newest answers of the model in words, of runs with tools their first step: tokens of the texts
        as we count them before any calibration, messages, tools, and what the vendor reported."""
        query = (
            select(turns.c.id, turns.c.budget, turns.c.usage, turns.c.request)
            .where(turns.c.user_id == user, turns.c.model == model, turns.c.status == "done")
            .order_by(turns.c.created_at.desc(), turns.c.id.desc())
            .limit(limit)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
            runs = [row.id for row in rows if _of_steps(row.usage, row.request)]
            first = _first_usages(connection, user, runs)
        found = []
        for row in rows:
            alone = of_one_call(row.usage, row.request)
            reported = row.usage.input_tokens if alone else first.get(row.id, 0)
            if row.budget and reported:
                found.append((*parts(row.budget), reported))
        return found

    def reported(self, user: str, limit: int = 300) -> list[tuple[datetime, str, int, int]]:
        """The newest answers of one call each whose vendor reported a count, oldest first: when, the model, what
        we had counted (calibrated, as it was drawn then), and what was reported."""
        query = (
            select(
                turns.c.created_at, turns.c.model, turns.c.budget, turns.c.usage, turns.c.request
            )
            .where(turns.c.user_id == user, turns.c.status == "done")
            .order_by(turns.c.created_at.desc(), turns.c.id.desc())
            .limit(limit)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return [
            (row.created_at, row.model, row.budget.input_tokens, row.usage.input_tokens)
            for row in reversed(rows)
            if row.budget and of_one_call(row.usage, row.request) and row.usage.input_tokens
        ]

    def responses(self, user: str, turn_id: str) -> list[Usage]:
        """What each response of the turn came to, in their order: of a run in steps, or of an answer that
        was asked again, several."""
        query = (
            select(tape.c.data)
            .where(tape.c.user_id == user, tape.c.turn_id == turn_id, tape.c.kind == "model")
            .order_by(tape.c.seq)
        )
        with reading(self._engine) as connection:
            noted = [data.get("usage") for data in connection.scalars(query)]
        return [Usage(**each) for each in noted if each]


def of_one_call(usage: Usage | None, request: TurnRequest) -> bool:
    """Whether the usage is a vendor's word on the one window that was counted: an answer in steps, or
    one that was asked again, has several."""
    several = request.table or request.tools
    return usage is not None and usage.source == "reported" and not several


def _of_steps(usage: Usage | None, request: TurnRequest) -> bool:
    """Whether the first step of the run was a call of the window that was counted."""
    live = request.tools and not request.table and request.replay is None
    return usage is not None and usage.source == "reported" and bool(live)


def _first_usages(connection: Connection, user: str, ids: Sequence[str]) -> dict[str, int]:
    """What was reported for the first call of each of these runs."""
    query = (
        select(tape.c.turn_id, tape.c.data)
        .where(tape.c.user_id == user, tape.c.turn_id.in_(ids))
        .where(tape.c.kind == "model", tape.c.step == 1)
        .order_by(tape.c.seq.desc())  # so that the first of a step that was asked twice stays
    )
    usages = ((turn_id, data.get("usage")) for turn_id, data in connection.execute(query))
    return {
        turn_id: usage["input_tokens"]
        for turn_id, usage in usages
        if usage and usage["source"] == "reported"
    }


def parts(budget: Budget) -> tuple[float, int, int]:
    """Tokens of the texts as they were before any calibration, messages and tools."""
    kept = Counter(part.region for part in budget.slices for item in part.items if item.kept)
    tools = kept["tools"]
    messages = sum(kept[name] for name in ("system", "summary", "history", "prompt"))
    around = messages * ceil(budget.per_message) + tools * ceil(budget.per_tool)
    return max(0.0, (budget.input_tokens - around) / budget.ratio), messages, tools
