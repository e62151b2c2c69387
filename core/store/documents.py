"""Documents: from the upload to the indexed or the refused file, and their passages."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, func, select, update

from core.errors import NotFound
from core.store.columns import now
from core.store.engine import insert, reading, writing
from core.store.passages import PassageRows, write_change, write_passages
from core.store.tables import documents, jobs
from core.types import Chunk, Document, DocumentStatus

_FINAL = ("indexed", "refused")
_COLUMNS = [documents.c[field.name] for field in fields(Document)]
_UNREAD: dict[str, Any] = {
    "reason": "",
    "done": 0,
    "total": 0,
    "unit": "page",
    "pages": 0,
    "empty_pages": (),
    "passages": 0,
    "tokens": 0,
    "hidden_characters": 0,
    "seconds": {},
    "indexed_at": None,
}


@dataclass(frozen=True, slots=True)
class Totals:
    """What a user has indexed."""

    documents: int
    passages: int
    tokens: int
    bytes: int


class Documents(PassageRows):
    """The documents of a user; another user's are not there."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # --- upload -------------------------------------------------------------------------------

    def add(
        self,
        user: str,
        document_id: str,
        name: str,
        sha256: str,
        size: int,
        kind: str,
        job_id: str,
    ) -> tuple[Document, bool]:
        """Queue a file, its row and its job in one transaction. The same bytes again give the document
        that is there and False, unless it was refused: then it is tried again under its old id."""
        values = {"name": name, "bytes": size, "kind": kind, "status": "queued", **_UNREAD}
        with writing(self._engine) as connection:
            added = _insert(connection, user, document_id, sha256, values)
            fresh = added or _retry(connection, user, sha256, values)
            document = _read(connection, user, documents.c.sha256 == sha256)[0]
            if fresh:
                job = insert(connection, jobs).values(
                    user_id=user, id=job_id, document_id=document.id, created_at=now(), attempts=0
                )
                connection.execute(job.on_conflict_do_nothing())
        return document, fresh

    def add_refused(
        self, user: str, document_id: str, name: str, sha256: str, size: int, reason: str
    ) -> Document:
        """Note a file that is not taken, and why; the same bytes that were taken before stay as they are."""
        values = {
            **_UNREAD,
            "name": name,
            "bytes": size,
            "kind": "",
            "status": "refused",
            "reason": reason,
        }
        with writing(self._engine) as connection:
            if not _insert(connection, user, document_id, sha256, values):
                _retry(connection, user, sha256, values)
            return _read(connection, user, documents.c.sha256 == sha256)[0]

    # --- how far it has come ------------------------------------------------------------------

    def progress(
        self, user: str, document_id: str, status: DocumentStatus, done: int, total: int
    ) -> bool:
        """Note how far its reading has come; False when it is indexed, refused or deleted already."""
        return self._change(user, document_id, status=status, done=done, total=total)

    def refuse(self, user: str, document_id: str, reason: str) -> bool:
        """End its reading with the reason; False when it is indexed, refused or deleted already."""
        return self._change(user, document_id, status="refused", reason=reason)

    def _change(self, user: str, document_id: str, **values: Any) -> bool:
        with writing(self._engine) as connection:
            return change_unread(connection, user, document_id, **values)

    def finish(
        self,
        user: str,
        document_id: str,
        rows: Sequence[tuple[int, Chunk, bytes]],
        *,
        space: str,
        pages: int,
        unit: str,
        empty_pages: tuple[int, ...] = (),
        seconds: dict[str, float],
        hidden_characters: int = 0,
    ) -> bool:
        """Write its passages `(id, chunk, float32 bytes)` and mark it indexed, in one transaction;
        repeating it gives the same rows. False, and nothing is written, when it was deleted or refused."""
        indexed = (
            update(documents)
            .where(documents.c.user_id == user, documents.c.id == document_id)
            .where(documents.c.status != "refused")
            .values(
                status="indexed",
                done=len(rows),
                total=len(rows),
                unit=unit,
                pages=pages,
                empty_pages=empty_pages,
                passages=len(rows),
                tokens=sum(chunk.tokens for _, chunk, _ in rows),
                hidden_characters=hidden_characters,
                seconds=seconds,
                indexed_at=now(),
            )
        )
        with writing(self._engine) as connection:
            if not connection.execute(indexed).rowcount:
                return False
            write_passages(connection, user, document_id, rows, space)
            write_change(connection, user, document_id, "add")
        return True

    # --- read and delete ----------------------------------------------------------------------

    def get(self, user: str, document_id: str) -> Document:
        """The document; NotFound when the user has none with this id."""
        with reading(self._engine) as connection:
            found = _read(connection, user, documents.c.id == document_id)
        if not found:
            raise _missing(document_id)
        return found[0]

    def delete(self, user: str, document_id: str) -> str:
        """Delete it with its passages and its job: the hash of its file when no row of anybody has
        the same bytes any more, else "". Raises NotFound."""
        gone = (
            delete(documents)
            .where(documents.c.user_id == user, documents.c.id == document_id)
            .returning(documents.c.sha256)
        )
        with writing(self._engine) as connection:
            sha256 = connection.execute(gone).scalar_one_or_none()
            if sha256 is None:
                raise _missing(document_id)
            write_change(connection, user, document_id, "remove")
            return "" if connection.scalar(_with(sha256)) else sha256

    def need(self, sha256: str) -> bool:
        """Whether a row of anybody has these bytes."""
        with reading(self._engine) as connection:
            return connection.scalar(_with(sha256)) is not None

    def totals(self, user: str) -> Totals:
        """What the user has indexed, in sums."""
        query = select(
            func.count(),
            func.coalesce(func.sum(documents.c.passages), 0),
            func.coalesce(func.sum(documents.c.tokens), 0),
            func.coalesce(func.sum(documents.c.bytes), 0),
        ).where(documents.c.user_id == user, documents.c.status == "indexed")
        with reading(self._engine) as connection:
            return Totals(*(int(number) for number in connection.execute(query).one()))

    def unread(self, user: str) -> Sequence[Document]:
        """Those of the user that are neither indexed nor refused, newest first."""
        with reading(self._engine) as connection:
            return _read(connection, user, documents.c.status.not_in(_FINAL))

    # Last, because its name hides the type from the annotations below it.
    def list(self, user: str) -> list[Document]:
        """Every document of the user, newest first."""
        with reading(self._engine) as connection:
            return _read(connection, user)


def change_unread(connection: Connection, user: str, document_id: str, **values: Any) -> bool:
    """Change the row of a document that is neither indexed nor refused; whether it was."""
    statement = (
        update(documents)
        .where(documents.c.user_id == user, documents.c.id == document_id)
        .where(documents.c.status.not_in(_FINAL))
        .values(**values)
    )
    return bool(connection.execute(statement).rowcount)


def _insert(
    connection: Connection, user: str, document_id: str, sha256: str, values: dict[str, Any]
) -> bool:
    row = insert(connection, documents).values(
        user_id=user, id=document_id, sha256=sha256, created_at=now(), **values
    )
    same = row.on_conflict_do_nothing(index_elements=["user_id", "sha256"])
    return connection.execute(same.returning(documents.c.id)).first() is not None


def _with(sha256: str) -> Select[Any]:
    return select(documents.c.id).where(documents.c.sha256 == sha256).limit(1)


def _retry(connection: Connection, user: str, sha256: str, values: dict[str, Any]) -> bool:
    statement = (
        update(documents)
        .where(documents.c.user_id == user, documents.c.sha256 == sha256)
        .where(documents.c.status == "refused")
        .values(created_at=now(), **values)
    )
    return bool(connection.execute(statement).rowcount)


def _read(connection: Connection, user: str, *only: Any) -> list[Document]:
    query = (
        select(*_COLUMNS)
        .where(documents.c.user_id == user, *only)
        .order_by(documents.c.created_at.desc(), documents.c.id.desc())
    )
    return [Document(**row._asdict()) for row in connection.execute(query)]


def _missing(document_id: str) -> NotFound:
    return NotFound(f"there is no document {document_id}")
