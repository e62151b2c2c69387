"""Atlas: the passages of a user in two dimensions, with a question and what it finds among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from core.documents.passages import Passages
from core.errors import Refused
from core.retrieval.chunk import HEADING_LIMIT, LIMIT
from core.retrieval.embed import Embedder, Payer, model_of
from core.store.documents import Documents
from core.types import Document

MOST_DOTS = 4_000
_SNIPPET = 160


@dataclass(frozen=True, slots=True)
class Dot:
    """A passage at its place; `rank` is its place among the hits of the question, 0 when it is none."""

    document_id: str
    name: str
    unit: str
    page: int
    seq: int
    text: str
    x: float
    y: float
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Map:
    """The dots, the question among them, the share of all differences that two dimensions can show
    (0 to 1), and how many passages there are in all."""

    dots: tuple[Dot, ...]
    question: tuple[float, float] | None
    shown: float
    passages: int


@dataclass(frozen=True, slots=True)
class Passport:
    """What the index is made with and of; `sha256` is that of the embedder's weights and `arithmetic` what
    their matrices are multiplied in ("": a vendor has them), `pieces` and `heading_pieces` are the most word pieces of a passage and of the headings in
    it, `elsewhere` counts passages that were embedded by another one, `when` is the last change, and
    `reranker` the cross-encoder that reads the best passages with the question ("": none does)."""

    model: str
    sha256: str
    dimension: int
    pieces: int
    heading_pieces: int
    documents: int
    passages: int
    tokens: int
    document_bytes: int
    vector_bytes: int
    elsewhere: int
    when: datetime | None
    arithmetic: str = ""
    reranker: str = ""


class Atlas:
    """Draws from the vectors that the database holds; nothing is kept."""

    def __init__(
        self,
        documents: Documents,
        passages: Passages,
        embedder: Embedder,
        sha256: str,
        *,
        arithmetic: str = "",
        reranker: str = "",
    ) -> None:
        self._documents = documents
        self._passages = passages
        self._embedder = embedder
        self._sha256 = sha256
        self._arithmetic = arithmetic
        self._reranker = reranker

    def passport(self, user: str) -> Passport:
        """How the user's index stands."""
        totals, space = self._documents.totals(user), self._embedder.space
        moments = [each.indexed_at for each in self._documents.list(user)]
        here = totals.passages - self._passages.unembedded(user)
        return Passport(
            model=model_of(space.name),
            sha256=self._sha256,
            dimension=space.dimension,
            pieces=LIMIT,
            heading_pieces=HEADING_LIMIT,
            documents=totals.documents,
            passages=totals.passages,
            tokens=totals.tokens,
            document_bytes=totals.bytes,
            vector_bytes=here * space.dimension * 4,
            elsewhere=totals.passages - here,
            when=max((each for each in moments if each), default=None),
            arithmetic=self._arithmetic,
            reranker=self._reranker,
        )

    def draw(
        self, user: str, question: str = "", k: int = 8, only: frozenset[str] | None = None
    ) -> Map:
        """Up to MOST_DOTS passages, evenly taken, by their two principal components (PCA); `only` narrows
        it to these documents."""
        there = [
            each
            for each in self._documents.list(user)
            if each.status == "indexed" and (only is None or each.id in only)
        ]
        ids, vectors = self._vectors(user, there)
        if len(ids) < 3:
            raise Refused(
                "there are too few passages for a picture",
                hint="Add a document of a few pages.",
            )
        mean = vectors.mean(axis=0)
        axes, shown = _principal(vectors - mean)
        flat = (vectors - mean) @ axes.T
        passages = sum(each.passages for each in there)
        ranks: dict[int, int] = {}
        place = None
        if question.strip():
            hits = self._passages.find(user, question, k, only).hits
            ranks = {hit.chunk_id: rank for rank, hit in enumerate(hits, 1)}
            place = self._place(user, question, mean, axes)
        return Map(self._dots(user, ids, flat, ranks), place, shown, passages)

    def _vectors(
        self, user: str, there: Sequence[Document]
    ) -> tuple[list[int], npt.NDArray[np.float32]]:
        space = self._embedder.space.name
        found = [self._documents.embeddings(user, each.id, space) for each in there]
        found = [(ids, vectors) for ids, vectors in found if len(ids)]
        if not found:
            return [], np.empty((0, self._embedder.space.dimension), np.float32)
        ids = np.concatenate([each for each, _ in found])
        vectors = np.concatenate([each for _, each in found])
        step = -(-len(ids) // MOST_DOTS)
        return ids[::step].tolist(), vectors[::step]

    def _place(
        self, user: str, question: str, mean: npt.NDArray[np.float32], axes: npt.NDArray[np.float32]
    ) -> tuple[float, float]:
        x, y = (self._embedder.embed_query(question, payer=Payer(user)) - mean) @ axes.T
        return float(x), float(y)

    def _dots(
        self, user: str, ids: Sequence[int], flat: npt.NDArray[np.float32], ranks: dict[int, int]
    ) -> tuple[Dot, ...]:
        rows = self._documents.chunks(user, ids)
        return tuple(
            Dot(
                row.document_id,
                row.name,
                row.unit,
                row.chunk.page,
                row.chunk.seq,
                " ".join(row.chunk.text.split())[:_SNIPPET],
                float(x),
                float(y),
                ranks.get(number, 0),
            )
            for number, (x, y) in zip(ids, flat, strict=True)
            if (row := rows.get(number))
        )


def _principal(centred: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], float]:
    """The two axes along which the rows differ most, and their share of all differences.

    From the covariance, which is as small as the vectors are long: taking apart the rows themselves
    costs several times as much.
    """
    sizes, axes = np.linalg.eigh(centred.T @ centred)
    shown = float(sizes[-2:].sum() / max(float(sizes.sum()), 1e-9))
    return axes[:, :-3:-1].T, min(shown, 1.0)  # what is rounded may be a little more
