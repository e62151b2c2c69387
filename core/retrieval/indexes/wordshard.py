"""The passages of one user as lists of words, and their BM25 scores."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.retrieval.indexes.postings import Floats, Postings, merged

K1 = 0.9
"""How soon a repeated word stops to count (Robertson and Zaragoza 2009, section 3.4)."""

B = 0.4
"""How much a long passage is held against it: little, because passages are cut to a size."""


@dataclass(frozen=True, slots=True)
class WordMatches:
    """What a question found: `best` first, and of those, of what else was asked for and of the
    passages `around` each of them the BM25 score; `most` is what a passage could have at most."""

    best: tuple[int, ...] = ()
    most: float = 0.0
    scores: dict[int, float] = field(default_factory=dict)
    around: dict[int, tuple[int, ...]] = field(default_factory=dict)
    documents: dict[int, str] = field(default_factory=dict)


class WordShard:
    """The passages of one user in stretches, each at least twice as long as the next. Not safe to
    share between threads: its owner holds the lock."""

    def __init__(self) -> None:
        self.parts: list[Postings] = []
        self._passages = 0
        self._length = 0
        self.version = 0

    @classmethod
    def of(cls, parts: list[Postings]) -> "WordShard":
        """From parts that were kept."""
        shard = cls()
        shard.parts = parts
        shard._passages = sum(len(part) - part.dead for part in parts)
        shard._length = sum(int(part.lengths[part.alive].sum()) for part in parts)
        return shard

    def add(self, made: Postings) -> None:
        """Passages of documents that are not here."""
        self.version += 1
        if not len(made):
            return
        self._passages += len(made)
        self._length += int(made.lengths.sum())
        self.parts.append(made)
        while len(self.parts) > 1 and len(self.parts[-2]) < 2 * len(self.parts[-1]):
            self.parts[-2:] = [merged(self.parts[-2:])]

    def remove(self, document: str) -> None:
        """The document's passages are gone."""
        self.version += 1
        for place, part in enumerate(self.parts):
            passages, length = part.remove(document)
            self._passages -= passages
            self._length -= length
            if passages and part.dead * 4 > len(part):
                self.parts[place] = merged([part])
        self.parts = [part for part in self.parts if len(part)]

    def search(
        self, terms: Mapping[int, float], k: int, documents: frozenset[str] | None, also: list[int]
    ) -> WordMatches:
        """The k best, with the scores of these and of `also`."""
        scored, most = self._scores(terms)
        best = self._best(scored, k, documents)
        matches = WordMatches(tuple(best), most)
        for part, values in zip(self.parts, scored, strict=True):
            for place in part.places([*best, *also]):
                rows = [place.row, *place.beside]
                numbers = part.ids[rows].tolist()
                matches.scores.update(zip(numbers, values[rows].tolist(), strict=True))
                matches.around[place.id] = tuple(numbers[1:])
                matches.documents[place.id] = place.document
        return matches

    def _scores(self, terms: Mapping[int, float]) -> tuple[list[Floats], float]:
        """The score of every row, and the bound that none reaches. The weight of a term that n of
        N passages have is ln(1 + (N - n + 0.5) / (n + 0.5))."""
        scored = [np.zeros(len(part), dtype=np.float32) for part in self.parts]
        average = self._length / max(self._passages, 1) or 1.0
        slack = [
            (K1 * (1 - B + B * part.lengths / average)).astype(np.float32) for part in self.parts
        ]
        most = 0.0
        for term, times in terms.items():
            found = [part.occurrences(term) for part in self.parts]
            having = sum(len(rows) for rows, _ in found)
            weight = times * math.log1p((self._passages - having + 0.5) / (having + 0.5))
            most += weight
            for (rows, counts), values, room in zip(found, scored, slack, strict=True):
                # A row has a term once, so nothing is added twice to the same place.
                values[rows] += np.float32(weight) * counts / (counts + room[rows])
        return scored, most

    def _best(
        self, scored: Sequence[Floats], k: int, documents: frozenset[str] | None
    ) -> list[int]:
        """The filter works before the k best are taken, so that results are never short."""
        found: list[tuple[float, int]] = []
        for part, values in zip(self.parts, scored, strict=True):
            allowed = values if documents is None else part.only(documents, values)
            rows = np.flatnonzero(allowed > 0)
            if len(rows) > k:
                least = np.partition(allowed[rows], len(rows) - k)[len(rows) - k]
                rows = rows[allowed[rows] >= least]
            found += zip(allowed[rows].tolist(), part.ids[rows].tolist(), strict=True)
        found.sort(key=lambda hit: (-hit[0], hit[1]))
        return [number for _, number in found[:k]]
