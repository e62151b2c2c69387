"""What the same tokens would have cost: computed from prices, nothing invented."""

from decimal import Decimal

from core.cheaper import on_other_models, saved_by_caching
from core.store.spending import Spend
from core.types import Usage

PER_TOKEN = {"openai:dear": (4, 1, 8), "openai:cheap": (2, 1, 4), "local:free": (0, 0, 0)}


def price_of(ref: str, usage: Usage) -> Decimal | None:
    """Dollars a token: fresh, cached, answered; a window above 1,000 tokens costs double."""
    if ref not in PER_TOKEN:
        return None
    fresh, cached, answered = PER_TOKEN[ref]
    sent = (usage.input_tokens - usage.cached_tokens) * fresh + usage.cached_tokens * cached
    return Decimal(
        (sent + usage.output_tokens * answered) * (2 if usage.input_tokens > 1000 else 1)
    )


def spend(name: str, cost: str | None, unpriced: int = 0) -> Spend:
    known = None if cost is None else Decimal(cost)
    return Spend(name, 10, unpriced, 9_000, 1_000, 4_000, 0, 0, known)


def test_the_same_tokens_on_a_cheaper_model_without_its_cache_and_without_a_long_windows_price() -> (
    None
):
    used = [spend("openai:dear", "32000"), spend("openai:x", None, 10), spend("local:free", "0")]
    (only,) = on_other_models(
        used, ["openai:cheap", "openai:dear", "local:free", "no:price"], price_of
    )
    assert (only.ref, only.cost, only.less) == ("openai:cheap", Decimal(22_000), Decimal(10_000))


def test_calls_without_a_price_are_left_out_on_both_sides() -> None:
    (only,) = on_other_models([spend("openai:dear", "28800", 1)], ["openai:cheap"], price_of)
    assert (only.cost, only.less) == (Decimal(19_800), Decimal(9_000))


def test_what_a_cache_saved_is_the_price_without_it_less_the_price_with_it() -> None:
    assert saved_by_caching([spend("openai:dear", "32000")], price_of) == Decimal(12_000)
    assert saved_by_caching([spend("openai:x", "1")], price_of) is None
    assert saved_by_caching([], price_of) is None
