"""What the same tokens would have cost: computed from prices, nothing invented."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from core.cheaper import (
    Cacheable,
    FewerPassages,
    caching_could_save,
    fewer_passages,
    on_other_models,
    saved_by_caching,
)
from core.llm.pricing import price
from core.store.sent_windows import Sent
from core.store.spending import Spend
from core.types import Budget, Item, Slice, Usage

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


NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def sent(
    minute: int,
    question: str,
    usage: Usage,
    *,
    system: int = 1_100,
    passages: tuple[int, ...] = (),
    cited: tuple[str, ...] = (),
    model: str = "openai:dear",
    conversation: str = "c1",
) -> Sent:
    given = tuple(Item(f"[{n}]", f"p{n}", size, ref=str(n)) for n, size in enumerate(passages, 1))
    window = Budget(
        8_000,
        (
            Slice("system", (Item("System", "Answer.", system, role="system"),), system),
            Slice("sources", given, sum(passages)),
            Slice("prompt", (Item("Your question", question, 10, role="user"),), 10),
        ),
    )
    at = NOON + timedelta(minutes=minute)
    return Sent(conversation, at, model, window, usage, frozenset(cited))


def flat(ref: str, usage: Usage) -> Decimal | None:
    """Dollars a token: fresh 4, from the cache 1, written to it 5, answered 8."""
    if ref != "openai:dear":
        return None
    fresh = usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens
    in_cache = usage.cached_tokens + usage.cache_write_tokens * 5
    return Decimal(fresh * 4 + in_cache + usage.output_tokens * 8)


def test_a_cache_could_have_had_the_beginning_that_was_read_twice_and_its_writing_is_paid() -> None:
    told = [sent(0, "a", Usage(1_200, 5)), sent(4, "b", Usage(1_200, 5))]
    assert caching_could_save(told, flat) == Cacheable(2, 1, 1_100, Decimal(1_100 * 3 - 1_100))


def test_what_a_cache_had_already_is_not_saved_again() -> None:
    told = [sent(0, "a", Usage(1_200, 5, 0, 1_100)), sent(4, "b", Usage(1_200, 5, 1_000, 0))]
    assert caching_could_save(told, flat) == Cacheable(2, 1, 100, Decimal(300))


def test_a_beginning_too_short_too_old_or_of_another_conversation_or_model_is_not_counted() -> None:
    usage = Usage(1_200, 5)
    nothing = Cacheable(2, 0, 0, Decimal(0))
    short = [sent(0, "a", usage, system=1_000), sent(1, "b", usage, system=1_000)]
    assert caching_could_save(short, flat) == nothing
    assert caching_could_save([sent(0, "a", usage), sent(6, "b", usage)], flat) == nothing
    elsewhere = [sent(0, "a", usage), sent(1, "b", usage, conversation="c2")]
    assert caching_could_save(elsewhere, flat) == nothing
    assert caching_could_save([sent(0, "a", usage, model="openai:x")], flat) is None


def test_at_real_prices_a_cache_saves_nine_tenths_of_what_is_read_again() -> None:
    told = [sent(0, "a", Usage(1_200, 5)), sent(1, "b", Usage(1_200, 5))]
    told = [replace(each, model="openai:gpt-5") for each in told]
    found = caching_could_save(told, price)
    assert found and found.less == Decimal("1100") * (Decimal("1.25") - Decimal("0.125")) / 10**6


def test_passages_that_nothing_cites_and_the_lower_half_are_what_fewer_would_save() -> None:
    told = [
        sent(0, "a", Usage(500, 5), passages=(100, 80, 60), cited=("1", "3")),
        sent(1, "b", Usage(400, 5), passages=(50, 40), cited=("1",)),
        sent(2, "c", Usage(400, 5)),
        sent(3, "d", Usage(400, 5), passages=(50, 40), model="openai:x"),
    ]
    assert fewer_passages(told, flat) == FewerPassages(
        2, 330, 80 + 40, Decimal(480), 60 + 40, Decimal(400), 1
    )
    assert fewer_passages(told[2:], flat) is None
