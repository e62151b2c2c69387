"""People: whoever has signed in at the provider, by a user id that stays when an address changes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Engine, select, update

from core.store.columns import now
from core.store.engine import insert, reading, writing
from core.store.tables import accounts, people

_TOLD_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Person:
    """Who he said he was when he last signed in, and whether the owner has taken him off."""

    user_id: str
    email: str
    name: str
    first_seen_at: datetime
    last_seen_at: datetime
    removed_at: datetime | None


class People:
    """Everyone who has ever signed in."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = now) -> None:
        self._engine = engine
        self._clock = clock

    def arrive(self, user: str, email: str, name: str) -> bool:
        """Note that he has signed in; whether it was for the first time."""
        moment = self._clock()
        told = {"email": email, "name": name, "last_seen_at": moment}
        with writing(self._engine) as connection:
            row = insert(connection, people).values(user_id=user, first_seen_at=moment, **told)
            made = connection.execute(row.on_conflict_do_nothing()).rowcount
            if not made:
                mine = people.c.user_id == user
                connection.execute(update(people).where(mine).values(**told))
        return bool(made)

    def get(self, user: str) -> Person | None:
        """The person; None when nobody with this id has signed in."""
        with reading(self._engine) as connection:
            row = connection.execute(select(people).where(people.c.user_id == user)).first()
        return Person(**row._mapping) if row else None

    def note_seen(self, user: str) -> None:
        """He is here now; written down at most once a minute."""
        moment = self._clock()
        late = people.c.last_seen_at < moment - _TOLD_EVERY
        with writing(self._engine) as connection:
            mine = (people.c.user_id == user) & late
            connection.execute(update(people).where(mine).values(last_seen_at=moment))

    def set_removed(self, user: str, removed: bool) -> bool:
        """Take him off, or let him in again; whether there is such a person."""
        moment = self._clock() if removed else None
        with writing(self._engine) as connection:
            mine = people.c.user_id == user
            return bool(
                connection.execute(update(people).where(mine).values(removed_at=moment)).rowcount
            )

    def everybody(self) -> list[Person]:
        """All of them, for the owner, whoever was here last first."""
        query = select(people).order_by(people.c.last_seen_at.desc(), people.c.user_id)
        with reading(self._engine) as connection:
            return [Person(**row._mapping) for row in connection.execute(query)]

    def spent_by_day(self, first_day: str) -> list[tuple[str, str, Decimal]]:
        """What each user spent (USD) on each day from this one on, for the owner: user, day, sum."""
        query = (
            select(accounts.c.user_id, accounts.c.period, accounts.c.spent)
            .where(accounts.c.scope == "day", accounts.c.period >= first_day)
            .order_by(accounts.c.period, accounts.c.user_id)
        )
        with reading(self._engine) as connection:
            return [(user, day, spent) for user, day, spent in connection.execute(query)]
