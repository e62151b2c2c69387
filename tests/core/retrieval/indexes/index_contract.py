"""What every engine of vector search promises; an engine's tests inherit from this class."""

import threading
from typing import Any

import numpy as np
import pytest

from core.errors import Misuse
from core.retrieval.embed import Vectors
from core.retrieval.indexes.index import VectorIndex

DIMENSION = 8


def unit(count: int, seed: int = 0) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def ids(*numbers: int) -> Any:
    return np.array(numbers, dtype=np.int64)


def found(hits: list[tuple[int, float]]) -> list[int]:
    return [number for number, _ in hits]


class IndexContract:
    """Needs a fixture `index`: an empty engine of `DIMENSION` dimensions."""

    def test_the_nearest_comes_first_with_its_cosine(self, index: VectorIndex) -> None:
        vectors = unit(20)
        index.add("ann", np.arange(20), vectors, "doc")
        hits = index.search("ann", vectors[7], 3, None)
        assert hits[0] == (7, pytest.approx(1.0, abs=1e-5))
        assert [score for _, score in hits] == sorted((s for _, s in hits), reverse=True)

    def test_results_are_never_short_and_never_padded(self, index: VectorIndex) -> None:
        index.add("ann", ids(1, 2, 3), unit(3), "doc")
        assert sorted(found(index.search("ann", unit(1)[0], 10, None))) == [1, 2, 3]
        assert index.search("ann", unit(1)[0], 0, None) == []

    def test_an_empty_index_finds_nothing(self, index: VectorIndex) -> None:
        assert index.search("ann", unit(1)[0], 5, None) == []

    def test_nobody_finds_what_is_somebody_elses(self, index: VectorIndex) -> None:
        index.add("ann", ids(1), unit(1), "doc")
        index.add("bob", ids(2), unit(1), "doc")
        assert found(index.search("ann", unit(1)[0], 9, None)) == [1]
        index.remove("ann", "doc")
        assert found(index.search("bob", unit(1)[0], 9, None)) == [2]

    def test_the_documents_are_chosen_inside_of_the_search(self, index: VectorIndex) -> None:
        for number in range(10):
            index.add(
                "ann", np.arange(number * 10, number * 10 + 10), unit(10, number), f"d{number}"
            )
        hits = index.search("ann", unit(10, 3)[0], 10, frozenset({"d7", "gone"}))
        assert sorted(found(hits)) == list(range(70, 80))
        assert index.search("ann", unit(1)[0], 5, frozenset({"gone"})) == []
        assert index.search("ann", unit(1)[0], 5, frozenset()) == []

    def test_adding_twice_is_adding_once(self, index: VectorIndex) -> None:
        for _ in range(2):
            index.add("ann", ids(5, 5, 6), unit(3), "doc")
        assert sorted(found(index.search("ann", unit(3)[1], 9, None))) == [5, 6]
        assert index.search("ann", unit(3)[1], 1, None)[0][0] == 5

    def test_an_id_that_moves_to_another_document_leaves_the_first(
        self, index: VectorIndex
    ) -> None:
        index.add("ann", ids(1), unit(1), "old")
        index.add("ann", ids(1), unit(1), "new")
        index.remove("ann", "old")
        assert found(index.search("ann", unit(1)[0], 9, frozenset({"new"}))) == [1]

    def test_what_is_removed_is_gone_at_once_and_may_be_removed_again(
        self, index: VectorIndex
    ) -> None:
        index.add("ann", ids(1, 2), unit(2), "a")
        index.add("ann", ids(3), unit(1, 9), "b")
        for _ in range(2):
            index.remove("ann", "a")
        index.remove("nobody", "a")
        assert found(index.search("ann", unit(2)[0], 9, None)) == [3]

    def test_no_vectors_are_no_mistake(self, index: VectorIndex) -> None:
        index.add("ann", ids(), unit(0), "empty")
        assert index.search("ann", unit(1)[0], 5, None) == []

    def test_vectors_that_do_not_fit_are_refused(self, index: VectorIndex) -> None:
        with pytest.raises(Misuse):
            index.add("ann", ids(1), np.zeros((1, DIMENSION + 1), np.float32), "doc")
        with pytest.raises(Misuse):
            index.add("ann", ids(1, 2), unit(1), "doc")
        with pytest.raises(Misuse):
            index.add("ann", ids(1), np.full((1, DIMENSION), np.nan, np.float32), "doc")
        with pytest.raises(Misuse):
            index.search("ann", np.zeros(DIMENSION + 1, np.float32), 1, None)

    def test_it_may_be_shared_by_threads(self, index: VectorIndex) -> None:
        wrong: list[str] = []

        def work(user: str) -> None:
            for number in range(30):
                index.add(user, np.arange(5) + 5 * number, unit(5, number), f"d{number}")
                if number % 3 == 0:
                    index.remove(user, f"d{number}")
                if len(index.search(user, unit(1)[0], 3, None)) not in (0, 3):
                    wrong.append(user)
            if len(index.search(user, unit(1)[0], 1000, None)) != 100:
                wrong.append(user)

        threads = [threading.Thread(target=work, args=(f"user{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        index.snapshot(1)
        for thread in threads:
            thread.join()
        assert wrong == []
