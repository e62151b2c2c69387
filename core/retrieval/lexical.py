"""Search by words: BM25 over the passages of each user, in memory; derived from SQL like the vectors."""

import math
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.retrieval.postings import Floats, Postings, merged, of_texts
from core.retrieval.terms import Reading, Terms

K1 = 0.9
"""How soon a repeated word stops to count (Robertson and Zaragoza 2009, section 3.4)."""

B = 0.4
"""How much a long passage is held against it: little, because passages are cut to a size."""

PAIR = 0.3
"""What two words of the question side by side weigh beside the words alone (the ordered part of
the sequential dependence model, Metzler and Croft 2005)."""

_IN_ONE_BATCH = 20_000


@dataclass(frozen=True, slots=True)
class Listed:
    """The passages of a document in their order: ids and what is searched of each."""

    document_id: str
    ids: Sequence[int]
    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class WordMatches:
    """What a question found: `best` first, and of those, of what else was asked for and of the
    passages `around` each of them the BM25 score; `most` is what a passage could have at most."""

    best: tuple[int, ...] = ()
    most: float = 0.0
    scores: dict[int, float] = field(default_factory=dict)
    around: dict[int, tuple[int, ...]] = field(default_factory=dict)
    documents: dict[int, str] = field(default_factory=dict)


class LexicalIndex:
    """BM25 in the passages of one user, by the words of that user alone. Safe to share between
    threads."""

    def __init__(self) -> None:
        self._terms = Terms()
        self._shards: dict[str, _Shard] = {}
        self._lock = threading.Lock()

    def knows(self, user: str) -> bool:
        """Whether passages of the user were ever given to it."""
        with self._lock:
            return user in self._shards

    def add(self, user: str, documents: Iterable[Listed]) -> None:
        """Each document's passages, instead of those that it had."""
        batch: list[Listed] = []
        with self._lock:
            self._shards.setdefault(user, _Shard())
        for document in documents:
            batch.append(document)
            if sum(len(each.ids) for each in batch) >= _IN_ONE_BATCH:
                self._add(user, batch)
                batch = []
        self._add(user, batch)

    def _add(self, user: str, batch: list[Listed]) -> None:
        made = of_texts(
            np.array([number for each in batch for number in each.ids], dtype=np.int64),
            [each.document_id for each in batch],
            [len(each.ids) for each in batch],
            [self._terms.read(text) for each in batch for text in each.texts],
        )
        with self._lock:
            shard = self._shards.setdefault(user, _Shard())
            for each in batch:
                shard.remove(each.document_id)
            shard.add(made)

    def remove(self, user: str, document_id: str) -> None:
        """No search finds the document any more; one that is not there does no harm."""
        with self._lock:
            if shard := self._shards.get(user):
                shard.remove(document_id)

    def search(
        self,
        user: str,
        query: str,
        k: int,
        documents: frozenset[str] | None = None,
        also: Iterable[int] = (),
    ) -> WordMatches:
        """The k best passages that share a word with the query, in the documents named or in all;
        `also` names passages whose scores are wanted in any case."""
        terms = _weighed(self._terms.asked(query))
        with self._lock:
            shard = self._shards.get(user)
            return shard.search(terms, k, documents, list(also)) if shard else WordMatches()


def _weighed(asked: Reading) -> dict[int, float]:
    once = Counter(asked.terms.tolist())
    return {**once, **{pair: PAIR * n for pair, n in Counter(asked.pairs.tolist()).items()}}


class _Shard:
    """The passages of one user in stretches, each at least twice as long as the next. Not safe to
    share between threads: its owner holds the lock."""

    def __init__(self) -> None:
        self._parts: list[Postings] = []
        self._passages = 0
        self._length = 0

    def add(self, made: Postings) -> None:
        if not len(made):
            return
        self._passages += len(made)
        self._length += int(made.lengths.sum())
        self._parts.append(made)
        while len(self._parts) > 1 and len(self._parts[-2]) < 2 * len(self._parts[-1]):
            self._parts[-2:] = [merged(self._parts[-2:])]

    def remove(self, document: str) -> None:
        for place, part in enumerate(self._parts):
            passages, length = part.remove(document)
            self._passages -= passages
            self._length -= length
            if passages and part.dead * 4 > len(part):
                self._parts[place] = merged([part])
        self._parts = [part for part in self._parts if len(part)]

    def search(
        self, terms: Mapping[int, float], k: int, documents: frozenset[str] | None, also: list[int]
    ) -> WordMatches:
        scored, most = self._scores(terms)
        best = self._best(scored, k, documents)
        matches = WordMatches(tuple(best), most)
        for part, values in zip(self._parts, scored, strict=True):
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
        scored = [np.zeros(len(part), dtype=np.float32) for part in self._parts]
        average = self._length / max(self._passages, 1) or 1.0
        slack = [
            (K1 * (1 - B + B * part.lengths / average)).astype(np.float32) for part in self._parts
        ]
        most = 0.0
        for term, times in terms.items():
            found = [part.occurrences(term) for part in self._parts]
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
        for part, values in zip(self._parts, scored, strict=True):
            allowed = values if documents is None else part.only(documents, values)
            rows = np.flatnonzero(allowed > 0)
            if len(rows) > k:
                least = np.partition(allowed[rows], len(rows) - k)[len(rows) - k]
                rows = rows[allowed[rows] >= least]
            found += zip(allowed[rows].tolist(), part.ids[rows].tolist(), strict=True)
        found.sort(key=lambda hit: (-hit[0], hit[1]))
        return [number for _, number in found[:k]]
