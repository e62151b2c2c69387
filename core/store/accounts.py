"""What was spent and is reserved of each thing that can have a cap, moved in the ledger's transactions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from sqlalchemy import ColumnElement, Connection, and_, func, literal, select, true, update

from core.caller import LOCAL_USER
from core.errors import BudgetExceeded
from core.store.columns import Dollars
from core.store.engine import insert
from core.store.tables import accounts, caps

Scope = Literal["day", "month", "conversation", "key", "link", "visitor"]
Account = tuple[str, str, str]
"""Scope, subject and period."""

_NOTHING = Decimal(0)
_WORDS = {
    "day": "for today",
    "month": "for this month",
    "conversation": "of this conversation",
    "key": "of this API key",
    "link": "of this link",
    "visitor": "of this visitor",
}


@dataclass(frozen=True, slots=True)
class Payers:
    """Who pays for a call besides the owner's day and month; "" is nobody."""

    conversation: str = ""
    key: str = ""
    link: str = ""
    visitor: str = ""


def accounts_of(
    connection: Connection, user: str, payers: Payers, moment: datetime
) -> tuple[Account, ...]:
    """The accounts that a call of this moment is booked on, in the order in which all lock them."""
    latest = select(func.max(accounts.c.period)).where(
        accounts.c.user_id == user, accounts.c.scope == "day"
    )
    # A clock that jumps back must not open a day that was over, with what it had left.
    day = max(moment.date().isoformat(), connection.scalar(latest) or "")
    named = (
        ("conversation", payers.conversation),
        ("key", payers.key),
        ("link", payers.link),
        ("visitor", payers.visitor),
    )
    found = [(scope, subject, "") for scope, subject in named if subject]
    return tuple(sorted([("day", "", day), ("month", "", day[:7]), *found]))


def reserve(
    connection: Connection, user: str, on: Sequence[Account], amount: Decimal | None
) -> None:
    """Set the amount (USD) aside on every account; raises BudgetExceeded when one cap refuses, and
    for an unknown amount (None) when there is any cap at all."""
    if amount is not None and not amount:
        return  # what is free passes, also when everything is spent
    limits = _caps(connection, user, on)
    if amount is None:
        if limits:
            raise _unpriced(connection, user, *next(iter(limits.items())))
        return
    _open(connection, user, on)
    for account in on:
        cap = limits.get(account)
        taken_already = accounts.c.spent + accounts.c.reserved
        room = true() if cap is None else taken_already <= literal(cap - amount, Dollars)
        taken = connection.execute(
            update(accounts)
            .where(_is(user, account), room)
            .values(reserved=accounts.c.reserved + amount)
        )
        if not taken.rowcount:
            assert cap is not None
            raise _refused(connection, user, account, cap, amount)


def allows(
    connection: Connection, user: str, on: Sequence[Account], amount: Decimal | None
) -> bool:
    """Whether `reserve` would set the amount aside now."""
    if amount is not None and not amount:
        return True
    limits = _caps(connection, user, on)
    if amount is None:
        return not limits
    return all(
        sum(state(connection, user, account)) + amount <= cap for account, cap in limits.items()
    )


def move(
    connection: Connection, user: str, on: Iterable[Account], *, reserved: Decimal, spent: Decimal
) -> None:
    """Change what is reserved and spent on every account by these amounts (USD), negative ones too."""
    if not reserved and not spent:
        return
    for account in on:
        changed = (
            update(accounts)
            .where(_is(user, account))
            .values(reserved=accounts.c.reserved + reserved, spent=accounts.c.spent + spent)
        )
        if not connection.execute(changed).rowcount:  # what was free to begin with opened none
            _open(connection, user, [account])
            connection.execute(changed)


def state(connection: Connection, user: str, account: Account) -> tuple[Decimal, Decimal]:
    """What was spent and what is reserved (USD)."""
    query = select(accounts.c.spent, accounts.c.reserved).where(_is(user, account))
    found = connection.execute(query).first()
    return (found.spent, found.reserved) if found else (_NOTHING, _NOTHING)


def renews_at(account: Account) -> datetime | None:
    """When the account begins anew: the next UTC midnight or month, None for what never does."""
    scope, _, period = account
    if scope == "day":
        following = date.fromisoformat(period) + timedelta(days=1)
    elif scope == "month":
        following = (date.fromisoformat(f"{period}-01") + timedelta(days=32)).replace(day=1)
    else:
        return None
    return datetime(following.year, following.month, following.day, tzinfo=UTC)


def _is(user: str, account: Account) -> ColumnElement[bool]:
    scope, subject, period = account
    return and_(
        accounts.c.user_id == user,
        accounts.c.scope == scope,
        accounts.c.subject == subject,
        accounts.c.period == period,
    )


def _open(connection: Connection, user: str, on: Sequence[Account]) -> None:
    rows = [
        {
            "user_id": user,
            "scope": scope,
            "subject": subject,
            "period": period,
            "spent": _NOTHING,
            "reserved": _NOTHING,
        }
        for scope, subject, period in on
    ]
    connection.execute(insert(connection, accounts).values(rows).on_conflict_do_nothing())


def _caps(connection: Connection, user: str, on: Sequence[Account]) -> dict[Account, Decimal]:
    """The caps that there are: of exactly this subject, else the one for every subject of its scope."""
    query = select(caps.c.scope, caps.c.subject, caps.c.amount).where(
        caps.c.user_id == user, caps.c.scope.in_([scope for scope, _, _ in on])
    )
    wanted = query.where(caps.c.subject.in_({"", *(subject for _, subject, _ in on)}))
    found = {(row.scope, row.subject): row.amount for row in connection.execute(wanted)}
    limits: dict[Account, Decimal] = {}
    for account in on:
        scope, subject, _ = account
        amount = found.get((scope, subject), found.get((scope, "")))
        if amount is not None:
            limits[account] = amount
    return limits


def _refused(
    connection: Connection, user: str, account: Account, cap: Decimal, amount: Decimal
) -> BudgetExceeded:
    spent, reserved = state(connection, user, account)
    return BudgetExceeded(
        f"the cap of ${cap:f} {_WORDS[account[0]]} is reached: ${spent:f} is spent, ${reserved:f} "
        f"is reserved, and this call may cost up to ${amount:f}",
        scope=account[0],
        limit=cap,
        spent=spent,
        reserved=reserved,
        renews_at=renews_at(account),
        is_owner=user == LOCAL_USER,
    )


def _unpriced(connection: Connection, user: str, account: Account, cap: Decimal) -> BudgetExceeded:
    spent, reserved = state(connection, user, account)
    return BudgetExceeded(
        f"the price of this model is not known, and there is a cap of ${cap:f} "
        f"{_WORDS[account[0]]} that the call might pass",
        hint="Enter the price of the model, take the cap away, or choose another model.",
        scope=account[0],
        limit=cap,
        spent=spent,
        reserved=reserved,
        renews_at=renews_at(account),
    )
