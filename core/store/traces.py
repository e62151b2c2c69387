"""The spans that turns leave."""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, select

from core.store.engine import insert, reading, writing
from core.store.tables import spans as span_rows
from core.store.tables import turns
from core.store.tool_uses import write_calls
from core.store.trace_heads import end_head
from core.store.turn_rows import is_turn, missing
from core.types import Span


class Traces:
    """The trace of each turn of a user."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def write(self, user: str, turn_id: str, spans: Sequence[Span]) -> None:
        """Add spans to the turn; those that are there already stay. NotFound without the turn."""
        there = select(turns.c.id).where(is_turn(user, turn_id)).with_for_update(read=True)
        with writing(self._engine) as connection:
            if connection.scalar(there) is None:
                raise missing(turn_id)
            write_spans(connection, user, turn_id, spans)
            end_head(connection, user, turn_id)

    def read(self, user: str, turn_id: str) -> list[Span]:
        """The spans of the turn by their start; none when it has none yet."""
        query = (
            select(span_rows.c.data)
            .where(span_rows.c.user_id == user, span_rows.c.turn_id == turn_id)
            .order_by(span_rows.c.start_ns, span_rows.c.span_id)
        )
        with reading(self._engine) as connection:
            return list(connection.scalars(query))


def write_spans(connection: Connection, user: str, turn_id: str, spans: Sequence[Span]) -> None:
    """Write the spans in the transaction of the caller."""
    rows = [
        {
            "user_id": user,
            "turn_id": turn_id,
            "span_id": span.span_id,
            "start_ns": span.start_ns,
            "data": span,
        }
        for span in spans
    ]
    if rows:
        connection.execute(insert(connection, span_rows).on_conflict_do_nothing(), rows)
        write_calls(connection, user, turn_id, spans)
