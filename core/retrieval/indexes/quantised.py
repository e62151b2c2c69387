"""Vectors in lists by where they lie, in two bytes for each number: the first is searched, the second
makes it exact.

The first bytes alone are the eight-bit scalar quantiser of FAISS, which scans them (IVF with SQ8). It
orders near neighbours wrongly in about two of a hundred places; both bytes together (16 bits) do not.
The second ones are read for the best few only, so that a file can keep them.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from core.retrieval.embed import Vectors
from core.retrieval.indexes.arrays import Arrays, Rows, Stored
from core.retrieval.indexes.members import Bits, Ids, Mask, Members
from core.retrieval.indexes.products import products

Codes = npt.NDArray[np.uint8]

APART = "second"
"""The array that stays in the file."""

_STEPS = 65_536
_EVERY = -1
_RESCORED = 32
"""How many beyond the wanted are compared exactly."""


class Quantised:
    """Some rows, sorted by list: list n is the rows from `borders[n]` to `borders[n + 1]`."""

    def __init__(
        self,
        members: Members,
        borders: Ids,
        codes: "TwoBytes",
        stored: Stored | None = None,
    ) -> None:
        self.members = members
        self.borders = borders
        self.stored = stored
        self._codes = codes
        self._scan = _Scan(codes, borders)

    def arrays(self) -> dict[str, Any]:
        """What a file keeps."""
        return {**self.members.arrays(), "borders": self.borders, **self._codes.arrays()}

    @classmethod
    def load(cls, arrays: Arrays, alive: Mask, stored: Stored) -> "Quantised":
        """From the arrays of a file."""
        return cls(Members.load(arrays, alive), arrays["borders"], TwoBytes.load(arrays), stored)

    def keep(self, arrays: Arrays, stored: Stored) -> None:
        """Go on with the same arrays from a file."""
        self.members.keep(arrays)
        self._codes.keep(arrays)
        self._scan.forget()
        self.borders, self.stored = arrays["borders"], stored

    def vectors(self, rows: Ids) -> Vectors:
        """Those of the rows, exact to 16 bits."""
        return self._codes.decode(rows)

    def search(
        self, vector: Vectors, k: int, bits: Bits | None, lists: list[int] | None
    ) -> tuple[Ids, Vectors]:
        """The rows of these lists (or of all) with the largest products, and these, exact to 16
        bits."""
        most = min(len(self.members), 2 * k + _RESCORED)
        rows = self._scan.best(vector, most, bits, lists)
        scores = products(self._codes.decode(rows), vector)
        best = np.argsort(-scores, kind="stable")[:k]
        return rows[best], scores[best]


class TwoBytes:
    """Numbers between a lowest and a highest of each dimension, in 65,536 steps."""

    def __init__(self, low: Vectors, width: Vectors, first: Codes, second: Codes | Rows) -> None:
        self.low = low
        self.width = width
        self.first = first
        self._second: Any = second

    @classmethod
    def empty(cls, count: int, low: Vectors, high: Vectors) -> "TwoBytes":
        """Room for so many vectors between the two."""
        width = np.maximum(high - low, np.float32(1e-6)).astype(np.float32)
        shape = (count, len(low))
        return cls(low, width, np.empty(shape, np.uint8), np.empty(shape, np.uint8))

    def arrays(self) -> dict[str, Any]:
        """What a file keeps."""
        return {
            "low": self.low,
            "width": self.width,
            "first": self.first,
            "second": self._second,
        }

    @classmethod
    def load(cls, arrays: Arrays) -> "TwoBytes":
        """From `arrays`."""
        return cls(arrays["low"], arrays["width"], arrays["first"], arrays["second"])

    def keep(self, arrays: Arrays) -> None:
        """Go on with the same arrays from a file."""
        self.first, self._second = arrays["first"], arrays["second"]

    def encode(self, rows: Ids, vectors: Vectors) -> None:
        """Put the vectors into these rows."""
        places = (vectors - self.low) * (_STEPS / self.width)
        steps = np.minimum(places.astype(np.int32), _STEPS - 1)
        self.first[rows] = steps >> 8
        self._second[rows] = steps & 255

    def decode(self, rows: Ids) -> Vectors:
        """The middle of the step of each number."""
        steps = self.first[rows].astype(np.float32) * np.float32(256) + self._second[rows]
        found: Vectors = (steps + 0.5) * (self.width / _STEPS) + self.low
        return found


class _Scan:
    """Compares a vector with lists of first bytes, by FAISS."""

    def __init__(self, codes: TwoBytes, borders: Ids) -> None:
        import faiss

        self._faiss: Any = faiss
        self._codes = codes
        self._borders = borders.tolist()
        self._row = np.arange(self._borders[-1], dtype=np.int64)
        self._bits = np.zeros(-(-len(self._row) // 8), np.uint8)
        self._selector = self._faiss.IDSelectorBitmap(self._bits)
        dimension = len(codes.low)
        nowhere = faiss.IndexFlatIP(dimension)  # the lists are ours; FAISS only compares
        self._index: Any = faiss.IndexIVFScalarQuantizer(
            nowhere,
            dimension,
            1,
            faiss.ScalarQuantizer.QT_8bit_direct_signed,
            faiss.METRIC_INNER_PRODUCT,
            False,
        )
        # Scanners are made once: the binding never frees one, and crashes when it is told to.
        self._all = self._index.get_InvertedListScanner(False, None, None)
        self._some = self._index.get_InvertedListScanner(False, self._selector, None)
        self.forget()

    def forget(self) -> None:
        """The codes stand somewhere else now."""
        self._pointers: dict[int, tuple[int, Any, Any]] = {}

    def best(self, vector: Vectors, k: int, bits: Bits | None, lists: list[int] | None) -> Ids:
        """The rows with the largest products, in any order; of every list when none are named."""
        pointer = self._faiss.swig_ptr
        if bits is not None:
            self._bits[:] = bits
        scanner = self._all if bits is None else self._some
        # The scanner takes whole numbers from -127 to 127, and reads a byte as itself less 128. The
        # lowest of a dimension is the same for every row, so only the width of its steps counts.
        wide = vector * self._codes.width
        scaled = np.rint(wide * np.float32(127 / max(float(np.abs(wide).max()), 1e-30)))
        scanner.set_query(pointer(scaled))
        scanner.set_list(0, 0.0)
        scores = np.full(k, np.finfo(np.float32).min, np.float32)
        rows = np.full(k, -1, np.int64)
        heap, found = pointer(scores), pointer(rows)
        for number in [_EVERY] if lists is None else lists:
            size, codes, ids = self._pointers.get(number) or self._list(number)
            if size:
                scanner.scan_codes(size, codes, ids, heap, found, k)
        return rows[rows >= 0]

    def _list(self, number: int) -> tuple[int, Any, Any]:
        start, end = self._borders[number : number + 2] if number >= 0 else (0, len(self._row))
        pointer = self._faiss.swig_ptr
        found = end - start, pointer(self._codes.first[start:end]), pointer(self._row[start:end])
        self._pointers[number] = found
        return found
