"""Vectors as they are, every one of them compared: what an index holds while it is small."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.retrieval.embed import Vectors
from core.retrieval.indexes.arrays import Arrays, Stored
from core.retrieval.indexes.members import Bits, Ids, Mask, Members


class Exact:
    """Some rows with their vectors (n, dimension)."""

    def __init__(self, members: Members, vectors: Vectors, stored: Stored | None = None) -> None:
        import faiss

        self._faiss: Any = faiss
        self.members = members
        self._vectors = vectors
        self.stored = stored

    def arrays(self) -> dict[str, Any]:
        """What a file keeps."""
        return {**self.members.arrays(), "vectors": self._vectors}

    @classmethod
    def load(cls, arrays: Arrays, alive: Mask, stored: Stored) -> "Exact":
        """From the arrays of a file."""
        return cls(Members.load(arrays, alive), arrays["vectors"], stored)

    def keep(self, arrays: Arrays, stored: Stored) -> None:
        """Go on with the same arrays from a file."""
        self.members.keep(arrays)
        self._vectors, self.stored = arrays["vectors"], stored

    def vectors(self, rows: Ids) -> Vectors:
        """Those of the rows."""
        found: Vectors = self._vectors[rows]
        return found

    def search(self, vector: Vectors, k: int, bits: Bits | None) -> tuple[Ids, Vectors]:
        """The rows with the largest products, and these."""
        pointer = self._faiss.swig_ptr
        count, dimension = self._vectors.shape
        scores, rows = np.empty(k, np.float32), np.empty(k, np.int64)
        selector = None if bits is None else self._faiss.IDSelectorBitmap(count, pointer(bits))
        self._faiss.knn_inner_product(
            pointer(vector),
            pointer(self._vectors),
            dimension,
            1,
            count,
            k,
            pointer(scores),
            pointer(rows),
            selector,
        )
        there = rows >= 0
        return rows[there], scores[there]


def joined(parts: Sequence[Exact]) -> Exact:
    """One part with the living rows of all."""
    alive = [np.flatnonzero(part.members.alive) for part in parts]
    pairs = list(zip(parts, alive, strict=True))
    members = Members.of(
        np.concatenate([part.members.ids[rows] for part, rows in pairs]),
        np.concatenate([part.members.documents[rows] for part, rows in pairs]),
    )
    return Exact(members, np.concatenate([part.vectors(rows) for part, rows in pairs]))
