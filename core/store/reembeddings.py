"""The change of the embedder as a job of each user: asked for once, resumed after a crash."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, select, update

from core.store.columns import now
from core.store.embeddings import is_whole
from core.store.engine import insert, reading, writing
from core.store.leases import is_orphaned
from core.store.passages import write_change
from core.store.tables import documents, reembeddings

_LEASE = timedelta(minutes=15)
"""Longer than a batch may take: only a process that nobody can see loses its job by it."""


@dataclass(frozen=True, slots=True)
class Reembedding:
    """How far the passages are: `done` of `total`; `failure` says why it stopped, with what to do."""

    created_at: datetime
    done: int
    total: int
    failure: str
    hint: str


class Reembeddings:
    """At most one job for each user and space; whoever has none has nothing under way."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def start(self, user: str, space: str, total: int) -> None:
        """Ask for it, or for another try after a failure; one that is under way goes on as it is."""
        fresh = {"done": 0, "total": total, "failure": "", "hint": "", "created_at": now()}
        with writing(self._engine) as connection:
            row = insert(connection, reembeddings).values(user_id=user, space=space, **fresh)
            again = row.on_conflict_do_update(
                index_elements=["user_id", "space"],
                set_=fresh,
                where=reembeddings.c.failure != "",
            )
            connection.execute(again)

    def get(self, user: str, space: str) -> Reembedding | None:
        """The job, None when there is none."""
        columns = [reembeddings.c[field.name] for field in fields(Reembedding)]
        query = select(*columns).where(_is(user, space))
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        return Reembedding(**row._asdict()) if row else None

    def cancel(self, user: str, space: str) -> None:
        """Give it up; what was embedded until then is kept."""
        with writing(self._engine) as connection:
            connection.execute(delete(reembeddings).where(_is(user, space)))

    def claim(self, owner: str, space: str) -> str | None:
        """Take the oldest job of this space that nobody has: whose it is; None when there is none."""
        free = (
            select(reembeddings.c.user_id)
            .where(reembeddings.c.space == space, reembeddings.c.owner.is_(None))
            .where(reembeddings.c.failure == "")
            .order_by(reembeddings.c.created_at, reembeddings.c.user_id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with writing(self._engine) as connection:
            user: str | None = connection.scalar(free)
            if user is not None:
                taken = {"owner": owner, "lease_until": now() + _LEASE}
                connection.execute(update(reembeddings).where(_is(user, space)).values(taken))
        return user

    def progress(self, user: str, space: str, owner: str, done: int, total: int) -> bool:
        """Note how far it has come; False when it was cancelled or is somebody else's."""
        lease = now() + _LEASE
        return self._mine(user, space, owner, {"done": done, "total": total, "lease_until": lease})

    def fail(self, user: str, space: str, owner: str, failure: str, hint: str) -> None:
        """Stop it until somebody asks for another try."""
        free = {"owner": None, "lease_until": None}
        self._mine(user, space, owner, {"failure": failure, "hint": hint, **free})

    def release(self, user: str, space: str, owner: str) -> None:
        """Give it back for another process to go on with."""
        self._mine(user, space, owner, {"owner": None, "lease_until": None})

    def requeue(self, alive: Callable[[str], bool | None]) -> None:
        """Give back what dead processes left."""
        taken = select(reembeddings).where(reembeddings.c.owner.is_not(None))
        with reading(self._engine) as connection:
            rows = connection.execute(taken).all()
        for row in rows:
            if is_orphaned(alive(row.owner), row.lease_until < now()):
                self.release(row.user_id, row.space, row.owner)

    def finish(self, user: str, space: str, owner: str) -> bool:
        """End it and have every index read the documents of the user anew, in one transaction; False,
        and nothing is changed, when a passage has still no vector of this space."""
        mine = delete(reembeddings).where(_is(user, space), reembeddings.c.owner == owner)
        with writing(self._engine) as connection:
            if not is_whole(connection, user, space):
                return False
            connection.execute(mine)
            # Also when it was cancelled at the last moment: the vectors are there.
            _announce(connection, user)
        return True

    def announce(self, user: str) -> None:
        """Have every index read the documents of the user anew: vectors have come."""
        with writing(self._engine) as connection:
            _announce(connection, user)

    def _mine(self, user: str, space: str, owner: str, values: dict[str, Any]) -> bool:
        mine = update(reembeddings).where(_is(user, space), reembeddings.c.owner == owner)
        with writing(self._engine) as connection:
            return bool(connection.execute(mine.values(values)).rowcount)


def _announce(connection: Connection, user: str) -> None:
    indexed = (documents.c.user_id == user) & (documents.c.status == "indexed")
    query = select(documents.c.id).where(indexed).order_by(documents.c.id)
    for document_id in connection.scalars(query).all():
        write_change(connection, user, document_id, "add")


def _is(user: str, space: str) -> ColumnElement[bool]:
    return and_(reembeddings.c.user_id == user, reembeddings.c.space == space)
