"""Rebuilding some parts of an index as one, while searches go on in the old ones."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.retrieval.embed import Vectors
from core.retrieval.indexes.exact import Exact
from core.retrieval.indexes.members import Ids, Mask, Members
from core.retrieval.indexes.quantised import Quantised, TwoBytes
from core.retrieval.indexes.regions import Regions, Stopped, learnt, sample_size

Part = Exact | Quantised

_AT_ONCE = 16_384


@dataclass(frozen=True, slots=True)
class Rebuild:
    """The parts that become one, which of their rows lived when it was planned, and the regions to
    sort them into: None when these are to be learnt anew."""

    parts: tuple[Part, ...]
    alive: tuple[Mask, ...]
    regions: Regions | None

    def run(self, stopping: threading.Event) -> tuple[Regions, Quantised]:
        """The new part. Reads nothing that changes, so it needs no lock. Raises Stopped."""
        count = sum(int(np.count_nonzero(mask)) for mask in self.alive)
        low, high = self._extremes(stopping)
        regions = self.regions or learnt(self._sample(count), count, stopping)
        lists = np.concatenate(
            [regions.nearest(vectors, 1)[:, 0] for _, _, vectors in self._blocks(stopping)]
        )
        order = np.argsort(lists, kind="stable")
        place = np.empty(count, np.int64)
        place[order] = np.arange(count)
        codes, start = TwoBytes.empty(count, low, high), 0
        ids, documents = np.empty(count, np.int64), np.empty(count, np.int32)
        for part, rows, vectors in self._blocks(stopping):
            there = place[start : start + len(rows)]
            codes.encode(there, vectors)
            ids[there] = part.members.ids[rows]
            documents[there] = part.members.documents[rows]
            start += len(rows)
        borders = np.concatenate([[0], np.cumsum(np.bincount(lists, minlength=len(regions)))])
        return regions, Quantised(Members.of(ids, documents), borders, codes)

    def _blocks(self, stopping: threading.Event) -> Iterator[tuple[Part, Ids, Vectors]]:
        for part, mask in zip(self.parts, self.alive, strict=True):
            living = np.flatnonzero(mask)
            for start in range(0, len(living), _AT_ONCE):
                if stopping.is_set():
                    raise Stopped
                rows = living[start : start + _AT_ONCE]
                yield part, rows, part.vectors(rows)

    def _extremes(self, stopping: threading.Event) -> tuple[Vectors, Vectors]:
        pairs = [(v.min(axis=0), v.max(axis=0)) for _, _, v in self._blocks(stopping)]
        low = np.min([low for low, _ in pairs], axis=0)
        return low, np.max([high for _, high in pairs], axis=0)

    def _sample(self, count: int) -> Vectors:
        """Rows from everywhere, the same ones every time."""
        chosen = np.random.default_rng(7).permutation(count)[: sample_size(count)]
        found, start = [], 0
        for part, mask in zip(self.parts, self.alive, strict=True):
            living = np.flatnonzero(mask)
            here = chosen[(chosen >= start) & (chosen < start + len(living))] - start
            found.append(part.vectors(living[np.sort(here)]))
            start += len(living)
        return np.ascontiguousarray(np.concatenate(found))
