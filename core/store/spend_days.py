"""The sums of the ledger by UTC day, moved by the difference whenever a row of it changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import Connection, Engine, select

from core.store.engine import insert, reading
from core.store.tables import spend_days, spend_turns

Dimension = Literal["model", "use", "conversation", "prompt", "link", "tool"]
"""What money is told apart by."""
TOKENS = (
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)
_COUNTS = ("calls", "unpriced", "estimated", *TOKENS)
_OF_A_TURN = ("calls", "unpriced", "cost")
_COLUMNS = {
    "conversation": "conversation_id",
    "link": "link_id",
    "model": "model",
    "prompt": "prompt",
    "tool": "tools",
    "use": "purpose",
}
_FIRST = date(1970, 1, 1)


def day_of(moment: datetime) -> int:
    """The number of the UTC day of the moment, from 1970 on."""
    return (moment.astimezone(UTC).date() - _FIRST).days


def number_of(day: date) -> int:
    """The number of the day, from 1970 on."""
    return (day - _FIRST).days


def date_of(day: int) -> date:
    """The day of this number."""
    return _FIRST + timedelta(days=day)


def midnight(day: date) -> datetime:
    """The moment in which the UTC day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DaySpend:
    """What one model took on one UTC day. `cost` sums the known prices and is None when none is
    known; `unpriced_calls` of the `calls` have no known price."""

    day: date
    model: str
    cost: Decimal | None
    unpriced_calls: int
    calls: int
    input_tokens: int
    output_tokens: int


def models_by_day(engine: Engine, user: str, since: datetime) -> list[DaySpend]:
    """What was settled since the day of then, by UTC day and model, newest day first."""
    query = select(spend_days).where(
        spend_days.c.user_id == user,
        spend_days.c.dimension == "model",
        spend_days.c.day >= day_of(since),
        spend_days.c.calls > 0,
    )
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(spend_days.c.day.desc(), spend_days.c.name)).all()
    return [
        DaySpend(
            date_of(row.day),
            row.name,
            None if row.unpriced == row.calls else row.cost,
            row.unpriced,
            row.calls,
            row.input_tokens,
            row.output_tokens,
        )
        for row in rows
    ]


def move(connection: Connection, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Change every sum that the row of the ledger is part of by what became of it."""
    was, now = _share(before), _share(after)
    moved = {name: now[name] - was[name] for name in now}
    if not any(moved.values()):
        return
    day = day_of(after["created_at"])
    statement = insert(connection, spend_days).values(
        [
            {
                "user_id": after["user_id"],
                "dimension": dimension,
                "day": day,
                "name": after[column],
                **moved,
            }
            # Everybody locks them in this order.
            for dimension, column in _COLUMNS.items()
        ]
    )
    key = ["user_id", "dimension", "day", "name"]
    added = {name: spend_days.c[name] + statement.excluded[name] for name in moved}
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=added))
    if after["turn_id"]:
        _move_turn(connection, after, day, {name: moved[name] for name in _OF_A_TURN})


def _move_turn(
    connection: Connection, row: Mapping[str, Any], day: int, moved: Mapping[str, Any]
) -> None:
    statement = insert(connection, spend_turns).values(
        user_id=row["user_id"], turn_id=row["turn_id"], day=day, **moved
    )
    # The day stays: that of the first call.
    added = {name: spend_turns.c[name] + statement.excluded[name] for name in moved}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["user_id", "turn_id"], set_=added)
    )


def _share(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a row adds to its sums: nothing, unless it is settled."""
    if row["state"] != "settled":
        return {**dict.fromkeys(_COUNTS, 0), "cost": Decimal(0)}
    return {
        "calls": 1,
        "unpriced": int(row["cost"] is None),
        "estimated": int(row["source"] != "reported"),
        **{name: row[name] for name in TOKENS},
        "cost": row["cost"] or Decimal(0),
    }
