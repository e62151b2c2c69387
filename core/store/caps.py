"""The owner's caps: how many dollars a day, a month, a conversation, a key, a link or a visitor may cost."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, delete, select

from core.errors import Refused
from core.store.accounts import Account, Payers, Scope, accounts_of, renews_at, state
from core.store.columns import now
from core.store.engine import insert, reading, writing
from core.store.tables import caps

_MOST = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class CapState:
    """One cap and how much of it is gone, in US dollars. `subject` is "" for every subject of the
    scope, and then `spent` and `reserved` are None, except of a day and a month. `warn_share` is the
    part of the limit, 0 to 1, from which on it warns."""

    scope: Scope
    subject: str
    limit: Decimal
    spent: Decimal | None
    reserved: Decimal | None
    renews_at: datetime | None
    warn_share: float = 0.8

    @property
    def warns(self) -> bool:
        """Whether so much is spent or reserved that the owner should know."""
        if self.spent is None or self.reserved is None:
            return False
        return self.spent + self.reserved >= self.limit * Decimal(str(self.warn_share))

    @property
    def over(self) -> Decimal:
        """By how much what is spent is above the limit: the cap was lowered since, or a vendor has counted
        more tokens than were reserved for."""
        return max(Decimal(0), (self.spent or Decimal(0)) - self.limit)

    @property
    def left(self) -> Decimal | None:
        """What may still be reserved, never below 0."""
        if self.spent is None or self.reserved is None:
            return None
        return max(Decimal(0), self.limit - self.spent - self.reserved)


class Caps:
    """The caps of each user; the ledger holds every reservation against them, by the same calendar."""

    def __init__(self, engine: Engine, calendar: Callable[[], datetime] = now) -> None:
        self._engine = engine
        self._calendar = calendar

    def set(
        self,
        user: str,
        scope: Scope,
        limit: Decimal,
        subject: str = "",
        *,
        warn_share: float | None = None,
    ) -> None:
        """Allow this many dollars; what is spent already counts, and without a `warn_share` the one
        that was stays. Refused when either is negative or absurd."""
        if not limit.is_finite() or not 0 <= limit <= _MOST:
            raise Refused(f"a cap is 0 to {_MOST:,} dollars, and this is {limit}")
        values: dict[str, object] = {"amount": limit, "set_at": now()}
        if warn_share is not None:
            if not 0 < warn_share <= 1:
                raise Refused(f"a cap warns above 0 and up to 1 of it, and this is {warn_share}")
            values["warn_share"] = warn_share
        with writing(self._engine) as connection:
            statement = insert(connection, caps).values(
                user_id=user, scope=scope, subject=subject, **values
            )
            key = ["user_id", "scope", "subject"]
            connection.execute(statement.on_conflict_do_update(index_elements=key, set_=values))

    def remove(self, user: str, scope: Scope, subject: str = "") -> None:
        """Take the cap away, if there is one."""
        with writing(self._engine) as connection:
            connection.execute(
                delete(caps).where(
                    caps.c.user_id == user, caps.c.scope == scope, caps.c.subject == subject
                )
            )

    def list(self, user: str) -> tuple[CapState, ...]:
        """Every cap with what is spent and reserved of it now."""
        with reading(self._engine) as connection:
            periods = self._periods(connection, user)
            rows = connection.execute(_of(user).order_by(caps.c.scope, caps.c.subject)).all()
            return tuple(_state(connection, periods, row, row.subject) for row in rows)

    def state(self, user: str, scope: Scope, subject: str = "") -> CapState | None:
        """The cap that holds for the subject, its own or else the one for every subject of the scope,
        and how much of it is gone; None when there is no cap."""
        own_first = caps.c.subject.desc()
        query = _of(user).where(caps.c.scope == scope, caps.c.subject.in_(["", subject]))
        with reading(self._engine) as connection:
            row = connection.execute(query.order_by(own_first).limit(1)).first()
            if row is None:
                return None
            return _state(connection, self._periods(connection, user), row, subject)

    def _periods(self, connection: Connection, user: str) -> dict[str, str]:
        """The day and the month that a call is booked on now, by scope."""
        on = accounts_of(connection, user, Payers(), self._calendar())
        return {scope: period for scope, _, period in on}


def near(caps: Caps, user: str, conversation_id: str) -> tuple[CapState, ...]:
    """The caps that hold for a question in this conversation and warn, the one with least left first."""
    found = [
        caps.state(user, "day"),
        caps.state(user, "month"),
        caps.state(user, "conversation", conversation_id) if conversation_id else None,
    ]
    warning = [cap for cap in found if cap and cap.warns]
    return tuple(sorted(warning, key=lambda cap: cap.left or Decimal(0)))


def _of(user: str) -> Select[Any]:
    return select(caps).where(caps.c.user_id == user)


def _state(
    connection: Connection, periods: dict[str, str], row: Row[Any], subject: str
) -> CapState:
    account: Account = (row.scope, subject, periods.get(row.scope, ""))
    known = row.scope in periods or subject
    spent, reserved = state(connection, row.user_id, account) if known else (None, None)
    return CapState(
        scope=row.scope,
        subject=subject,
        limit=row.amount,
        spent=spent,
        reserved=reserved,
        renews_at=renews_at(account),
        warn_share=row.warn_share,
    )
