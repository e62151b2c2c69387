"""What turns have cost, from the rows of the ledger that were booked for them."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import Connection, func, select

from core.store.tables import ledger


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
