"""A stretch of passages with the lists of where each term occurs, in arrays; derived from texts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from core.retrieval.indexes.arrays import Arrays, Stored, packed, unpacked
from core.retrieval.indexes.terms import Numbers, Reading

Floats = npt.NDArray[np.float32]

_MOST = 255  # a passage has few hundred words, and BM25 is satisfied long before


class Place(NamedTuple):
    """The row of a passage, the rows before and after it in its document, and that document."""

    id: int
    row: int
    beside: list[int]
    document: str


class Postings:
    """Passages in rows; a row is never changed, it only dies. Not safe to share between threads."""

    def __init__(
        self,
        ids: Numbers,
        lengths: npt.NDArray[np.int32],
        documents: Sequence[str],
        sizes: Sequence[int],
        lists: "Lists",
    ) -> None:
        self.ids = ids
        self.lengths = lengths
        self.documents = list(documents)
        self.borders = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        self.alive = np.ones(len(ids), dtype=bool)
        self.dead = 0
        self.stored: Stored | None = None
        self._place = {document: place for place, document in enumerate(self.documents)}
        self._by_id = np.argsort(ids)
        self._lists = lists

    def arrays(self) -> dict[str, Any]:
        """What a file keeps; which rows live is not in it."""
        own = {"ids": self.ids, "lengths": self.lengths, "borders": self.borders}
        return {**own, **packed(self.documents), **self._lists._asdict()}

    @classmethod
    def load(cls, arrays: Arrays, alive: npt.NDArray[np.bool_], stored: Stored) -> "Postings":
        """From the arrays of a file, and which of the rows live."""
        lists = Lists(*(arrays[name] for name in Lists._fields))
        sizes = np.diff(arrays["borders"]).tolist()
        made = cls(arrays["ids"], arrays["lengths"], unpacked(arrays), sizes, lists)
        made.alive, made.dead = alive, int(np.count_nonzero(~alive))
        for place, document in enumerate(made.documents):
            first = int(made.borders[place])
            if sizes[place] and not alive[first]:
                del made._place[document]
        made.stored = stored
        return made

    def keep(self, arrays: Arrays, stored: Stored) -> None:
        """Go on with the same arrays from a file."""
        self.ids, self.lengths = arrays["ids"], arrays["lengths"]
        self._lists, self.stored = Lists(*(arrays[name] for name in Lists._fields)), stored

    def __len__(self) -> int:
        return len(self.ids)

    def rows_of(self, document: str) -> slice | None:
        """Where the passages of a document stand, in their order; None when it is not here."""
        place = self._place.get(document)
        if place is None:
            return None
        return slice(int(self.borders[place]), int(self.borders[place + 1]))

    def remove(self, document: str) -> tuple[int, int]:
        """How many passages died with the document, and how many terms they had."""
        rows = self.rows_of(document)
        if rows is None:
            return 0, 0
        del self._place[document]
        self.alive[rows] = False
        gone = rows.stop - rows.start
        self.dead += gone
        return gone, int(self.lengths[rows].sum())

    def occurrences(self, term: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
        """The living rows that have the term, and how often."""
        terms, starts, all_rows, all_counts = self._lists
        place = int(np.searchsorted(terms, term))
        if place == len(terms) or terms[place] != term:
            return all_rows[:0], all_counts[:0]
        found = slice(starts[place], starts[place + 1])
        rows, counts = all_rows[found], all_counts[found]
        if self.dead:
            living = self.alive[rows]
            return rows[living], counts[living]
        return rows, counts

    def only(self, documents: frozenset[str], values: Floats) -> Floats:
        """The values of rows in these documents; 0 in all other rows."""
        kept = np.zeros_like(values)
        for document in documents:
            if (rows := self.rows_of(document)) is not None:
                kept[rows] = values[rows]
        return kept

    def places(self, ids: Iterable[int]) -> Iterator[Place]:
        """Where each of the ids stands that lives here."""
        wanted = np.fromiter(ids, dtype=np.int64)
        places = np.searchsorted(self.ids, wanted, sorter=self._by_id)
        rows = self._by_id[np.minimum(places, len(self.ids) - 1)]
        here = (self.ids[rows] == wanted) & self.alive[rows]
        starts = np.searchsorted(self.borders, rows, side="right") - 1
        for row, place in zip(rows[here].tolist(), starts[here].tolist(), strict=True):
            first, end = int(self.borders[place]), int(self.borders[place + 1])
            beside = [near for near in (row - 1, row + 1) if first <= near < end]
            yield Place(int(self.ids[row]), row, beside, self.documents[place])

    def hits(self) -> "Hits":
        """What the lists hold of the living rows, numbered anew from 0."""
        terms, starts, rows, counts = self._lists
        every = np.repeat(terms, np.diff(starts))
        if not self.dead:
            return Hits(every, rows, counts)
        living = self.alive[rows]
        renumbered = (np.cumsum(self.alive) - 1).astype(np.int32)
        return Hits(every[living], renumbered[rows[living]], counts[living])


class Lists(NamedTuple):
    """For each term, in order, where its rows and counts start; one more start is the end."""

    terms: Numbers
    starts: Numbers
    rows: npt.NDArray[np.int32]
    counts: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Hits:
    """Which term occurs in which row how often; sorted by term, then by row."""

    terms: Numbers
    rows: npt.NDArray[np.int32]
    counts: npt.NDArray[np.uint8]

    def lists(self) -> Lists:
        """The same with each term once."""
        terms, starts = np.unique(self.terms, return_index=True)
        return Lists(terms, np.append(starts, len(self.terms)), self.rows, self.counts)


def of_texts(
    ids: Numbers, documents: Sequence[str], sizes: Sequence[int], texts: Sequence[Reading]
) -> Postings:
    """The postings of documents with so many passages each; a length counts terms, not pairs."""
    lengths = np.array([len(text.terms) for text in texts], dtype=np.int32)
    both = [len(text.terms) + len(text.pairs) for text in texts]
    terms = np.concatenate([np.empty(0, np.int64), *(part for text in texts for part in text)])
    rows = np.repeat(np.arange(len(texts), dtype=np.int32), both)
    order = np.lexsort((rows, terms))
    terms, rows = terms[order], rows[order]
    first = np.ones(len(terms), dtype=bool)
    first[1:] = (terms[1:] != terms[:-1]) | (rows[1:] != rows[:-1])
    starts = np.flatnonzero(first)
    counts = np.minimum(np.diff(np.append(starts, len(terms))), _MOST).astype(np.uint8)
    hits = Hits(terms[starts], rows[starts], counts)
    return Postings(ids, lengths, documents, sizes, hits.lists())


def merged(parts: Sequence[Postings]) -> Postings:
    """One stretch with the living rows of all; linear, because its parts are sorted already."""
    documents, sizes = [], []
    for part in parts:
        for document in part.documents:
            if (rows := part.rows_of(document)) is not None:
                documents.append(document)
                sizes.append(rows.stop - rows.start)
    hits = [part.hits() for part in parts]
    first = np.cumsum([0, *(len(part) - part.dead for part in parts)])
    terms = np.concatenate([each.terms for each in hits])
    shifted = [each.rows + start for each, start in zip(hits, first.tolist(), strict=False)]
    # Stable, so that rows stay in order within a term; sorted runs are merged, not sorted again.
    order = np.argsort(terms, kind="stable")
    together = Hits(
        terms[order],
        np.concatenate(shifted).astype(np.int32)[order],
        np.concatenate([each.counts for each in hits])[order],
    )
    return Postings(
        np.concatenate([part.ids[part.alive] for part in parts]),
        np.concatenate([part.lengths[part.alive] for part in parts]),
        documents,
        sizes,
        together.lists(),
    )
