"""The passages that can be found: an index that follows the rows, and the search over it."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from core.errors import NeedsEmbedding
from core.retrieval.blend import Blend, choose, fold, fuse
from core.retrieval.embed import NOTHING, Embedder, Payer, Vectors, model_of
from core.retrieval.index import VectorIndex
from core.retrieval.lexical import LexicalIndex, Listed
from core.retrieval.nearness import coverage
from core.retrieval.rerank import READ, Reranker, rerank
from core.store.documents import Documents
from core.store.passages import Change
from core.types import Candidate, Found, Hit

_FEW = 2_000  # passages whose words are read in half a second


class Passages:
    """Searches what the database holds: both indexes are brought up to date before they are asked."""

    def __init__(
        self,
        documents: Documents,
        index: VectorIndex,
        words: LexicalIndex,
        embedder: Embedder,
        blend: Blend = Blend(),  # noqa: B008
        reranker: Reranker | None = None,
    ) -> None:
        self._documents = documents
        self._index = index
        self._words = words
        self.embedder = embedder
        self._blend = blend
        self._reranker = reranker
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._saving = threading.Lock()
        self._seq: int | None = None
        self._words_seq = 0
        self._saved = (0, 0)
        self._unembedded: dict[str, dict[str, int]] = {}

    def sync(self) -> None:
        """Apply every change since the last call; the first call loads the snapshots."""
        with self._lock:
            if self._seq is None:
                self._seq = self._load()
            for change in self._documents.changes(min(self._seq, self._words_seq)):
                # Each index has a snapshot of its own, and one may reach further.
                if change.seq > self._seq:
                    self._apply(change)
                    self._seq = change.seq
                if change.seq > self._words_seq:
                    self._apply_words(change)
                    self._words_seq = change.seq

    def _load(self) -> int:
        seq, words = self._index.load(), self._words.load()
        last = self._documents.last_seq()
        if seq > last:
            # The snapshot is of another database: rebuild it from the rows.
            self._index.clear()
            seq = 0
        if words is None or words > last:
            # Nobody's words are known then: they are read when the user first searches.
            self._words.clear()
            words = last
        self._words_seq = words
        self._saved = seq, words
        return seq

    def _apply(self, change: Change) -> None:
        user, document = change.user_id, change.document_id
        if change.op == "remove":
            self._index.remove(user, document)
            self._note(user, document, 0)
            return
        ids, vectors, missing = self._documents.vectors(user, document, self.embedder.space.name)
        if len(ids):
            self._index.add(user, ids, vectors, document)
        self._note(user, document, missing)

    def _apply_words(self, change: Change) -> None:
        user, document = change.user_id, change.document_id
        if self._words.knows(user):
            if change.op == "remove":
                self._words.remove(user, document)
            else:
                self._words.add(user, self._listed(user, document))
        elif self._documents.totals(user).passages <= _FEW:
            self._words.add(user, self._listed(user))

    def _note(self, user: str, document: str, missing: int) -> None:
        """Remember how many passages of the document the index does not hold."""
        of_user = self._unembedded.setdefault(user, {})
        of_user.pop(document, None)
        if missing:
            of_user[document] = missing
        elif not of_user:
            del self._unembedded[user]

    def unembedded(self, user: str, documents: frozenset[str] | None = None) -> int:
        """How many passages, of these documents or of all, are not in the index, because the embedder
        of the settings has not embedded them."""
        self.sync()
        with self._lock:
            return sum(
                count
                for document, count in self._unembedded.get(user, {}).items()
                if documents is None or document in documents
            )

    def _read_words(self, user: str) -> None:
        """For a user whose words no snapshot has. It may take long, and nobody else waits for it: what
        changes meanwhile is looked at again at its end."""
        if self._words.knows(user):
            return
        with self._reading:
            if self._words.knows(user):
                return
            before = self._words_seq
            self._words.add(user, self._listed(user))
            with self._lock:
                for change in self._documents.changes(before):
                    if change.user_id == user and change.seq <= self._words_seq:
                        self._apply_words(change)

    def _listed(self, user: str, document_id: str | None = None) -> Iterator[Listed]:
        for rows in self._documents.texts(user, document_id):
            texts = [f"{row.name}\n{row.heading}\n{row.text}" for row in rows]
            yield Listed(rows[0].document_id, [row.id for row in rows], texts)

    def save(self) -> None:
        """Write a snapshot if anything changed since the last one, so that the next start is quick. One
        that lacks passages is not written: nobody who loads it would know."""
        with self._saving:
            with self._lock:
                if self._seq is None or self._unembedded:
                    return
                reached = self._seq, self._words_seq
            # Searches go on meanwhile. What is written may know more than it says: changes that are
            # applied again do no harm.
            if self._saved != reached or self._index.unsaved():
                self._index.snapshot(reached[0])
            if self._saved != reached or self._words.unsaved():
                self._words.snapshot(reached[1])
            self._saved = reached

    def close(self) -> None:
        """Give up what is done in the background, and save."""
        self._index.close()
        self.save()

    def warm(self) -> None:
        """Load the embedder and the index, so that the first question does not wait for them."""
        self.sync()
        self.embedder.warm()

    def find(
        self,
        user: str,
        query: str,
        k: int,
        documents: frozenset[str] | None = None,
        *,
        distinct: bool = False,
        vector: Vectors | None = None,
    ) -> Found:
        """The k passages of this user that fit the query best by meaning and words, best first, in all
        documents or in `documents`, and every candidate that was considered, with its ranks and
        scores; what says what a better one says is marked, and `distinct` leaves it out of the
        hits. `vector` is the question's, where it is made already. A hit's score is its cosine. Raises
        NeedsEmbedding when passages would be missed."""
        if k < 1:
            return Found()
        found, vectors = self._considered(user, query, k, documents, vector)
        read = self._read(user, query, found, k)
        folded = fold(read, vectors, partial(self._texts, user))
        best = choose(folded if distinct else read, vectors, k, self._blend.diversity)
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

    def _read(
        self, user: str, query: str, found: Sequence[Candidate], k: int
    ) -> Sequence[Candidate]:
        """The candidates, the best of them in the order of the cross-encoder when there is one."""
        if self._reranker is None:
            return found
        first = [each.chunk_id for each in found[: max(k, READ)]]
        rows = self._documents.chunks(user, first)
        texts = {
            number: f"{row.chunk.heading}\n{row.chunk.text}".strip() for number, row in rows.items()
        }
        return rerank(found, self._reranker, query, texts)

    def described(self, user: str, chunk_ids: Sequence[int]) -> list[Hit]:
        """The passages with these ids, as far as they are still there."""
        rows = self._documents.chunks(user, list(chunk_ids))
        return [
            Hit(row.id, row.document_id, row.name, row.chunk, 0.0, row.unit)
            for number in chunk_ids
            if (row := rows.get(number))
        ]

    def _considered(
        self,
        user: str,
        query: str,
        k: int,
        documents: frozenset[str] | None,
        asked: Vectors | None,
    ) -> tuple[list[Candidate], dict[int, Vectors]]:
        if not self.searchable(user, documents) or asked is NOTHING:
            return [], {}
        self._read_words(user)
        if asked is None:
            asked = self.embedder.embed_query(query, payer=Payer(user))
        pool = max(self._blend.pool, 2 * k)
        nearest = [number for number, _ in self._index.search(user, asked, pool, documents)]
        matches = self._words.search(user, query, pool, documents, also=nearest)
        vectors = self._index.vectors(user, {*nearest, *matches.scores})
        cosines = {number: float(vector @ asked) for number, vector in vectors.items()}
        return fuse(nearest, cosines, matches, self._blend), vectors

    def searchable(self, user: str, documents: frozenset[str] | None) -> bool:
        """Whether there is anything to search. Raises NeedsEmbedding."""
        unembedded = self.unembedded(user, documents)
        if not self._documents.totals(user).passages:
            return False
        if unembedded:
            # Half a search looks like a whole one: nobody could tell what it did not see.
            raise NeedsEmbedding(
                f"{unembedded:,} passages were not embedded with {model_of(self.embedder.space.name)}, "
                "and a search would miss them",
                passages=unembedded,
            )
        return True

    def _texts(self, user: str, ids: Iterable[int]) -> dict[int, str]:
        rows = self._documents.chunks(user, list(ids))
        return {number: row.chunk.text for number, row in rows.items()}
