"""Which terms a text is found by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.retrieval.indexes.terms import Terms

TERMS = Terms()


def found_by(text: str, question: str) -> bool:
    return bool(set(TERMS.read(text).terms) & set(TERMS.asked(question).terms))


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("They were installing lamps.", "Who installed them?"),
        ("DiffExecutor::run_target(input)", "target"),
        ("DiffExecutor::run_target(input)", "runs the diff executor"),
        ("readHTTPHeader2", "the header"),
        ("fn run_target()", "What does RUN_TARGET do?"),
        ("see config.json", "json"),
        ("self.foo_bar()", "foo_bar"),
        ("the U.S. economy", "US"),
        ("the DiffExecutor's field", "DiffExecutor"),
        ("President Biden’s plan", "Biden"),
        ("a fee of 1,234.5 dollars", "1234.5"),
        ("Python 3.11", "3.11"),
        ("Überraschung", "uberraschung"),
        ("naïve café", "naive"),
        ("東京都へ行く", "東京"),
        ("both APIs", "api"),
        ("it was the IT department", "IT"),
        ("ﬁnance", "finance"),
    ],
)
def test_a_text_is_found_however_its_words_are_written(text: str, question: str) -> None:
    assert found_by(text, question)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("a fee of 1,234 dollars", "234"),
        ("Python 3.11", "11"),
        ("what is the purpose of it", "what is the gel of it"),
        ("京の東", "東京"),
        ("planet", "plan"),
    ],
)
def test_a_text_is_not_found_by_what_it_does_not_say(text: str, question: str) -> None:
    assert not found_by(text, question)


def test_a_question_of_common_words_alone_keeps_them() -> None:
    assert found_by("To be or not to be", "to be or not to be")


def test_a_pair_has_an_order_and_skips_common_words() -> None:
    def pairs(text: str) -> list[int]:
        return TERMS.read(text).pairs.tolist()

    assert pairs("fees of cancellation") == pairs("the fee for cancellations")
    assert pairs("fees of cancellation") != pairs("the cancellation fee")
    assert len(pairs("the DiffExecutor runs the run_target method")) == 3
    assert pairs("lamp") == pairs("") == []


@given(st.text())
def test_any_text_has_terms_of_63_bits_that_are_the_same_each_time(text: str) -> None:
    read, again = TERMS.read(text), Terms().read(text)
    for numbers, same in zip(read, again, strict=True):
        assert numbers.tolist() == same.tolist()
        assert all(0 <= number < 2**63 for number in numbers.tolist())
