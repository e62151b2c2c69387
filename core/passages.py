"""The passages that can be found: an index that follows the rows, and the search over it."""

import threading
from collections.abc import Iterable, Iterator, Sequence

from core.retrieval.blend import Blend, choose, fold, fuse
from core.retrieval.embed import Embedder, Vectors
from core.retrieval.index import VectorIndex
from core.retrieval.lexical import LexicalIndex, Listed
from core.retrieval.nearness import coverage
from core.store.documents import Documents
from core.store.passages import Change
from core.types import Candidate, Found, Hit


class Passages:
    """Searches what the database holds: both indexes are brought up to date before they are asked."""

    def __init__(
        self,
        documents: Documents,
        index: VectorIndex,
        words: LexicalIndex,
        embedder: Embedder,
        blend: Blend = Blend(),  # noqa: B008
    ) -> None:
        self._documents = documents
        self._index = index
        self._words = words
        self._embedder = embedder
        self._blend = blend
        self._lock = threading.Lock()
        self._seq: int | None = None
        self._saved = 0

    def sync(self) -> None:
        """Apply every change since the last call; the first call loads the snapshot."""
        with self._lock:
            if self._seq is None:
                self._seq = self._saved = self._index.load()
                if self._seq > self._documents.last_seq():
                    # The snapshot is of another database: rebuild it from the rows.
                    self._index.clear()
                    self._seq = self._saved = 0
            for change in self._documents.changes(self._seq):
                self._apply(change)
                self._seq = change.seq

    def _apply(self, change: Change) -> None:
        user, document = change.user_id, change.document_id
        if change.op == "remove":
            self._index.remove(user, document)
            self._words.remove(user, document)
            return
        ids, vectors = self._documents.embeddings(user, document, self._embedder.space.name)
        if len(ids):
            self._index.add(user, ids, vectors, document)
        if self._words.knows(user):
            self._words.add(user, self._listed(user, document))

    def _read_words(self, user: str) -> None:
        """The words have no snapshot: they are read when the user first searches, and follow the
        changes from then on."""
        with self._lock:
            if not self._words.knows(user):
                self._words.add(user, self._listed(user))

    def _listed(self, user: str, document_id: str | None = None) -> Iterator[Listed]:
        for rows in self._documents.texts(user, document_id):
            texts = [f"{row.name}\n{row.heading}\n{row.text}" for row in rows]
            yield Listed(rows[0].document_id, [row.id for row in rows], texts)

    def save(self) -> None:
        """Write a snapshot if anything changed since the last one, so that the next start is quick."""
        with self._lock:
            if self._seq is not None and (self._seq != self._saved or self._index.unsaved()):
                self._index.snapshot(self._seq)
                self._saved = self._seq

    def close(self) -> None:
        """Give up what is done in the background, and save."""
        self._index.close()
        self.save()

    def warm(self) -> None:
        """Load the embedder and the index, so that the first question does not wait for them."""
        self.sync()
        self._embedder.warm()

    def search(
        self,
        user: str,
        query: str,
        k: int,
        documents: frozenset[str] | None = None,
        *,
        distinct: bool = False,
    ) -> list[Hit]:
        """The k passages of this user that fit the query best by meaning and words, best first, in all
        documents or in `documents`; `distinct` leaves out what a better one says already. A hit's
        score is its cosine."""
        return list(self.find(user, query, k, documents, distinct=distinct).hits)

    def find(
        self,
        user: str,
        query: str,
        k: int,
        documents: frozenset[str] | None = None,
        *,
        distinct: bool = False,
    ) -> Found:
        """The same with everything that was considered; what says what a better one says is marked."""
        if k < 1:
            return Found()
        found, vectors = self._considered(user, query, k, documents)
        folded = fold(found, vectors, lambda ids: self._texts(user, ids))
        best = choose(folded if distinct else found, vectors, k, self._blend.diversity)
        rows = self._documents.chunks(user, [each.chunk_id for each in best])
        # A document deleted since the search has no rows any more: it is simply not a hit.
        hits = tuple(
            Hit(
                row.id,
                row.document_id,
                row.name,
                row.chunk,
                each.dense_score,
                row.unit,
                each.fused,
            )
            for each in best
            if (row := rows.get(each.chunk_id))
        )
        cosine = max((each.dense_score for each in found), default=0.0)
        texts = [f"{hit.name} {hit.chunk.heading} {hit.chunk.text}" for hit in hits]
        return Found(hits, tuple(folded), cosine, coverage(query, texts))

    def described(self, user: str, chunk_ids: Sequence[int]) -> list[Hit]:
        """The passages with these ids, as far as they are still there."""
        rows = self._documents.chunks(user, list(chunk_ids))
        return [
            Hit(row.id, row.document_id, row.name, row.chunk, 0.0, row.unit)
            for number in chunk_ids
            if (row := rows.get(number))
        ]

    def candidates(
        self, user: str, query: str, k: int, documents: frozenset[str] | None = None
    ) -> list[Candidate]:
        """Every passage that a search for k considers, best first, with its ranks and scores; one
        that says what a better one says is marked."""
        return list(self.find(user, query, k, documents).candidates)

    def _considered(
        self, user: str, query: str, k: int, documents: frozenset[str] | None
    ) -> tuple[list[Candidate], dict[int, Vectors]]:
        self.sync()
        if not self._documents.totals(user).passages:
            return [], {}
        self._read_words(user)
        asked = self._embedder.embed_query(query)
        pool = max(self._blend.pool, 2 * k)
        nearest = [number for number, _ in self._index.search(user, asked, pool, documents)]
        matches = self._words.search(user, query, pool, documents, also=nearest)
        vectors = self._index.vectors(user, {*nearest, *matches.scores})
        cosines = {number: float(vector @ asked) for number, vector in vectors.items()}
        return fuse(nearest, cosines, matches, self._blend), vectors

    def _texts(self, user: str, ids: Iterable[int]) -> dict[int, str]:
        rows = self._documents.chunks(user, list(ids))
        return {number: row.chunk.text for number, row in rows.items()}
