"""Every attempt that could cost money, from its reservation to what it came to."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    and_,
    func,
    not_,
    select,
    type_coerce,
    update,
)

from core.errors import NotFound
from core.store.columns import now
from core.store.engine import insert, reading, writing
from core.store.tables import ledger
from core.types import LedgerRow, Usage

_DAY = 86_400_000_000
_TOKENS = (
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)


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


class Ledger:
    """The rows of a user's money; none is ever deleted."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def reserve(
        self,
        user: str,
        row_id: str,
        turn_id: str,
        conversation_id: str,
        model: str,
        purpose: str,
        reserved: Decimal | None,
    ) -> None:
        """Book the worst case (USD; None: price unknown) before anything is sent; repeating it changes nothing."""
        with writing(self._engine) as connection:
            row = insert(connection, ledger).values(
                user_id=user,
                id=row_id,
                turn_id=turn_id,
                conversation_id=conversation_id,
                model=model,
                purpose=purpose,
                state="reserved",
                created_at=now(),
                reserved=reserved,
                **dict.fromkeys(_TOKENS, 0),
            )
            connection.execute(row.on_conflict_do_nothing())

    def settle(self, user: str, row_id: str, usage: Usage | None, cost: Decimal | None) -> None:
        """Book what it came to (USD; None: price unknown). What the vendor reported is never replaced;
        an estimate or a release is, for what was billed must be booked. Raises NotFound."""
        tokens = asdict(usage) if usage else {}
        reported = and_(
            ledger.c.state == "settled", func.coalesce(ledger.c.source, "") == "reported"
        )
        changed = (
            update(ledger)
            .where(ledger.c.user_id == user, ledger.c.id == row_id, not_(reported))
            .values(state="settled", settled_at=now(), cost=cost, **tokens)
        )
        self._change(user, row_id, changed)

    def release(self, user: str, row_id: str) -> None:
        """Nothing was sent: the row costs nothing. A settled row stays as it is. Raises NotFound."""
        changed = (
            update(ledger)
            .where(ledger.c.user_id == user, ledger.c.id == row_id, ledger.c.state == "reserved")
            .values(state="released", settled_at=now(), cost=Decimal(0))
        )
        self._change(user, row_id, changed)

    def _change(self, user: str, row_id: str, statement: Any) -> None:
        there = select(ledger.c.id).where(ledger.c.user_id == user, ledger.c.id == row_id)
        with writing(self._engine) as connection:
            if not connection.execute(statement).rowcount and not connection.scalar(there):
                raise NotFound(f"there is no ledger row {row_id}")

    def settle_orphans(self, user: str, turn_id: str) -> int:
        """Settle what the turn of a dead process reserved at its worst case; how many rows that were."""
        statement = (
            update(ledger)
            .where(
                ledger.c.user_id == user, ledger.c.turn_id == turn_id, ledger.c.state == "reserved"
            )
            .values(state="settled", settled_at=now(), cost=ledger.c.reserved)
        )
        with writing(self._engine) as connection:
            return connection.execute(statement).rowcount

    def rows(
        self,
        user: str,
        limit: int = 100,
        since: datetime | None = None,
        until: datetime | None = None,
        turn_id: str | None = None,
    ) -> list[LedgerRow]:
        """The rows from `since` to before `until`, newest first; `turn_id` narrows them to one turn."""
        query = select(ledger).where(ledger.c.user_id == user)
        if since is not None:
            query = query.where(ledger.c.created_at >= since)
        if until is not None:
            query = query.where(ledger.c.created_at < until)
        if turn_id is not None:
            query = query.where(ledger.c.turn_id == turn_id)
        query = query.order_by(ledger.c.created_at.desc(), ledger.c.id.desc()).limit(limit)
        with reading(self._engine) as connection:
            return [_row(row._asdict()) for row in connection.execute(query)]

    def by_day(self, user: str, since: datetime) -> list[DaySpend]:
        """What was settled since then by UTC day and model, newest day first."""
        day = type_coerce(ledger.c.created_at, BigInteger) // _DAY
        query = (
            select(
                (func.min(ledger.c.created_at)).label("first"),
                ledger.c.model,
                func.sum(ledger.c.cost),
                func.count() - func.count(ledger.c.cost),
                func.count(),
                func.sum(ledger.c.input_tokens),
                func.sum(ledger.c.output_tokens),
            )
            .where(ledger.c.user_id == user, ledger.c.created_at >= since)
            .where(ledger.c.state == "settled")
            .group_by(day, ledger.c.model)
            .order_by(day.desc(), ledger.c.model)
        )
        with reading(self._engine) as connection:
            return [
                DaySpend(first.date(), model, cost, unpriced, calls, int(sent), int(received))
                for first, model, cost, unpriced, calls, sent, received in connection.execute(query)
            ]

    def turn_cost(self, user: str, turn_id: str) -> Decimal | None:
        """What the turn has cost so far; None when the price of any of its calls is unknown."""
        with reading(self._engine) as connection:
            return turn_costs(connection, user, [turn_id])[turn_id]


def turn_costs(
    connection: Connection, user: str, turn_ids: Sequence[str]
) -> dict[str, Decimal | None]:
    """The cost of each turn: the sum of its rows, None when one has no known price, 0 without any."""
    query = (
        select(
            ledger.c.turn_id,
            func.sum(ledger.c.cost),
            func.count() == func.count(ledger.c.cost),
        )
        .where(ledger.c.user_id == user, ledger.c.turn_id.in_(turn_ids))
        .group_by(ledger.c.turn_id)
    )
    costs: dict[str, Decimal | None] = dict.fromkeys(turn_ids, Decimal(0))
    for turn_id, cost, all_known in connection.execute(query):
        costs[turn_id] = cost if all_known else None
    return costs


def _row(row: dict[str, Any]) -> LedgerRow:
    tokens = {name: row.pop(name) for name in _TOKENS}
    source = row.pop("source")
    del row["user_id"]
    return LedgerRow(**row, usage=Usage(**tokens, source=source) if source else None)
