"""The list of traces: filtered, sorted, searched, and read a page at a time from where the last one ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import ColumnElement, Engine, Select, func, select, tuple_

from core.store.engine import reading
from core.store.search import contains
from core.store.tables import trace_heads
from core.store.turn_costs import turn_costs
from core.types import TurnStatus

TraceOrder = Literal["created_at", "seconds", "steps", "tokens", "spent"]
Cursor = tuple[Any, str]


@dataclass(frozen=True, slots=True)
class TraceQuery:
    """Which traces, and in which order; every word of `words` must be in the question, model or end."""

    words: str = ""
    status: TurnStatus | None = None
    model: str = ""
    doubted: bool = False
    """Only answers with a claim that its passage does not bear out."""
    order: TraceOrder = "created_at"
    descending: bool = True


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One trace in the list. `cost` is None when a price is unknown; `steps` is how often the model
    answered in turn; `bytes` is what its spans and its tape take, 0 when a keeping rule has deleted them."""

    turn_id: str
    created_at: datetime
    question: str
    model: str
    status: TurnStatus
    ending: str
    seconds: float
    steps: int
    tokens: int
    cost: Decimal | None
    bytes: int
    verdicts: dict[str, int]


@dataclass(frozen=True, slots=True)
class TracePage:
    """Some traces in their order, and the place behind them: None when they are the last."""

    rows: tuple[TraceRow, ...]
    after: Cursor | None


_COLUMNS = [
    trace_heads.c[name]
    for name in TraceRow.__dataclass_fields__
    if name in trace_heads.c
]  # fmt: skip


class TraceList:
    """The traces of a user as a list."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(
        self, user: str, query: TraceQuery, after: Cursor | None = None, limit: int = 50
    ) -> TracePage:
        """The next `limit` traces behind `after`; equal values are ordered by the turn's id."""
        by, turn_id = trace_heads.c[query.order], trace_heads.c.turn_id
        found = select(*_COLUMNS, by.label("by")).where(*_chosen(user, query))
        if after is not None:
            place = tuple_(by, turn_id)
            found = found.where(place < after if query.descending else place > after)
        ends = (by.desc(), turn_id.desc()) if query.descending else (by, turn_id)
        return self._read(user, found.order_by(*ends).limit(limit + 1), limit)

    def _read(self, user: str, found: Select[Any], limit: int) -> TracePage:
        with reading(self._engine) as connection:
            rows = connection.execute(found).all()
            shown, more = rows[:limit], len(rows) > limit
            costs = turn_costs(connection, user, [row.turn_id for row in shown])
        listed = tuple(_row(row._asdict(), costs[row.turn_id][0]) for row in shown)
        return TracePage(listed, (shown[-1].by, shown[-1].turn_id) if more else None)

    def count(self, user: str, query: TraceQuery) -> int:
        """How many traces the query finds."""
        counted = select(func.count()).select_from(trace_heads).where(*_chosen(user, query))
        with reading(self._engine) as connection:
            return connection.scalar(counted) or 0

    def models(self, user: str) -> Sequence[str]:
        """The models that were asked, by name; found by leaps through the index, however many turns."""
        found: list[str] = []
        with reading(self._engine) as connection:
            while True:
                above = trace_heads.c.model > (found[-1] if found else "")
                least = select(func.min(trace_heads.c.model)).where(
                    trace_heads.c.user_id == user, above
                )
                model = connection.scalar(least)
                if model is None:
                    return found
                found.append(model)


def _chosen(user: str, query: TraceQuery) -> list[ColumnElement[bool]]:
    chosen: list[ColumnElement[bool]] = [trace_heads.c.user_id == user]
    if query.status:
        chosen.append(trace_heads.c.status == query.status)
    if query.model:
        chosen.append(trace_heads.c.model == query.model)
    if query.doubted:
        chosen.append(trace_heads.c.doubted > 0)
    return chosen + [contains(trace_heads.c.searched, word) for word in query.words.split()[:20]]


def _row(values: dict[str, Any], cost: Decimal | None) -> TraceRow:
    del values["by"]
    return TraceRow(**values, cost=cost)
