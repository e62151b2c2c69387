"""Counts of a model whose vocabulary nobody has are learned from what its vendor reports."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tokens.calibration import Calibration, learn
from core.tokens.counter import Counter
from tests.core.tokens.test_token_counter import FOLDER

CLAUDE = "anthropic:claude-haiku-5-5"
TEXT = "The ghost light burns at the centre of the empty stage."


@pytest.fixture
def counter() -> Counter:
    return Counter(Path(FOLDER))


def test_the_ratio_is_the_middle_one_and_the_error_is_told() -> None:
    found = learn([(100, 120), (200, 240), (50, 60), (80, 96), (1000, 5000)])
    assert found == Calibration(pytest.approx(1.2), pytest.approx(0.0), 5)
    spread = learn([(100, 110), (100, 115), (100, 120), (100, 125), (100, 130)])
    assert spread and spread.error == pytest.approx(0.043, abs=0.002)


def test_few_answers_or_absurd_ones_teach_nothing() -> None:
    assert learn([(100, 120)] * 4) is None
    assert learn([(100, 120)] * 4 + [(0, 50), (100, 0)]) is None
    assert learn([(100, 900)] * 9) is None


def test_an_estimate_is_multiplied_and_rounded_up(counter: Counter) -> None:
    plain = counter.count(TEXT, CLAUDE)
    counter.calibrate(CLAUDE, Calibration(1.25, 0.02, 9))
    assert counter.count(TEXT, CLAUDE) == -(-plain * 5 // 4)
    assert counter.count(TEXT, "anthropic:another") == plain
    counter.calibrate(CLAUDE, None)
    assert counter.count(TEXT, CLAUDE) == plain


def test_what_is_exact_stays_as_it_is(counter: Counter) -> None:
    plain = counter.count(TEXT, "openai:gpt-4o")
    counter.calibrate("openai:gpt-4o", Calibration(1.25, 0.02, 9))
    assert counter.count(TEXT, "openai:gpt-4o") == plain


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), max_size=12))
def test_a_ratio_is_always_one_that_can_be(pairs: list[tuple[int, int]]) -> None:
    found = learn(pairs)
    assert found is None or (1 <= found.ratio <= 3 and found.error >= 0)


def test_a_vendor_that_counts_less_never_lowers_what_is_reserved() -> None:
    found = learn([(100, 80)] * 5)
    assert found == Calibration(1.0, pytest.approx(0.25), 5)
