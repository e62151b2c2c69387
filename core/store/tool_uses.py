"""How often each tool was called, how often it failed, and how long it takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from sqlalchemy import Connection, Engine, case, func, select

from core.store.engine import insert, reading
from core.store.tables import tool_calls
from core.types import Span

_MOST = 500


@dataclass(frozen=True, slots=True)
class ToolUse:
    """The calls of one tool: how many, how many failed, and the median of its last 500 in seconds."""

    calls: int
    failures: int
    p50_seconds: float


def tool_uses(engine: Engine, user: str) -> dict[str, ToolUse]:
    """The use of each tool by its name; one that was never called is not in it."""
    failed = func.sum(case((tool_calls.c.failed, 1), else_=0))
    query = (
        select(tool_calls.c.tool, func.count(), failed)
        .where(tool_calls.c.user_id == user)
        .group_by(tool_calls.c.tool)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
        return {
            tool: ToolUse(int(calls), int(failures or 0), _middle(connection, user, tool))
            for tool, calls, failures in rows
        }


def _middle(connection: Connection, user: str, tool: str) -> float:
    last = (
        select(tool_calls.c.seconds)
        .where(tool_calls.c.user_id == user, tool_calls.c.tool == tool)
        .order_by(tool_calls.c.start_ns.desc())
        .limit(_MOST)
    )
    return float(median(connection.scalars(last)))


def write_calls(connection: Connection, user: str, turn_id: str, spans: Sequence[Span]) -> None:
    """Count the tools among these spans, in the transaction of the caller."""
    rows = [
        {
            "user_id": user,
            "turn_id": turn_id,
            "span_id": span.span_id,
            "tool": span.name,
            "start_ns": span.start_ns,
            "seconds": (span.end_ns - span.start_ns) / 1e9,
            "failed": span.status == "error",
        }
        for span in spans
        if span.kind == "tool" and not span.attributes.get("from_tape")
    ]
    if rows:
        connection.execute(insert(connection, tool_calls).on_conflict_do_nothing(), rows)
