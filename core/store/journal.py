"""What a turn leaves while it speaks and when it ends: numbered events, and its tape."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, func, select, tuple_

from core.store.engine import insert
from core.store.tables import tape, turn_events, turns
from core.store.turn_rows import RUNNING

EventRow = tuple[str, str, int, str]
"""`(user, turn_id, seq, json)`"""
TapeStep = tuple[int, str, Any]
"""One model response or tool result: its step in the turn, its kind, and itself in plain JSON values."""
_IN_ONE_QUERY = 500


def write_events(
    connection: Connection, rows: Sequence[EventRow], owner: str | None
) -> frozenset[tuple[str, str]]:
    """Write the events of turns that run and, if it is given, are the owner's; the other turns."""
    # In one order everywhere, so that two writers never wait for each other in a ring.
    wanted = sorted({(user, turn_id) for user, turn_id, _, _ in rows})
    held: set[tuple[str, str]] = set()
    for start in range(0, len(wanted), _IN_ONE_QUERY):
        held.update(_running(connection, wanted[start : start + _IN_ONE_QUERY], owner))
    kept = [
        {"user_id": user, "turn_id": turn_id, "seq": seq, "data": data}
        for user, turn_id, seq, data in rows
        if (user, turn_id) in held
    ]
    if kept:
        connection.execute(insert(connection, turn_events).on_conflict_do_nothing(), kept)
    return frozenset(wanted) - held


def _running(
    connection: Connection, wanted: Sequence[tuple[str, str]], owner: str | None
) -> Iterable[tuple[str, str]]:
    query = (
        select(turns.c.user_id, turns.c.id)
        .where(tuple_(turns.c.user_id, turns.c.id).in_(wanted), RUNNING)
        .order_by(turns.c.user_id, turns.c.created_at, turns.c.id)
    )
    if owner is not None:
        query = query.where(turns.c.owner == owner)
    # The lock keeps the ending out until these events are in.
    locked = query.with_for_update(read=True)
    return [(user, turn_id) for user, turn_id in connection.execute(locked)]


def write_last(connection: Connection, user: str, turn_id: str, seq: int, data: str) -> None:
    """Write the ending behind every other event, under this number or a higher one."""
    highest = connection.scalar(
        select(func.max(turn_events.c.seq)).where(
            turn_events.c.user_id == user, turn_events.c.turn_id == turn_id
        )
    )
    connection.execute(
        insert(connection, turn_events).values(
            user_id=user, turn_id=turn_id, seq=max(seq, (highest or 0) + 1), data=data
        )
    )


def write_tape(
    connection: Connection, user: str, turn_id: str, steps: Sequence[TapeStep], at: int = 0
) -> None:
    """Write what came back from models and tools, in its order, from the place `at` on."""
    rows = [
        {"user_id": user, "turn_id": turn_id, "seq": seq, "step": step, "kind": kind, "data": data}
        for seq, (step, kind, data) in enumerate(steps, at)
    ]
    if rows:
        connection.execute(insert(connection, tape).on_conflict_do_nothing(), rows)
