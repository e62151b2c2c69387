"""Vectors by the hash of the text that was embedded: each text once for a user and an embedding space."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, exists, func, select

from core.store.engine import insert, reading, writing
from core.store.tables import chunks, embeddings
from core.types import Chunk, headed

_IN_ONE_QUERY = 500


@dataclass(frozen=True, slots=True)
class Stock:
    """How many vectors of one space there are and their bytes; `idle` of them (`idle_bytes`) belong
    to no passage any more."""

    space: str
    vectors: int
    bytes: int
    idle: int
    idle_bytes: int


@dataclass(frozen=True, slots=True)
class Outstanding:
    """Passages without a vector of a space, and the spaces in which they have one, most first."""

    passages: int
    characters: int
    tokens: int
    elsewhere: tuple[str, ...]


def hash_of(text: str) -> str:
    """The name of a text: 128 bits in hexadecimal; migration v0006 names what was there before alike."""
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def passage_hash(chunk: Chunk) -> str:
    """The name of what is embedded of the passage."""
    return hash_of(chunk.headed)


class Embeddings:
    """The vectors of each user. They outlive their document, so that a file that comes back is not
    embedded again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def known(self, user: str, space: str, hashes: Sequence[str]) -> dict[str, bytes]:
        """The vectors (float32 bytes) of those texts that have one."""
        found: dict[str, bytes] = {}
        query = select(embeddings.c.hash, embeddings.c.vector).where(
            embeddings.c.user_id == user, embeddings.c.space == space
        )
        with reading(self._engine) as connection:
            for start in range(0, len(hashes), _IN_ONE_QUERY):
                some = hashes[start : start + _IN_ONE_QUERY]
                rows = connection.execute(query.where(embeddings.c.hash.in_(some)))
                found.update((row.hash, row.vector) for row in rows)
        return found

    def keep(self, user: str, space: str, vectors: Mapping[str, bytes]) -> None:
        """Keep the vectors by the hash of their text; one that is there stays as it is."""
        with writing(self._engine) as connection:
            write_embeddings(connection, user, space, vectors)

    def missing(self, user: str, space: str) -> Iterator[list[str]]:
        """The texts of the user's passages that have no vector of this space, some at a time; one that
        several passages share comes as often. What is kept while they are read is not in the way."""
        after = ""
        while True:
            named = (
                select(
                    chunks.c.hash, func.min(chunks.c.id).label("id"), func.count().label("passages")
                )
                .where(chunks.c.user_id == user, chunks.c.hash > after, _lacks(space))
                .group_by(chunks.c.hash)
                .order_by(chunks.c.hash)
                .limit(_IN_ONE_QUERY)
                .subquery()
            )
            query = select(named.c.hash, named.c.passages, chunks.c.heading, chunks.c.text).join(
                chunks, and_(chunks.c.user_id == user, chunks.c.id == named.c.id)
            )
            with reading(self._engine) as connection:
                rows = connection.execute(query).all()
            if not rows:
                return
            after = max(row.hash for row in rows)
            yield [text for row in rows for text in [headed(row.heading, row.text)] * row.passages]

    def outstanding(self, user: str, space: str) -> Outstanding:
        """What is still to be embedded in this space."""
        size = func.length(chunks.c.text) + func.length(chunks.c.heading)
        query = select(func.count(), func.sum(size), func.sum(chunks.c.tokens)).where(
            chunks.c.user_id == user, _lacks(space)
        )
        other = (
            select(embeddings.c.space)
            .join(
                chunks,
                and_(chunks.c.user_id == embeddings.c.user_id, chunks.c.hash == embeddings.c.hash),
            )
            .where(embeddings.c.user_id == user, _lacks(space))
            .group_by(embeddings.c.space)
            .order_by(func.count().desc(), embeddings.c.space)
        )
        with reading(self._engine) as connection:
            passages, *sizes = (int(number or 0) for number in connection.execute(query).one())
            spaces = tuple(connection.scalars(other)) if passages else ()
        return Outstanding(passages, sizes[0], sizes[1], spaces)

    def stocks(self, user: str) -> list[Stock]:
        """What there is of each space, by its name."""
        size = func.length(embeddings.c.vector)
        query = (
            select(embeddings.c.space, func.count(), func.sum(size))
            .where(embeddings.c.user_id == user)
            .group_by(embeddings.c.space)
        )
        with reading(self._engine) as connection:
            idle = {row[0]: row for row in connection.execute(query.where(~_used()))}
            rows = connection.execute(query.order_by(embeddings.c.space)).all()
        return [
            Stock(space, count, int(total), *map(int, idle.get(space, ("", 0, 0))[1:]))
            for space, count, total in rows
        ]

    def remove(self, user: str, space: str) -> None:
        """Forget every vector of the space."""
        of_space = and_(embeddings.c.user_id == user, embeddings.c.space == space)
        with writing(self._engine) as connection:
            connection.execute(delete(embeddings).where(of_space))

    def remove_idle(self, user: str, space: str) -> None:
        """Forget those vectors of the space that belong to no passage any more."""
        of_space = and_(embeddings.c.user_id == user, embeddings.c.space == space)
        with writing(self._engine) as connection:
            connection.execute(delete(embeddings).where(of_space, ~_used()))


def write_embeddings(
    connection: Connection, user: str, space: str, vectors: Mapping[str, bytes]
) -> None:
    """The same in a transaction of the caller's."""
    if vectors:
        rows = [
            {"user_id": user, "space": space, "hash": name, "vector": vector}
            # In one order, so that two writers never wait for each other.
            for name, vector in sorted(vectors.items())
        ]
        connection.execute(insert(connection, embeddings).on_conflict_do_nothing(), rows)


def has_vector(space: str) -> ColumnElement[bool]:
    """Joins a passage with its vector of the space."""
    return and_(
        embeddings.c.user_id == chunks.c.user_id,
        embeddings.c.space == space,
        embeddings.c.hash == chunks.c.hash,
    )


def _used() -> ColumnElement[bool]:
    return exists().where(
        chunks.c.user_id == embeddings.c.user_id, chunks.c.hash == embeddings.c.hash
    )


def _lacks(space: str) -> ColumnElement[bool]:
    of_it = embeddings.alias("of_it")  # the query around it may look at the others
    return ~exists().where(
        of_it.c.user_id == chunks.c.user_id, of_it.c.space == space, of_it.c.hash == chunks.c.hash
    )


def is_whole(connection: Connection, user: str, space: str) -> bool:
    """Whether every passage of the user has a vector of this space."""
    query = select(chunks.c.id).where(chunks.c.user_id == user, _lacks(space)).limit(1)
    return connection.scalar(query) is None
