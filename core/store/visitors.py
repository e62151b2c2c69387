"""Visitors: minted by the server for a link, known by a secret of which only the hash is kept."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, and_, select, update

from core.errors import NotFound
from core.store.columns import now
from core.store.engine import reading, writing
from core.store.ids import new_id
from core.store.links import Link, link_of, note_use, select_links
from core.store.secret_words import digest, new_secret
from core.store.tables import links, visitors


@dataclass(frozen=True, slots=True)
class Visitor:
    """One visitor of a link; `asked` of its messages are used, and `turn_id` is his last question
    ("" before the first)."""

    link_id: str
    id: str
    conversation_id: str
    turn_id: str
    asked: int
    created_at: datetime
    last_seen_at: datetime


_COLUMNS = [visitors.c[name] for name in Visitor.__slots__]


class Visitors:
    """The visitors of each link."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = now) -> None:
        self._engine = engine
        self._clock = clock

    def mint(self, user: str, link_id: str) -> tuple[Visitor, str]:
        """A new visitor, and the secret that he is known by. NotFound without such a link."""
        secret, moment = new_secret(), self._clock()
        made = Visitor(link_id, new_id(), new_id(), "", 0, moment, moment)
        values = {name: getattr(made, name) for name in Visitor.__slots__}
        with writing(self._engine) as connection:
            row = {**values, "user_id": user, "secret_hash": digest(secret)}
            if not note_use(connection, user, link_id, moment):
                raise NotFound(f"there is no share link {link_id}")
            connection.execute(visitors.insert().values(**row))
        return made, secret

    def known(self, secret: str) -> tuple[str, Link, Visitor] | None:
        """Whose visitor shows this secret, and the link as it is now; None when it is nobody's, or
        when the link lets nobody in."""
        query = (
            select_links()
            .add_columns(
                links.c.user_id.label("of_user"),
                *(each.label(f"visitor_{each.name}") for each in _COLUMNS),
            )
            .join(
                visitors,
                and_(visitors.c.user_id == links.c.user_id, visitors.c.link_id == links.c.id),
            )
            .where(visitors.c.secret_hash == digest(secret))
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        link = link_of(row)
        if not link.is_open(self._clock()):
            return None
        found = Visitor(*(getattr(row, f"visitor_{each.name}") for each in _COLUMNS))
        return row.of_user, link, found

    def take_message(self, user: str, link_id: str, visitor_id: str, most: int) -> bool:
        """Use one of his messages; False when all are used, whoever asks at the same time."""
        moment = self._clock()
        with writing(self._engine) as connection:
            taken = connection.execute(
                update(visitors)
                .where(_is(user, link_id, visitor_id), visitors.c.asked < most)
                .values(asked=visitors.c.asked + 1, last_seen_at=moment)
            )
            if taken.rowcount:
                note_use(connection, user, link_id, moment)
            return bool(taken.rowcount)

    def give_back(self, user: str, link_id: str, visitor_id: str) -> None:
        """The message was not used after all."""
        with writing(self._engine) as connection:
            connection.execute(
                update(visitors)
                .where(_is(user, link_id, visitor_id), visitors.c.asked > 0)
                .values(asked=visitors.c.asked - 1)
            )

    def asks(self, user: str, link_id: str, visitor_id: str, turn_id: str) -> None:
        """This turn is his last question."""
        with writing(self._engine) as connection:
            connection.execute(
                update(visitors).where(_is(user, link_id, visitor_id)).values(turn_id=turn_id)
            )

    def get(self, user: str, link_id: str, visitor_id: str) -> Visitor:
        """The visitor; NotFound when the link of this user has none with this id."""
        query = select(*_COLUMNS).where(_is(user, link_id, visitor_id))
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFound(f"there is no visitor {visitor_id} of this link")
        return Visitor(*row)

    # Last, because its name hides the type from the annotations below it.
    def list(self, user: str, link_id: str, limit: int = 500) -> list[Visitor]:
        """The visitors of a link, latest first."""
        query = (
            select(*_COLUMNS)
            .where(visitors.c.user_id == user, visitors.c.link_id == link_id)
            .order_by(visitors.c.last_seen_at.desc(), visitors.c.id.desc())
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [Visitor(*row) for row in connection.execute(query)]


def _is(user: str, link_id: str, visitor_id: str) -> ColumnElement[bool]:
    return and_(
        visitors.c.user_id == user, visitors.c.link_id == link_id, visitors.c.id == visitor_id
    )
