"""The passages that can be found: an index that follows the rows, and the search over it."""

import threading

from core.retrieval.embed import Embedder
from core.retrieval.index import FaissIndex
from core.store.documents import Documents
from core.types import Hit


class Passages:
    """Searches what the database holds: the index is brought up to date before it is asked."""

    def __init__(self, documents: Documents, index: FaissIndex, embedder: Embedder) -> None:
        self._documents = documents
        self._index = index
        self._embedder = embedder
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
                if change.op == "add":
                    ids, vectors = self._documents.embeddings(
                        change.user_id, change.document_id, self._embedder.space.name
                    )
                    if len(ids):
                        self._index.add(change.user_id, ids, vectors, change.document_id)
                else:
                    self._index.remove(change.user_id, change.document_id)
                self._seq = change.seq

    def save(self) -> None:
        """Write a snapshot if anything changed since the last one, so that the next start is quick."""
        with self._lock:
            if self._seq is not None and self._seq != self._saved:
                self._index.snapshot(self._seq)
                self._saved = self._seq

    def warm(self) -> None:
        """Load the embedder and the index, so that the first question does not wait for them."""
        self.sync()
        self._embedder.warm()

    def search(
        self, user: str, query: str, k: int, documents: frozenset[str] | None = None
    ) -> list[Hit]:
        """The k passages of this user nearest to the query, nearest first; `documents` narrows it."""
        self.sync()
        if k < 1 or not self._documents.totals(user).passages:
            return []
        found = self._index.search(user, self._embedder.embed_query(query), k, documents)
        rows = self._documents.chunks(user, [chunk_id for chunk_id, _ in found])
        # A document deleted since the search has no rows any more: it is simply not a hit.
        return [
            Hit(chunk_id, row.document_id, row.name, row.chunk, score, row.unit)
            for chunk_id, score in found
            if (row := rows.get(chunk_id))
        ]
