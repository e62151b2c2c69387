"""The passages of documents, and what an index must do to follow them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, Row, delete, select

from core.store.embeddings import has_vector, passage_hash, write_embeddings
from core.store.engine import insert, reading
from core.store.tables import changes, chunks, counters, documents, embeddings
from core.types import Chunk

_COUNTER = {"user_id": "", "name": "changes"}  # it belongs to no user
_CHUNK = [chunks.c[field.name] for field in fields(Chunk)]
_IN_ONE_QUERY = 500


@dataclass(frozen=True, slots=True)
class Change:
    """The last word on a document: add its passages to the index, or remove them."""

    seq: int
    user_id: str
    document_id: str
    op: Literal["add", "remove"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage with the document that it is from; `unit` names what its page is."""

    id: int
    document_id: str
    name: str
    unit: str
    chunk: Chunk


class Searched(NamedTuple):
    """A passage with what its words are looked for in."""

    document_id: str
    id: int
    name: str
    heading: str
    text: str


class PassageRows:
    """Reads passages, by document, by id, or as what an index must hold."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def passages(
        self, user: str, document_id: str, offset: int = 0, limit: int = 100
    ) -> list[Chunk]:
        """The passages of a document in their order."""
        query = (
            select(*_CHUNK)
            .where(chunks.c.user_id == user, chunks.c.document_id == document_id)
            .where(chunks.c.seq >= offset)
            .order_by(chunks.c.seq)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [_chunk(row) for row in connection.execute(query)]

    def on_pages(self, user: str, document_id: str, first: int, last: int) -> list[Chunk]:
        """The passages on these pages, slides, sheets or sections, in their order."""
        query = (
            select(*_CHUNK)
            .where(chunks.c.user_id == user, chunks.c.document_id == document_id)
            .where(chunks.c.page >= first, chunks.c.page <= last)
            .order_by(chunks.c.seq)
        )
        with reading(self._engine) as connection:
            return [_chunk(row) for row in connection.execute(query)]

    def chunks(self, user: str, ids: Sequence[int]) -> dict[int, Passage]:
        """The passages with these ids; those that are gone or somebody else's are left out."""
        found: dict[int, Passage] = {}
        with reading(self._engine) as connection:
            for start in range(0, len(ids), _IN_ONE_QUERY):
                found.update(_passages(connection, user, ids[start : start + _IN_ONE_QUERY]))
        return found

    def embeddings(
        self, user: str, document_id: str, space: str
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The ids (n,) and vectors (n, dimension) of those passages of a document that have a vector of
        this embedding space.

        Both are empty when there are none; the dimension is then 0.
        """
        return self.vectors(user, document_id, space)[:2]

    def vectors(
        self, user: str, document_id: str, space: str
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], int]:
        """The same, and how many passages of the document have none."""
        query = (
            select(chunks.c.id, embeddings.c.vector)
            .outerjoin(embeddings, has_vector(space))
            .where(chunks.c.user_id == user, chunks.c.document_id == document_id)
            .order_by(chunks.c.seq)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        here = [row for row in rows if row.vector is not None]
        ids = np.array([row.id for row in here], dtype=np.int64)
        vectors = np.frombuffer(b"".join(row.vector for row in here), dtype=np.float32)
        shaped = vectors.reshape(len(here), -1) if here else np.empty((0, 0), np.float32)
        return ids, shaped, len(rows) - len(here)

    def texts(self, user: str, document_id: str | None = None) -> Iterator[list[Searched]]:
        """What is searched by words: the passages of one document, or of each of the user's, in
        their order."""
        query = (
            select(
                chunks.c.document_id, chunks.c.id, documents.c.name, chunks.c.heading, chunks.c.text
            )
            .join(
                documents,
                (documents.c.user_id == chunks.c.user_id)
                & (documents.c.id == chunks.c.document_id),
            )
            .where(chunks.c.user_id == user)
            .order_by(chunks.c.document_id, chunks.c.seq)
        )
        if document_id is not None:
            query = query.where(chunks.c.document_id == document_id)
        with reading(self._engine) as connection:
            rows = connection.execution_options(yield_per=_IN_ONE_QUERY).execute(query)
            for _, group in groupby(rows, key=lambda row: row.document_id):
                yield [Searched(*row) for row in group]

    def changes(self, after_seq: int) -> list[Change]:
        """What happened behind that number to the documents of all users, in order; only the last
        change of each document is kept, so add and remove must be idempotent."""
        query = (
            select(changes.c.seq, changes.c.user_id, changes.c.document_id, changes.c.op)
            .where(changes.c.seq > after_seq)
            .order_by(changes.c.seq)
        )
        # The counter is one row: asking it first makes the usual answer, none, cost next to nothing.
        with reading(self._engine) as connection:
            if _last_seq(connection) <= after_seq:
                return []
            return [Change(**row._asdict()) for row in connection.execute(query)]

    def last_seq(self) -> int:
        """The number of the latest change; 0 before the first."""
        with reading(self._engine) as connection:
            return _last_seq(connection)


def write_passages(
    connection: Connection,
    user: str,
    document_id: str,
    rows: Sequence[tuple[int, Chunk, bytes]],
    space: str,
) -> None:
    """Write the passages of a document instead of those that it had, and vectors that are new."""
    connection.execute(
        delete(chunks).where(chunks.c.user_id == user, chunks.c.document_id == document_id)
    )
    values = [
        {
            "user_id": user,
            "id": chunk_id,
            "document_id": document_id,
            "hash": passage_hash(chunk),
            "seq": chunk.seq,
            "text": chunk.text,
            "start": chunk.start,
            "end": chunk.end,
            "page": chunk.page,
            "heading": chunk.heading,
            "tokens": chunk.tokens,
        }
        for chunk_id, chunk, _ in rows
    ]
    if values:
        connection.execute(chunks.insert(), values)
    vectors = {passage_hash(chunk): vector for _, chunk, vector in rows}
    write_embeddings(connection, user, space, vectors)


def write_change(
    connection: Connection, user: str, document_id: str, op: Literal["add", "remove"]
) -> None:
    """Number the change. The counter's row stays locked until the commit, so that whoever has seen
    a number has seen all below it."""
    first = insert(connection, counters).values(**_COUNTER, value=1)
    seq = connection.execute(
        first.on_conflict_do_update(
            index_elements=["user_id", "name"], set_={"value": counters.c.value + 1}
        ).returning(counters.c.value)
    ).scalar_one()
    row = insert(connection, changes).values(user_id=user, document_id=document_id, seq=seq, op=op)
    connection.execute(
        row.on_conflict_do_update(
            index_elements=["user_id", "document_id"],
            set_={"seq": row.excluded.seq, "op": row.excluded.op},
        )
    )


def _last_seq(connection: Connection) -> int:
    query = select(counters.c.value).filter_by(**_COUNTER)
    return connection.scalar(query) or 0


def _passages(connection: Connection, user: str, ids: Sequence[int]) -> dict[int, Passage]:
    query = (
        select(chunks.c.id, chunks.c.document_id, documents.c.name, documents.c.unit, *_CHUNK)
        .join(
            documents,
            (documents.c.user_id == chunks.c.user_id) & (documents.c.id == chunks.c.document_id),
        )
        .where(chunks.c.user_id == user, chunks.c.id.in_(int(id_) for id_ in ids))
    )
    return {
        row.id: Passage(row.id, row.document_id, row.name, row.unit, _chunk(row))
        for row in connection.execute(query)
    }


def _chunk(row: Row[tuple[object, ...]]) -> Chunk:
    return Chunk(row.seq, row.text, row.start, row.end, row.page, row.heading, row.tokens)
