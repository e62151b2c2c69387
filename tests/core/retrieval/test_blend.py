"""One order from two searches, without saying anything twice."""

from collections.abc import Iterable, Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.retrieval.blend import Blend, choose, fold, fuse
from core.retrieval.indexes.wordshard import WordMatches
from core.types import Candidate

PLAIN = Blend(meaning=0.4, beside=0.0, document=0.0)


def order(found: Iterable[Candidate]) -> list[int]:
    return [each.chunk_id for each in found]


def test_a_passage_that_both_searches_like_comes_before_the_first_of_each() -> None:
    words = WordMatches((2, 3), 9.0, {1: 0.0, 2: 4.0, 3: 3.9})
    found = fuse([1, 3, 2], {1: 0.8, 3: 0.7, 2: 0.2}, words, PLAIN)
    assert order(found) == [3, 2, 1]
    assert found[0] == Candidate(3, 2, 0.7, 2, 3.9, pytest.approx(0.4 * 5 / 6 + 0.6 * 3.9 / 4))


def test_a_rank_is_none_where_a_search_did_not_bring_the_passage() -> None:
    words = WordMatches((7,), 9.0, {7: 2.0, 1: 0.0})
    found = {each.chunk_id: each for each in fuse([1], {1: 0.5, 7: 0.1}, words, PLAIN)}
    assert (found[1].dense_rank, found[1].word_rank, found[1].word_score) == (1, None, 0.0)
    assert (found[7].dense_rank, found[7].word_rank, found[7].dense_score) == (None, 1, 0.1)


def test_without_a_shared_word_the_order_is_that_of_the_meaning() -> None:
    found = fuse([5, 4, 9], {5: 0.9, 4: 0.5, 9: 0.1}, WordMatches(), Blend())
    assert order(found) == [5, 4, 9]


def test_of_two_alike_the_one_beside_a_better_passage_wins() -> None:
    scores = {1: 1.0, 2: 1.0, 3: 5.0, 8: 0.0}
    words = WordMatches((3, 1, 2), 9.0, scores, {2: (3,), 1: (8,), 3: (2,)})
    cosines = dict.fromkeys(scores, 0.5)
    assert order(fuse([1, 2, 3], cosines, words, PLAIN)) == [3, 1, 2]
    assert order(fuse([1, 2, 3], cosines, words, Blend(document=0.0))) == [3, 2, 1]


def test_of_two_alike_the_one_in_the_document_that_fits_wins() -> None:
    scores = {1: 1.0, 2: 1.0, 3: 5.0}
    words = WordMatches((3, 1, 2), 9.0, scores, {}, {1: "other", 2: "fits", 3: "fits"})
    assert order(fuse([1, 2, 3], dict.fromkeys(scores, 0.5), words, Blend())) == [3, 2, 1]


def test_a_passage_that_was_deleted_meanwhile_is_no_candidate() -> None:
    words = WordMatches((2, 1), 9.0, {1: 1.0, 2: 2.0}, {1: (2,), 2: (1,)})
    assert order(fuse([1, 2], {1: 0.5}, words, Blend())) == [1]


@given(
    st.dictionaries(st.integers(0, 20), st.tuples(st.floats(-1, 1), st.floats(0, 30)), max_size=12),
    st.floats(0, 1),
)
def test_a_fused_score_is_a_share_and_sorts_the_candidates(
    passages: dict[int, tuple[float, float]], meaning: float
) -> None:
    cosines = {number: cosine for number, (cosine, _) in passages.items()}
    scores = {number: score for number, (_, score) in passages.items()}
    around = {
        number: tuple(n for n in (number - 1, number + 1) if n in scores) for number in scores
    }
    nearest = sorted(cosines, key=lambda number: -cosines[number])
    best = tuple(sorted((n for n in scores if scores[n] > 0), key=lambda n: -scores[n]))
    words = WordMatches(best, 99.0, scores, around, dict.fromkeys(scores, "d"))
    found = fuse(nearest, cosines, words, Blend(meaning=meaning))
    assert sorted(order(found)) == sorted(passages)
    fused = [each.fused for each in found]
    assert fused == sorted(fused, reverse=True)
    assert all(-1e-9 <= score <= 1 + 1e-9 for score in fused)


def candidates(*numbers: int) -> list[Candidate]:
    return [Candidate(n, 1, 0.5, 1, 1.0, 1 - place / 10) for place, n in enumerate(numbers)]


def vectors(**angles: float) -> dict[int, np.ndarray]:
    return {
        int(name[1:]): np.array([np.cos(angle), np.sin(angle)], np.float32)
        for name, angle in angles.items()
    }


TEXTS = {
    1: "The notice period is 60 days for both sides.",
    2: "The  notice period is 60 days, for both sides!",
    3: "The notice period is 90 days for both sides.",
    4: "Something else.",
}


def texts(ids: Iterable[int]) -> Mapping[int, str]:
    return {number: TEXTS[number] for number in ids}


def test_a_passage_that_repeats_a_better_one_is_folded_but_not_one_with_another_number() -> None:
    near = vectors(p1=0.0, p2=0.01, p3=0.02, p4=0.03)
    folded = fold(candidates(1, 3, 2, 4), near, texts)
    assert [(each.chunk_id, each.duplicate_of) for each in folded] == [
        (1, None),
        (3, None),
        (2, 1),
        (4, None),
    ]
    assert order(choose(folded, near, 9, 0.0)) == [1, 3, 4]


def test_texts_are_asked_only_where_vectors_are_near() -> None:
    asked: list[int] = []

    def read(ids: Iterable[int]) -> Mapping[int, str]:
        asked.extend(ids)
        return texts(asked)

    fold(candidates(1, 2, 4), vectors(p1=0.0, p2=0.1, p4=2.0), read)
    assert sorted(asked) == [1, 2]
    assert fold([], {}, read) == []


def test_with_diversity_a_different_passage_comes_before_one_more_of_the_same() -> None:
    found, near = candidates(1, 3, 4), vectors(p1=0.0, p3=0.2, p4=1.5)
    assert order(choose(found, near, 2, 0.0)) == [1, 3]
    assert order(choose(found, near, 2, 0.5)) == [1, 4]
    assert order(choose(found, near, 9, 0.5)) == [1, 4, 3]
    assert choose([], {}, 3, 0.5) == []
