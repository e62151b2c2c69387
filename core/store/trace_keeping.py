"""How long traces are kept: what a rule would delete is told first, and it deletes no more than that."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, Select, delete, false, func, or_, select, update

from core.store.columns import now
from core.store.engine import reading, writing
from core.store.preferences import KeepTraces
from core.store.tables import spans, tape, trace_heads

_BATCH = 500
_ENDED = ("done", "stopped", "failed")


@dataclass(frozen=True, slots=True)
class Doomed:
    """Traces that a rule deletes: how many of all that there are, their bytes, and the oldest's moment."""

    traces: int
    bytes: int
    oldest: datetime | None
    of_traces: int
    of_bytes: int


class TraceKeeping:
    """Deletes the spans and the tape of old turns. The turn, its answer and the ledger stay, and so
    does the row of the list."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def preview(self, user: str, rule: KeepTraces) -> Doomed:
        """What the rule would delete now."""
        found = _found(user, rule).subquery()
        some = select(func.count(), func.sum(found.c.bytes), func.min(found.c.created_at))
        every = select(func.count(), func.sum(trace_heads.c.bytes)).where(*_there(user))
        with reading(self._engine) as connection:
            traces, size, oldest = connection.execute(some).one()
            of_traces, of_size = connection.execute(every).one()
        return Doomed(traces, int(size or 0), oldest, of_traces, int(of_size or 0))

    def clear(self, user: str, rule: KeepTraces) -> int:
        """Delete what the rule says; how many traces that were. Cut off, it has deleted some of them
        whole."""
        cleared = 0
        while True:
            with writing(self._engine) as connection:
                ids = list(connection.scalars(_ids(user, rule)))
                for table in (spans, tape):
                    mine = (table.c.user_id == user) & table.c.turn_id.in_(ids)
                    connection.execute(delete(table).where(mine))
                mine = (trace_heads.c.user_id == user) & trace_heads.c.turn_id.in_(ids)
                connection.execute(update(trace_heads).where(mine).values(bytes=0))
            cleared += len(ids)
            if len(ids) < _BATCH:
                return cleared

    def cleared(self, user: str, turn_id: str) -> bool:
        """Whether the turn had a trace that a rule has deleted."""
        query = select(trace_heads.c.turn_id).where(
            trace_heads.c.user_id == user,
            trace_heads.c.turn_id == turn_id,
            trace_heads.c.bytes == 0,
            # A turn that came to its end has left spans; one that broke off may have none.
            trace_heads.c.status.in_(_ENDED) | (trace_heads.c.steps > 0),
        )
        with reading(self._engine) as connection:
            return connection.scalar(query) is not None


def _there(user: str) -> tuple[ColumnElement[bool], ...]:
    return trace_heads.c.user_id == user, trace_heads.c.bytes > 0


def _found(user: str, rule: KeepTraces) -> Select[tuple[str, datetime, int]]:
    """The traces that are too old, and those behind the newest that fit into the size."""
    order = (trace_heads.c.created_at.desc(), trace_heads.c.turn_id.desc())
    so_far = func.sum(trace_heads.c.bytes).over(order_by=order, rows=(None, 0)).label("so_far")
    kept = select(trace_heads.c.turn_id, trace_heads.c.created_at, trace_heads.c.bytes, so_far)
    each = kept.where(*_there(user)).subquery()
    bounds: list[ColumnElement[bool]] = [false()]
    if rule.days is not None:
        bounds.append(each.c.created_at < now() - timedelta(days=rule.days))
    if rule.megabytes is not None:
        bounds.append(each.c.so_far > rule.megabytes * 1_000_000)
    return select(each.c.turn_id, each.c.created_at, each.c.bytes).where(or_(*bounds))


def _ids(user: str, rule: KeepTraces) -> Select[tuple[str]]:
    found = _found(user, rule).subquery()
    return select(found.c.turn_id).order_by(found.c.created_at, found.c.turn_id).limit(_BATCH)
