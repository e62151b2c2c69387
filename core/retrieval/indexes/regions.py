"""Where vectors lie: the centres of the lists that an approximate search looks into."""

import math
import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from core.retrieval.embed import Vectors
from core.retrieval.indexes.arrays import Arrays, Stored
from core.retrieval.indexes.products import products

_ROUNDS = 10
_SAMPLED = 64
"""Vectors for each list that k-means looks at: the FAISS wiki asks for 30 to 256."""


class Stopped(Exception):
    """The app ends: what was begun in the background is given up."""


class Regions:
    """The centres (n, dimension), and of how many rows they were made."""

    def __init__(self, centres: Vectors, rows: int, stored: Stored | None = None) -> None:
        import faiss

        self._faiss: Any = faiss
        self.centres = centres
        self.rows = rows
        self.stored = stored

    def arrays(self) -> dict[str, Any]:
        """What a file keeps."""
        return {"centres": self.centres, "rows": np.array([self.rows])}

    @classmethod
    def load(cls, arrays: Arrays, stored: Stored) -> "Regions":
        """From the arrays of a file."""
        return cls(arrays["centres"], int(arrays["rows"][0]), stored)

    def keep(self, arrays: Arrays, stored: Stored) -> None:
        """Go on with the same arrays from a file."""
        self.centres, self.stored = arrays["centres"], stored

    def __len__(self) -> int:
        return len(self.centres)

    def nearest(self, vectors: Vectors, count: int) -> npt.NDArray[np.int64]:
        """The `count` nearest lists of each vector, nearest first: (n, count)."""
        _, lists = self._faiss.knn(
            vectors, self.centres, count, metric=self._faiss.METRIC_INNER_PRODUCT
        )
        found: npt.NDArray[np.int64] = lists
        return found

    def near(self, vector: Vectors, reach: float, least: int) -> list[int]:
        """The lists that are at most so much farther than the nearest one, at least so many."""
        scores = products(self.centres, vector)
        count = max(int(np.count_nonzero(scores >= scores.max() - reach)), least)
        if count >= len(self):
            return list(range(len(self)))
        nearest: list[int] = np.argpartition(-scores, count - 1)[:count].tolist()
        return nearest


def lists_for(rows: int) -> int:
    """How many lists: the power of two below four times the root of the rows (the FAISS wiki asks for
    4 to 16 times)."""
    return int(2 ** math.floor(math.log2(4 * math.sqrt(max(rows, 1)))))


def sample_size(rows: int) -> int:
    """How many vectors should be given to `learnt`."""
    return min(rows, _SAMPLED * lists_for(rows))


def learnt(sample: Vectors, rows: int, stopping: threading.Event) -> Regions:
    """Centres for so many rows, by k-means over a sample of them. Raises Stopped."""
    import faiss

    lists = min(lists_for(rows), len(sample))
    kmeans: Any = faiss.Kmeans(
        sample.shape[1],
        lists,
        niter=1,
        spherical=True,
        seed=7,
        min_points_per_centroid=1,
        max_points_per_centroid=2 * _SAMPLED,
    )
    centres: Any = None
    for _ in range(_ROUNDS):
        if stopping.is_set():
            raise Stopped
        kmeans.train(sample, init_centroids=centres)
        centres = kmeans.centroids.copy()
    return Regions(np.ascontiguousarray(centres, dtype=np.float32), rows)
