"""How one row of the ledger changes its state, and its accounts with it."""

from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, Select, select, update

from core.errors import NotFound
from core.store import accounts, spend_days
from core.store.columns import now, to_the_picodollar
from core.store.tables import ledger
from core.types import LedgerState


def open_row(connection: Connection, user: str, row_id: str) -> Row[Any]:
    """The row, locked until the transaction ends. Raises NotFound."""
    query = select(ledger).where(ledger.c.user_id == user, ledger.c.id == row_id)
    row = connection.execute(query.with_for_update()).first()
    if row is None:
        raise NotFound(f"there is no ledger row {row_id}")
    return row


def hold_more(connection: Connection, row: Row[Any], worst: Decimal) -> None:
    """Reserve so much for a row that is open and has less. Raises BudgetExceeded."""
    had, exact = row.reserved or Decimal(0), to_the_picodollar(worst)
    if row.state != "reserved" or exact <= had:
        return
    on = [(scope, subject, period) for scope, subject, period in row.accounts or ()]
    accounts.reserve(connection, row.user_id, on, exact - had)
    connection.execute(
        update(ledger)
        .where(ledger.c.user_id == row.user_id, ledger.c.id == row.id)
        .values(reserved=exact)
    )


def settle_at_worst(connection: Connection, of: Select[Any]) -> int:
    """Settle at its worst case whatever of these rows is still reserved; how many that were."""
    rows = connection.execute(of.where(ledger.c.state == "reserved").with_for_update()).all()
    for row in rows:
        change(connection, row, state="settled", cost=row.reserved)
    return len(rows)


def change(
    connection: Connection,
    row: Row[Any],
    *,
    state: LedgerState,
    cost: Decimal | None,
    **tokens: Any,
) -> None:
    """Write the new state and move the accounts and the sums by day by the difference."""
    exact = None if cost is None else to_the_picodollar(cost)
    before, after = _booked(row.state, row.reserved, row.cost), _booked(state, row.reserved, exact)
    accounts.move(
        connection,
        row.user_id,
        row.accounts or (),
        reserved=after[0] - before[0],
        spent=after[1] - before[1],
    )
    was = row._asdict()
    spend_days.move(connection, was, {**was, **tokens, "state": state, "cost": exact})
    connection.execute(
        update(ledger)
        .where(ledger.c.user_id == row.user_id, ledger.c.id == row.id)
        .values(state=state, settled_at=now(), cost=exact, **tokens)
    )


def _booked(
    state: LedgerState, reserved: Decimal | None, cost: Decimal | None
) -> tuple[Decimal, Decimal]:
    """What a row in this state has reserved and spent; where the cost is unknown, its worst case is
    spent, so that no account is ever below the bill."""
    worst = reserved or Decimal(0)
    match state:
        case "reserved":
            return worst, Decimal(0)
        case "settled":
            return Decimal(0), worst if cost is None else cost
        case "released":
            return Decimal(0), Decimal(0)
