"""The passages that can be found: the search over the indexes that follow the rows."""

from collections.abc import Iterable, Sequence
from functools import partial

from core.documents.following import Following
from core.errors import NeedsEmbedding
from core.retrieval.blend import Blend, choose, fold, fuse
from core.retrieval.embed import NOTHING, Embedder, Payer, Vectors, model_of
from core.retrieval.indexes.index import VectorIndex
from core.retrieval.indexes.lexical import LexicalIndex
from core.retrieval.nearness import coverage
from core.retrieval.rerank import READ, Reranker, rerank
from core.store.documents import Documents
from core.types import Candidate, Found, Hit


class Passages(Following):
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
        super().__init__(documents, index, words, embedder)
        self._blend = blend
        self._reranker = reranker

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
