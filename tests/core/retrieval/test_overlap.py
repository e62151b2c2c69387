"""A passage is found again however its document is cut."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.retrieval.overlap import overlaps

NOTICE = "The notice period is sixty days, counted from the day on which the letter arrives."
WORDS = [f"word{n}" for n in range(120)]


def test_a_piece_a_whole_and_another_passage() -> None:
    assert overlaps(NOTICE, f"# Notice\n\n{NOTICE} The fee is low.")
    assert overlaps(NOTICE, "The notice period\nis sixty  days, counted from the day")
    assert overlaps(NOTICE, NOTICE.upper())
    assert not overlaps(NOTICE, "The fee is due on the day on which the show opens.")
    assert not overlaps(NOTICE, "days")
    assert not overlaps(NOTICE, "")


def test_scripts_without_spaces_are_compared_by_their_signs() -> None:
    text = "通知期間は六十日とし、書面が到着した日から数える。"
    assert overlaps(text, text[3:])
    assert not overlaps(text, "料金は公演の初日に支払う。通知は不要。")


def test_signs_without_words_are_the_same_or_not() -> None:
    assert overlaps("→ ∑", "→  ∑")
    assert not overlaps("→ ∑", "∑ →")


@given(
    st.integers(0, 110),
    st.integers(4, 60),
    st.sets(st.integers(1, len(WORDS) // 4 - 1)),
)
def test_of_the_pieces_of_any_cut_one_overlaps_any_passage(
    start: int, length: int, cuts: set[int]
) -> None:
    passage = " ".join(WORDS[start : start + length])
    borders = [0, *sorted(4 * cut for cut in cuts), len(WORDS)]
    pieces = list(pairwise(borders))
    found = [overlaps(passage, " ".join(WORDS[a:b])) for a, b in pieces]
    assert any(found)
    far = [b <= start or a >= start + length for a, b in pieces]
    assert not any(hit and apart for hit, apart in zip(found, far, strict=True))
