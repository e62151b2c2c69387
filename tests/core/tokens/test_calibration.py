"""Counts of a model whose vocabulary nobody has are learned from what its vendor reports."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.tokens.calibration import Calibration, learn
from core.tokens.counter import Counter
from core.types import message
from tests.core.tokens.test_token_counter import FOLDER

CLAUDE = "anthropic:claude-haiku-5-5"
TEXT = "The ghost light burns at the centre of the empty stage."


@pytest.fixture
def counter() -> Counter:
    return Counter(Path(FOLDER))


def plain(pairs: list[tuple[float, int]]) -> list[tuple[float, int, int, int]]:
    """Answers of which only the texts count."""
    return [(counted, 0, 0, reported) for counted, reported in pairs]


def test_the_ratio_is_the_middle_one_and_the_error_is_told() -> None:
    found = learn(plain([(100, 120), (200, 240), (50, 60), (80, 96), (1000, 5000)]))
    assert found and found.samples == 5
    assert (found.ratio, found.error) == (pytest.approx(1.2, abs=1e-3), pytest.approx(0, abs=1e-3))
    assert found.plain == pytest.approx(1 / 6)
    spread = learn(plain([(100, 110), (100, 115), (100, 120), (100, 125), (100, 130)]))
    assert spread and spread.error == pytest.approx(0.043, abs=0.002)


def test_few_answers_or_absurd_ones_teach_nothing() -> None:
    assert learn(plain([(100, 120)] * 4)) is None
    assert learn(plain([(100, 120)] * 4 + [(0, 50), (100, 0)])) is None
    assert learn(plain([(100, 900)] * 9)) is None


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
    found = learn(plain(pairs))
    assert found is None or (1 <= found.ratio <= 3 and found.error >= 0)


def test_a_vendor_that_counts_less_never_lowers_what_is_reserved() -> None:
    found = learn(plain([(100, 80)] * 5))
    assert found == Calibration(1.0, pytest.approx(0.25), 5, plain=pytest.approx(0.25))


@settings(max_examples=60, deadline=None)
@given(
    st.floats(1.0, 1.8),
    st.integers(4, 20),
    st.integers(8, 120),
    st.lists(
        st.tuples(st.integers(50, 4_000), st.integers(2, 20), st.integers(0, 6)),
        min_size=12,
        max_size=30,
    ),
    st.integers(0, 11),
)
def test_what_a_vendor_adds_is_learned_and_one_odd_answer_moves_nothing(
    ratio: float, each: int, tool: int, asked: list[tuple[int, int, int]], odd: int
) -> None:
    # However the answers lie, and of a kind that tells the three apart.
    asked = [*asked, (100, 2, 0), (100, 20, 0), (100, 2, 6), (4_000, 2, 0), (2_000, 9, 3)] * 2
    told = [(t, m, n, round(t * ratio + m * each + n * tool)) for t, m, n in asked]
    told[odd] = (*told[odd][:3], told[odd][3] * 4)
    found = learn(told)
    assert found is not None
    assert found.error <= 0.01
    assert found.error <= found.plain + 1e-3
    assert found.ratio == pytest.approx(ratio, rel=0.05)
    for text, messages, tools in asked[:5]:
        meant = text * ratio + messages * each + tools * tool
        ours = text * found.ratio + messages * found.message + tools * found.tool
        assert ours == pytest.approx(meant, rel=0.05)


def test_messages_and_tools_are_counted_with_what_was_learned(counter: Counter) -> None:
    counter.calibrate(CLAUDE, Calibration(1.0, 0.0, 9, message=6.2, tool=40.0))
    words = counter.count(TEXT, CLAUDE)
    assert counter.count_message(message("user", TEXT), CLAUDE) == words + 7
    assert counter.count_tool(TEXT, CLAUDE) == words + 40
    assert counter.count_tool(TEXT, "openai:another") == words + 8
    assert counter.count_tool(TEXT, "anthropic:another") == words + 350, "on the safe side"
