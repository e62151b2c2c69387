"""The queue of files to read: each is worked off at least once, by one process at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, Engine, delete, func, select, update

from core.store.columns import now
from core.store.documents import change_unread
from core.store.engine import reading, writing
from core.store.leases import is_orphaned
from core.store.tables import documents, jobs

MAX_ATTEMPTS = 3
_LEASE = timedelta(minutes=15)
"""Longer than any file may take: only a process that nobody can see loses its job by it."""
_GIVEN_UP = "the process ended three times while reading this file"


@dataclass(frozen=True, slots=True)
class Job:
    """A document to read; `attempts` counts this one too."""

    user_id: str
    id: str
    document_id: str
    attempts: int


class Jobs:
    """The queue of all users, oldest first."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(self, owner: str) -> Job | None:
        """Take the oldest job that nobody has; None when there is none."""
        free = (
            select(jobs.c.user_id, jobs.c.id, jobs.c.document_id, jobs.c.attempts)
            .where(jobs.c.owner.is_(None))
            .order_by(jobs.c.created_at, jobs.c.user_id, jobs.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with writing(self._engine) as connection:
            row = connection.execute(free).one_or_none()
            if row is None:
                return None
            job = Job(row.user_id, row.id, row.document_id, row.attempts + 1)
            connection.execute(
                update(jobs)
                .where(jobs.c.user_id == job.user_id, jobs.c.id == job.id)
                .values(owner=owner, attempts=job.attempts, lease_until=now() + _LEASE)
            )
        return job

    def done(self, user: str, job_id: str) -> None:
        """The document is indexed, refused or gone: the job is over. Repeating it changes nothing."""
        with writing(self._engine) as connection:
            _remove(connection, user, job_id)

    def requeue(self, alive: Callable[[str], bool | None]) -> int:
        """Give back what dead processes left; how many jobs that were. A file at which the process
        ended three times is refused instead."""
        taken = select(jobs).where(jobs.c.owner.is_not(None))
        with reading(self._engine) as connection:
            rows = connection.execute(taken).all()
        return sum(
            self._give_back(Job(row.user_id, row.id, row.document_id, row.attempts), row.owner)
            for row in rows
            if is_orphaned(alive(row.owner), row.lease_until < now())
        )

    def _give_back(self, job: Job, owner: str) -> bool:
        mine = (jobs.c.user_id == job.user_id) & (jobs.c.id == job.id) & (jobs.c.owner == owner)
        with writing(self._engine) as connection:
            # First the document, then the job: a deletion takes its locks in the same order.
            connection.execute(
                select(documents.c.id)
                .where(documents.c.user_id == job.user_id, documents.c.id == job.document_id)
                .with_for_update()
            )
            if job.attempts < MAX_ATTEMPTS:
                back = update(jobs).where(mine).values(owner=None, lease_until=None)
                return bool(connection.execute(back).rowcount)
            if connection.execute(delete(jobs).where(mine)).rowcount:
                change_unread(
                    connection,
                    job.user_id,
                    job.document_id,
                    status="refused",
                    reason=_GIVEN_UP,
                )
        return False

    def pending(self, user: str) -> int:
        """How many files of the user are still to be read, the one in work included."""
        query = select(func.count()).select_from(jobs).where(jobs.c.user_id == user)
        with reading(self._engine) as connection:
            return connection.scalar(query) or 0


def _remove(connection: Connection, user: str, job_id: str) -> None:
    connection.execute(delete(jobs).where(jobs.c.user_id == user, jobs.c.id == job_id))
