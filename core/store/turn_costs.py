"""What turns have cost, from the rows of the ledger that were booked for them."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import Connection, case, func, select

from core.store.tables import ledger
from core.types import Calls


def turn_costs(
    connection: Connection, user: str, turn_ids: Sequence[str]
) -> dict[str, tuple[Decimal | None, Calls]]:
    """The cost and the calls of each turn: the sums of its rows; the cost is None when one has no known
    price, 0 without any."""
    doubtful = (ledger.c.state == "settled") & (func.coalesce(ledger.c.source, "") != "reported")
    query = (
        select(
            ledger.c.turn_id,
            func.sum(ledger.c.cost),
            func.count() == func.count(ledger.c.cost),
            func.count(),
            func.coalesce(func.sum(case((doubtful, 1), else_=0)), 0),
            func.coalesce(func.sum(ledger.c.input_tokens), 0),
            func.coalesce(func.sum(ledger.c.output_tokens), 0),
        )
        .where(ledger.c.user_id == user, ledger.c.turn_id.in_(turn_ids))
        .group_by(ledger.c.turn_id)
    )
    none: tuple[Decimal | None, Calls] = (Decimal(0), Calls())
    costs = dict.fromkeys(turn_ids, none)
    for turn_id, cost, all_known, *counts in connection.execute(query):
        costs[turn_id] = (cost if all_known else None, Calls(*map(int, counts)))
    return costs
