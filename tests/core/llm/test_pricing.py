"""Prices are decimals, and an unknown one is None."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.llm.pricing import info, local, price, served, worst_case
from core.types import Price, Usage

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Entered:
    """A price as a user enters it."""

    input: Decimal
    output: Decimal
    cached: Decimal | None = None
    cache_write: Decimal | None = None


@pytest.mark.parametrize(
    ("ref", "read", "written", "window"),
    [
        ("openai:gpt-6-luna", "0.1", "0.5", 1_050_000),
        ("openai:gpt-6.1-sol", "2", "10", 1_050_000),
        ("anthropic:claude-haiku-5-5", "0.1", "0.5", 1_000_000),
        ("anthropic:claude-sonnet-5-5", "2", "10", 1_000_000),
        ("anthropic:claude-opus-5-5", "4", "20", 1_000_000),
    ],
)
def test_the_default_models_are_known(ref: str, read: str, written: str, window: int) -> None:
    provider, _, model = ref.partition(":")
    found = info(provider, model)
    assert found.price == Price(Decimal(read), Decimal(written))
    assert (found.ref, found.window) == (ref, window)
    assert price(ref, Usage(1000, 100)) == (Decimal(read) * 1000 + Decimal(written) * 100) / MILLION


def test_cached_tokens_cost_what_cached_tokens_cost() -> None:
    usage = Usage(1000, 0, cached_tokens=400, cache_write_tokens=100)
    expected = (500 * Decimal("0.1") + 400 * Decimal("0.01") + 100 * Decimal("0.125")) / MILLION
    assert price("openai:gpt-6-luna", usage) == expected


def test_a_tier_is_a_cliff_on_the_whole_request() -> None:
    below = price("openai:gpt-6-luna", Usage(272_000, 0))
    above = price("openai:gpt-6-luna", Usage(272_001, 0))
    assert below is not None
    assert above is not None
    assert above > 2 * below * Decimal("0.99")


@pytest.mark.parametrize("ref", ["openai:gpt-99", "compatible:llama", "nobody:x", "openai:"])
def test_an_unknown_price_is_none_and_never_zero(ref: str) -> None:
    assert price(ref, Usage(10, 10)) is None
    assert worst_case(ref, 10, 10) is None


@pytest.mark.parametrize("ref", ["local:qwen", "quotes", "scripted", "scripted:m", "ollama:llama3"])
def test_what_runs_here_costs_nothing(ref: str) -> None:
    assert price(ref, Usage(10, 10)) == Decimal(0)
    assert worst_case(ref, 10, 10) == Decimal(0)


@given(
    read=st.integers(0, 2 * MILLION),
    written=st.integers(0, 100_000),
    shares=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_no_answer_costs_more_than_was_reserved(
    read: int, written: int, shares: tuple[float, float]
) -> None:
    cached = int(read * shares[0])
    stored = int((read - cached) * shares[1])
    for ref in ("openai:gpt-6-luna", "anthropic:claude-haiku-5-5"):
        cost = price(ref, Usage(read, written, cached, stored))
        worst = worst_case(ref, read, written)
        assert cost is not None
        assert worst is not None
        assert cost <= worst


def test_an_unknown_model_is_passed_through_with_a_careful_window() -> None:
    found = info("openai", "gpt-99")
    assert (found.id, found.price, found.note) == ("gpt-99", None, "price unknown")
    assert found.window == 32_768


def test_what_is_no_model_says_so() -> None:
    assert not info("quotes", "quotes").is_model
    assert info("scripted", "scripted").ref == "scripted"
    assert local("qwen", window=4096).price == Price(Decimal(0), Decimal(0))


def test_a_compatible_server_is_free_only_on_this_machine() -> None:
    here = served("ollama", "llama3", window=None)
    there = served("compatible", "llama3", window=65_536)
    assert here.price == Price(Decimal(0), Decimal(0))
    assert (there.price, there.window) == (None, 65_536)


def test_what_the_user_says_it_costs_goes_before_every_table() -> None:
    entered = Entered(Decimal(3), Decimal(7), cached=Decimal(1), cache_write=Decimal(5))
    usage = Usage(1000, 100, cached_tokens=400, cache_write_tokens=100, reasoning_tokens=80)
    expected = Decimal(500 * 3 + 400 * 1 + 100 * 5 + 100 * 7) / MILLION
    for ref in ("openai:gpt-6-luna", "openai:gpt-99", "compatible:llama", "ollama:llama3"):
        assert price(ref, usage, entered) == expected


def test_a_cache_without_a_price_of_its_own_costs_what_input_costs() -> None:
    usage = Usage(1000, 0, cached_tokens=400, cache_write_tokens=100)
    assert price("openai:gpt-99", usage, Entered(Decimal(3), Decimal(7))) == Decimal("0.003")
    free = Entered(Decimal(3), Decimal(7), cached=Decimal(0))
    assert price("openai:gpt-99", usage, free) == Decimal("0.0018")


PRICES = st.decimals(0, 10_000, places=4)


@given(
    entered=st.builds(Entered, PRICES, PRICES, st.none() | PRICES, st.none() | PRICES),
    read=st.integers(0, 2 * MILLION),
    written=st.integers(0, 100_000),
    shares=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_no_answer_costs_more_than_was_reserved_by_the_price_that_was_entered(
    entered: Entered, read: int, written: int, shares: tuple[float, float]
) -> None:
    cached = int(read * shares[0])
    stored = int((read - cached) * shares[1])
    cost = price("compatible:m", Usage(read, written, cached, stored), entered)
    worst = worst_case("compatible:m", read, written, entered)
    assert cost is not None
    assert worst is not None
    assert cost <= worst
