"""The vectors of one user: exact while they are few, in lists of quantised ones when they are many."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.retrieval.embed import Vectors
from core.retrieval.indexes.exact import Exact, joined
from core.retrieval.indexes.members import Bits, Ids, Mask, Members
from core.retrieval.indexes.quantised import Quantised
from core.retrieval.indexes.rebuild import Part, Rebuild
from core.retrieval.indexes.regions import Regions


@dataclass(frozen=True, slots=True)
class Sizes:
    """From how many rows on an index is approximate; how many new ones are compared exactly before
    they are sorted into the lists; after what growth the lists are learnt anew; how much farther than
    the nearest list (as cosine) a list may be to be looked into, and how many are in any case; and how
    few rows are compared one by one, whatever list they are in."""

    exact: int = 50_000
    late: int = 4_096
    growth: int = 4
    reach: float = 0.15
    probes: int = 8
    few: int = 10_000


class Shard:
    """Not safe to share between threads: its owner holds the lock."""

    def __init__(self, sizes: Sizes) -> None:
        import faiss

        self._faiss: Any = faiss
        self._sizes = sizes
        self.late: list[Exact] = []
        self.lists: list[Quantised] = []
        self.regions: Regions | None = None
        self.documents: dict[str, int] = {}
        self.version = 0
        self._planned: frozenset[int] = frozenset()

    @property
    def parts(self) -> list[Part]:
        return [*self.lists, *self.late]

    def __len__(self) -> int:
        return sum(part.members.living for part in self.parts)

    def add(self, ids: Ids, vectors: Vectors, document: str) -> None:
        """Add or replace; an id that comes twice counts as the last one."""
        _, last = np.unique(ids[::-1], return_index=True)
        places = np.sort(len(ids) - 1 - last)
        ids, vectors = ids[places], vectors[places]
        for part in self.parts:
            part.members.drop(part.members.rows(ids))
        number = self.documents.setdefault(document, len(self.documents))
        numbers = np.full(len(ids), number, np.int32)
        self.late.append(Exact(Members.of(ids, numbers), vectors))
        self._join()
        self._tidy()
        self.version += 1

    def _join(self) -> None:
        """Each part at least twice as long as the next: few of them, and little copying. What is being
        rebuilt stays apart, so that it can be taken out again."""
        while len(self.late) > 1 and id(self.late[-2]) not in self._planned:
            if len(self.late[-2].members) >= 2 * len(self.late[-1].members):
                break
            self.late[-2:] = [joined(self.late[-2:])]

    def remove(self, document: str) -> bool:
        """Whether there was something to remove."""
        number = self.documents.get(document)
        if number is None:
            return False
        gone = [part.members.drop(part.members.of_document(number)) for part in self.parts]
        self._tidy()
        self.version += any(gone)
        return any(gone)

    def _tidy(self) -> None:
        self.late = [part for part in self.late if part.members.living]
        self.lists = [part for part in self.lists if part.members.living]
        if not self.lists:
            self.regions = None

    def search(
        self, vector: Vectors, k: int, documents: frozenset[str] | None
    ) -> list[tuple[int, float]]:
        """The filter works inside of the search, so that results are never short."""
        wanted = self._wanted(documents)
        allowed = [part.members.allowed(wanted) for part in self.parts]
        there = sum(count for _, count in allowed)
        if not there:
            return []
        k = min(k, there)
        with self._one_thread():
            found = self._search(vector, k, allowed, self._probed(vector, allowed))
            if len(found) < k:
                found = self._search(vector, k, allowed, None)
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))[:k]

    def _wanted(self, documents: frozenset[str] | None) -> Mask | None:
        if documents is None or documents >= self.documents.keys():
            return None
        wanted = np.zeros(len(self.documents), dtype=bool)
        wanted[[self.documents[each] for each in documents if each in self.documents]] = True
        return wanted

    def _probed(self, vector: Vectors, allowed: list[tuple[Bits | None, int]]) -> list[int] | None:
        """The lists to look into, None for all: the more, the fewer of their rows are allowed."""
        count = sum(count for _, count in allowed[: len(self.lists)])
        rows = sum(len(part.members) for part in self.lists)
        if self.regions is None or count <= self._sizes.few:
            return None
        return self.regions.near(vector, self._sizes.reach, self._sizes.probes * rows // count)

    def _search(
        self,
        vector: Vectors,
        k: int,
        allowed: list[tuple[Bits | None, int]],
        lists: list[int] | None,
    ) -> list[tuple[int, float]]:
        found: list[tuple[int, float]] = []
        for part, (bits, count) in zip(self.parts, allowed, strict=True):
            if not count:
                continue
            if isinstance(part, Quantised):
                rows, scores = part.search(vector, min(k, count), bits, lists)
            else:
                rows, scores = part.search(vector, min(k, count), bits)
            found += zip(part.members.ids[rows].tolist(), scores.tolist(), strict=True)
        return found

    def vectors(self, ids: Iterable[int]) -> dict[int, Vectors]:
        """The vectors of those ids that are there."""
        wanted = np.fromiter(ids, dtype=np.int64)
        found: dict[int, Vectors] = {}
        for part in self.parts:
            rows = part.members.rows(wanted)
            found.update(zip(part.members.ids[rows].tolist(), part.vectors(rows), strict=True))
        return found

    @contextmanager
    def _one_thread(self) -> Iterator[None]:
        """Two threads are five times slower for one query; but the number belongs to the calling
        thread, and torch reads the same one, so it is put back."""
        before = self._faiss.omp_get_max_threads()
        self._faiss.omp_set_num_threads(1)
        try:
            yield
        finally:
            self._faiss.omp_set_num_threads(before)

    def plan(self) -> Rebuild | None:
        """What should become one part now, if anything."""
        late = sum(part.members.living for part in self.late)
        if self.regions is None:
            return self._rebuild(self.parts, None) if late >= self._sizes.exact else None
        if len(self) >= self._sizes.growth * max(self.regions.rows, self._sizes.exact):
            return self._rebuild(self.parts, None)
        if late >= self._sizes.late:
            return self._rebuild([*self._short(late), *self.late], self.regions)
        for part in self.lists:
            if part.members.living * 2 < len(part.members):
                return self._rebuild([part], self.regions)
        return None

    def _short(self, rows: int) -> list[Part]:
        """The last parts that are less than twice as long as what comes behind them."""
        taken: list[Part] = []
        for part in reversed(self.lists):
            if part.members.living >= 2 * rows:
                break
            taken.append(part)
            rows += part.members.living
        return taken[::-1]

    def _rebuild(self, parts: list[Part], regions: Regions | None) -> Rebuild:
        self._planned = frozenset(id(part) for part in parts)
        return Rebuild(tuple(parts), tuple(part.members.alive.copy() for part in parts), regions)

    def give_up(self) -> None:
        """What was planned is not coming."""
        self._planned = frozenset()

    def replace(self, plan: Rebuild, regions: Regions, made: Quantised) -> None:
        """Take the new part for those it was made of; what died since is dead in it too.

        Parts that came since stay as they are. Those of other regions cannot be: regions are only
        learnt anew from all lists, and lists only come from here.
        """
        late = [part for part in self.late if id(part) not in self._planned]
        self.lists = [part for part in self.lists if id(part) not in self._planned] + [made]
        for part, before in zip(plan.parts, plan.alive, strict=True):
            gone = part.members.ids[before & ~part.members.alive]
            made.members.drop(made.members.rows(gone))
        self.late, self.regions = late, regions
        self.lists.sort(key=lambda part: -len(part.members))
        self.give_up()
        self._tidy()
        self.version += 1
