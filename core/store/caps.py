"""The owner's caps: how many dollars a day, a month, a conversation, a key, a link or a visitor may cost."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Engine, delete, select

from core.errors import Refused
from core.store.accounts import Account, Payers, Scope, accounts_of, renews_at, state
from core.store.columns import now
from core.store.engine import insert, reading, writing
from core.store.tables import caps

_MOST = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class CapState:
    """One cap and how much of it is gone, in US dollars. `subject` is "" for every subject of the
    scope, and then `spent` and `reserved` are None, except of a day and a month."""

    scope: Scope
    subject: str
    limit: Decimal
    spent: Decimal | None
    reserved: Decimal | None
    renews_at: datetime | None

    @property
    def left(self) -> Decimal | None:
        """What may still be reserved, never below 0."""
        if self.spent is None or self.reserved is None:
            return None
        return max(Decimal(0), self.limit - self.spent - self.reserved)


class Caps:
    """The caps of each user; the ledger holds every reservation against them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def set(self, user: str, scope: Scope, limit: Decimal, subject: str = "") -> None:
        """Allow this many dollars; what is spent already counts. Refused when it is negative or absurd."""
        if not limit.is_finite() or not 0 <= limit <= _MOST:
            raise Refused(f"a cap is 0 to {_MOST:,} dollars, and this is {limit}")
        with writing(self._engine) as connection:
            values = {"amount": limit, "set_at": now()}
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
            today = accounts_of(connection, user, Payers(), now())
            periods = {scope: period for scope, _, period in today}
            rows = connection.execute(
                select(caps).where(caps.c.user_id == user).order_by(caps.c.scope, caps.c.subject)
            ).all()
            found = []
            for row in rows:
                account: Account = (row.scope, row.subject, periods.get(row.scope, ""))
                known = row.scope in periods or row.subject
                spent, reserved = state(connection, user, account) if known else (None, None)
                found.append(
                    CapState(
                        row.scope, row.subject, row.amount, spent, reserved, renews_at(account)
                    )
                )
        return tuple(found)
