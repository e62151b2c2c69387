"""Share links: made once, opened by a token that is kept as a hash, closed for everyone at once."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Select, func, literal, select, update

from core.errors import NotFound
from core.store.columns import Moment, now
from core.store.engine import insert, reading, writing
from core.store.secret_words import digest, new_secret
from core.store.tables import links, preferences, visitors

LinkKind = Literal["snapshot", "live"]
ALL_PAUSED = "links_paused"
"""The preference that pauses every link of a user."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link without its token. A snapshot holds what it shows; a live one says what may be asked,
    of which model, with which version of which prompt, over which documents. Its cap is that of scope
    `link` and subject `id`; `visitor_cap` (USD) is what one visitor may cost of it. `passphrase` is a
    salted hash, "" for none."""

    id: str
    kind: LinkKind
    title: str
    created_at: datetime
    description: str = ""
    questions: tuple[str, ...] = ()
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    paused: bool = False
    passphrase: str = ""
    model: str = ""
    prompt: str = ""
    documents: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    messages: int = 0
    max_tokens: int = 0
    visitor_cap: Decimal | None = None
    shows_cost: bool = False
    snapshot: dict[str, Any] | None = None
    refused: int = 0
    last_used_at: datetime | None = None

    def is_open(self, moment: datetime) -> bool:
        """Whether it lets anybody in at this moment."""
        ended = self.expires_at is not None and self.expires_at <= moment
        return not (ended or self.paused or self.revoked_at)


_NAMES = [each.name for each in fields(Link)]


class Links:
    """The links of each user; a token is 256 random bits, of which only the hash is kept."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = now) -> None:
        self._engine = engine
        self._clock = clock

    def make(self, user: str, link: Link) -> str:
        """Keep the link; its token, which nobody can read again."""
        token = new_secret()
        values = {name: getattr(link, name) for name in _NAMES}
        with writing(self._engine) as connection:
            row = {**values, "user_id": user, "token_hash": digest(token)}
            connection.execute(links.insert().values(**row))
        return token

    def get(self, user: str, link_id: str) -> Link:
        """The link; NotFound when the user has none with this id."""
        with reading(self._engine) as connection:
            row = connection.execute(select_links(user).where(links.c.id == link_id)).one_or_none()
        if row is None:
            raise _missing(link_id)
        return link_of(row)

    def opened_by(self, token: str) -> tuple[str, Link] | None:
        """Whose link the token opens now; None when it opens nothing, for whatever reason."""
        query = select_links().add_columns(links.c.user_id)
        with reading(self._engine) as connection:
            row = connection.execute(query.where(links.c.token_hash == digest(token))).first()
        if row is None:
            return None
        link = link_of(row)
        return (row.user_id, link) if link.is_open(self._clock()) else None

    def open_ones(self, user: str, link_ids: Collection[str]) -> frozenset[str]:
        """Which of these links let somebody in now."""
        query = select_links(user, whole=False).where(links.c.id.in_(link_ids))
        moment = self._clock()
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return frozenset(row.id for row in rows if link_of(row).is_open(moment))

    def revoke(self, user: str, link_id: str) -> None:
        """It opens nothing from now on, for good; repeating it changes nothing. Raises NotFound."""
        first = func.coalesce(links.c.revoked_at, literal(self._clock(), Moment))
        self._change(user, link_id, revoked_at=first)

    def pause(self, user: str, link_id: str, paused: bool) -> None:
        """It opens nothing while it is paused. Raises NotFound."""
        self._change(user, link_id, paused=paused)

    def expire(self, user: str, link_id: str, expires_at: datetime | None) -> None:
        """It opens nothing from this moment on. Raises NotFound."""
        self._change(user, link_id, expires_at=expires_at)

    def pause_all(self, user: str, paused: bool) -> None:
        """Pause every link, and let each be as it was afterwards."""
        with writing(self._engine) as connection:
            row = insert(connection, preferences).values(
                user_id=user, name=ALL_PAUSED, value="1" if paused else ""
            )
            connection.execute(
                row.on_conflict_do_update(
                    index_elements=["user_id", "name"], set_={"value": row.excluded.value}
                )
            )

    def all_paused(self, user: str) -> bool:
        """Whether the one switch is on."""
        with reading(self._engine) as connection:
            return bool(connection.scalar(select(_held(literal(user)))))

    def note_refused(self, token: str) -> None:
        """Count an attempt that was not let in, if there is such a link; it takes as long if not."""
        counted = update(links).where(links.c.token_hash == digest(token))
        with writing(self._engine) as connection:
            connection.execute(counted.values(refused=links.c.refused + 1))

    def _change(self, user: str, link_id: str, **values: Any) -> None:
        mine = (links.c.user_id == user) & (links.c.id == link_id)
        with writing(self._engine) as connection:
            if not connection.execute(update(links).where(mine).values(**values)).rowcount:
                raise _missing(link_id)

    # Last, because its name hides the type from the annotations below it.
    def list(self, user: str) -> list[tuple[Link, int, int]]:
        """Every link, newest first, with its visitors and their questions; snapshots without what
        they show. `paused` is the link's own here, not that of the one switch."""
        counts = (
            select(
                visitors.c.link_id,
                func.count().label("visitors"),
                func.sum(visitors.c.asked).label("asked"),
            )
            .where(visitors.c.user_id == user)
            .group_by(visitors.c.link_id)
            .subquery()
        )
        query = (
            select(
                *_columns(whole=False, held=False),
                func.coalesce(counts.c.visitors, 0).label("visitors"),
                func.coalesce(counts.c.asked, 0).label("asked"),
            )
            .outerjoin(counts, counts.c.link_id == links.c.id)
            .where(links.c.user_id == user)
            .order_by(links.c.created_at.desc(), links.c.id.desc())
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return [(link_of(row), int(row.visitors), int(row.asked)) for row in rows]


def select_links(user: str | None = None, *, whole: bool = True) -> Select[Any]:
    """The columns of links, paused when the one switch is; without a user those of everybody, for
    whoever shows a secret does not say whose it is."""
    query = select(*_columns(whole=whole))
    return query if user is None else query.where(links.c.user_id == user)


def link_of(row: Any) -> Link:
    """The link of a row that `select_links` gave."""
    return Link(**{name: getattr(row, name) for name in _NAMES if hasattr(row, name)})


def note_use(connection: Connection, user: str, link_id: str, moment: datetime) -> bool:
    """The link was used at this moment; whether the user has such a link."""
    mine = (links.c.user_id == user) & (links.c.id == link_id)
    noted = update(links).where(mine).values(last_used_at=moment)
    return bool(connection.execute(noted).rowcount)


def _columns(*, whole: bool, held: bool = True) -> list[Any]:
    paused = (links.c.paused | _held(links.c.user_id)) if held else links.c.paused
    plain = [
        links.c[name].label(f"{name}")
        for name in _NAMES
        if name != "paused" and (whole or name != "snapshot")
    ]
    return [*plain, paused.label("paused")]


def _held(user: Any) -> Any:
    return (
        select(preferences.c.name)
        .where(
            preferences.c.user_id == user,
            preferences.c.name == ALL_PAUSED,
            preferences.c.value == "1",
        )
        .exists()
    )


def _missing(link_id: str) -> NotFound:
    return NotFound(f"there is no share link {link_id}")
