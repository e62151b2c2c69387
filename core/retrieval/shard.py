"""The vectors of one user in memory: a flat FAISS index, and which document each belongs to."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from core.retrieval.embed import Vectors

Ids = npt.NDArray[np.int64]
Rows = list[tuple[str, Ids, Vectors]]
"""For each document its ids and their vectors."""


class Shard:
    """Not safe to share between threads: its owner holds the lock."""

    def __init__(self, dimension: int) -> None:
        import faiss

        self._faiss: Any = faiss
        # The outer index keeps no reference of its own to the inner one.
        self._flat = faiss.IndexFlatIP(dimension)
        self._index = faiss.IndexIDMap2(self._flat)
        self._documents: dict[str, set[int]] = {}
        self._document_of: dict[int, str] = {}
        self.version = 0

    def add(self, ids: Ids, vectors: Vectors, document: str) -> None:
        """Add or replace; FAISS itself would keep an id twice."""
        _, last = np.unique(ids[::-1], return_index=True)
        places = np.sort(len(ids) - 1 - last)
        ids, vectors = ids[places], vectors[places]
        self._drop([number for number in ids.tolist() if number in self._document_of])
        self._index.add_with_ids(vectors, ids)
        self._documents.setdefault(document, set()).update(ids.tolist())
        self._document_of.update(dict.fromkeys(ids.tolist(), document))
        self.version += 1

    def remove(self, document: str) -> bool:
        """Whether there was something to remove."""
        ids = self._documents.get(document)
        if not ids:
            return False
        self._drop(list(ids))
        self.version += 1
        return True

    def _drop(self, ids: Iterable[int]) -> None:
        gone = np.fromiter(ids, dtype=np.int64)
        if not len(gone):
            return
        self._index.remove_ids(self._faiss.IDSelectorBatch(gone))
        for number in gone.tolist():
            document = self._document_of.pop(number)
            self._documents[document].discard(number)
            if not self._documents[document]:
                del self._documents[document]

    def search(
        self, vector: Vectors, k: int, documents: frozenset[str] | None
    ) -> list[tuple[int, float]]:
        """The filter works inside of the search, so that results are never short."""
        there = len(self._document_of)
        options = {}
        if documents is not None and not documents >= self._documents.keys():
            wanted = [self._documents[d] for d in documents if d in self._documents]
            there = sum(map(len, wanted))
            allowed = np.fromiter((n for ids in wanted for n in ids), np.int64, there)
            selector = self._faiss.IDSelectorBatch(allowed)
            options["params"] = self._faiss.SearchParameters(sel=selector)
        if not there:
            return []
        with self._one_thread():
            scores, ids = self._index.search(vector[None, :], min(k, there), **options)
        found = zip(ids[0].tolist(), scores[0].tolist(), strict=True)
        return sorted(((n, s) for n, s in found if n >= 0), key=lambda hit: (-hit[1], hit[0]))

    def vectors(self, ids: Iterable[int]) -> dict[int, Vectors]:
        """The vectors of those ids that are there."""
        return {n: self._index.reconstruct(n) for n in ids if n in self._document_of}

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

    def rows(self) -> Rows:
        """A copy of everything."""
        ids = self._faiss.vector_to_array(self._index.id_map).astype(np.int64)
        vectors = self._flat.reconstruct_n(0, len(ids)) if len(ids) else None
        place = {number: at for at, number in enumerate(ids.tolist())}
        rows: Rows = []
        for document, numbers in sorted(self._documents.items()):
            places = sorted(place[number] for number in numbers)
            if vectors is not None:
                rows.append((document, ids[places], vectors[places]))
        return rows
