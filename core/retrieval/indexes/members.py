"""Which passage and which document each row of a part is, and which rows live: in arrays alone."""

import numpy as np
import numpy.typing as npt

from core.retrieval.indexes.arrays import Arrays

Ids = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]
Bits = npt.NDArray[np.uint8]


class Members:
    """Rows never move, they only die. Not safe to share between threads: their owner holds the lock."""

    def __init__(
        self, ids: Ids, documents: Numbers, by_id: Numbers, alive: Mask | None = None
    ) -> None:
        self.ids = ids
        self.documents = documents
        self._by_id = by_id
        self.alive = np.ones(len(ids), dtype=bool) if alive is None else alive
        self.living = int(np.count_nonzero(self.alive))
        self._bits: Bits | None = None

    @classmethod
    def of(cls, ids: Ids, documents: Numbers) -> "Members":
        """New rows, all alive; an id stands in them once."""
        return cls(ids, documents, np.argsort(ids, kind="stable").astype(np.int32))

    def __len__(self) -> int:
        return len(self.ids)

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """What never changes of them."""
        return {"ids": self.ids, "documents": self.documents, "by_id": self._by_id}

    @classmethod
    def load(cls, arrays: Arrays, alive: Mask) -> "Members":
        """From `arrays`, and which of the rows live."""
        return cls(arrays["ids"], arrays["documents"], arrays["by_id"], alive)

    def keep(self, arrays: Arrays) -> None:
        """Go on with the same arrays from a file; which rows live is not in it."""
        self.ids, self.documents = arrays["ids"], arrays["documents"]
        self._by_id = arrays["by_id"]

    def rows(self, ids: Ids) -> Ids:
        """The rows of those ids that live here."""
        if not len(self.ids) or not len(ids):
            return np.empty(0, np.int64)
        places = np.searchsorted(self.ids, ids, sorter=self._by_id)
        rows = self._by_id[np.minimum(places, len(self.ids) - 1)].astype(np.int64)
        found: Ids = rows[(self.ids[rows] == ids) & self.alive[rows]]
        return found

    def drop(self, rows: Ids) -> int:
        """Those rows die; how many have."""
        if not len(rows):
            return 0
        before = self.living
        self.alive[rows] = False
        self.living = int(np.count_nonzero(self.alive))
        self._bits = None
        return before - self.living

    def of_document(self, number: int) -> Ids:
        """The living rows of a document."""
        return np.flatnonzero((self.documents == number) & self.alive)

    def allowed(self, documents: Mask | None) -> tuple[Bits | None, int]:
        """The living rows of these documents (or of all) as bits, None when every row is, and how
        many they are."""
        if documents is not None:
            mask = documents[self.documents] & self.alive
            return np.packbits(mask, bitorder="little"), int(np.count_nonzero(mask))
        if self.living == len(self.ids):
            return None, self.living
        if self._bits is None:
            self._bits = np.packbits(self.alive, bitorder="little")
        return self._bits, self.living
