"""Prices that the user enters, and the meter that charges by them."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from core.errors import BudgetExceeded, Refused
from core.llm.pricing import worst_case
from core.metering import TurnMeter
from core.store.caps import Caps
from core.store.ledger import Ledger
from core.store.price_overrides import PriceOverride, PriceOverrides
from core.types import Usage
from tests.core.store.stories import ME

REF = "compatible:llama"
OURS = PriceOverride(REF, Decimal("0.2"), Decimal("0.8"), cached=Decimal("0.02"))


def meter(engine: Engine, **fields: str) -> TurnMeter:
    prices = PriceOverrides(engine)
    return TurnMeter(Ledger(engine), ME, "t1", "c1", override=prices.get, **fields)


def test_a_price_is_entered_replaced_and_taken_away_by_its_user_alone(engine: Engine) -> None:
    prices = PriceOverrides(engine)
    assert prices.get(ME, REF) is None
    prices.set(ME, OURS)
    prices.set(ME, PriceOverride("openai:gpt-99", Decimal(1), Decimal(2)))
    changed = replace(OURS, output=Decimal("1.23456789"), cached=None)
    prices.set(ME, changed)
    assert prices.get(ME, REF) == changed
    assert [price.ref for price in prices.list(ME)] == [REF, "openai:gpt-99"]
    assert prices.get("somebody else", REF) is None
    prices.remove("somebody else", REF)
    prices.remove(ME, "openai:gpt-99")
    assert prices.list(ME) == (changed,)


@pytest.mark.parametrize("wrong", ["-0.01", "NaN", "Infinity", "10000.01"])
@pytest.mark.parametrize("field", ["input", "output", "cached", "cache_write"])
def test_a_price_that_is_none_is_refused(engine: Engine, field: str, wrong: str) -> None:
    with pytest.raises(Refused, match="a price is 0 to 10,000 dollars for a million tokens"):
        PriceOverrides(engine).set(ME, replace(OURS, **{field: Decimal(wrong)}))
    assert PriceOverrides(engine).list(ME) == ()


@pytest.mark.parametrize("ref", ["", "llama", "compatible:", ":llama"])
def test_a_price_of_no_model_is_refused(engine: Engine, ref: str) -> None:
    with pytest.raises(Refused, match="names no model"):
        PriceOverrides(engine).set(ME, replace(OURS, ref=ref))


async def test_a_model_without_a_price_may_be_asked_under_a_cap_once_one_is_entered(
    engine: Engine,
) -> None:
    Caps(engine).set(ME, "day", Decimal(1))
    with pytest.raises(BudgetExceeded, match="price of this model is not known"):
        await meter(engine).reserve(REF, 1000, 100)
    PriceOverrides(engine).set(ME, OURS)
    row = await meter(engine).reserve(REF, 1000, 100)
    [booked] = Ledger(engine).rows(ME)
    assert booked.reserved == worst_case(REF, 1000, 100, OURS) == Decimal("0.00033")
    await meter(engine).settle(row, REF, Usage(1000, 50, cached_tokens=400))
    [booked] = Ledger(engine).rows(ME)
    assert (booked.state, booked.cost) == ("settled", Decimal("0.000168"))


async def test_a_price_taken_away_in_mid_call_leaves_its_worst_case_on_the_accounts(
    engine: Engine,
) -> None:
    caps = Caps(engine)
    caps.set(ME, "day", Decimal(1))
    PriceOverrides(engine).set(ME, OURS)
    row = await meter(engine).reserve(REF, 1000, 100)
    PriceOverrides(engine).remove(ME, REF)
    await meter(engine).settle(row, REF, Usage(1000, 50))
    state = caps.state(ME, "day")
    assert state and (state.spent, state.reserved) == (Decimal("0.00033"), 0)


async def test_a_key_a_link_and_a_visitor_pay_with_the_owner(engine: Engine) -> None:
    PriceOverrides(engine).set(ME, OURS)
    caps = Caps(engine)
    paying = meter(engine, purpose="gateway", key_id="k1", link_id="l1", visitor_id="v1")
    caps.set(ME, "visitor", Decimal("0.0005"), "v1")
    row = await paying.reserve(REF, 1000, 100)
    with pytest.raises(BudgetExceeded, match="of this visitor is reached"):
        await paying.reserve(REF, 1000, 100)
    await paying.release(row)
    await paying.reserve(REF, 1000, 100)
    caps.set(ME, "key", Decimal(1))
    caps.set(ME, "link", Decimal(1))
    for scope, subject in (("key", "k1"), ("link", "l1"), ("visitor", "v1")):
        state = caps.state(ME, scope, subject)  # type: ignore[arg-type]
        assert state and state.reserved == Decimal("0.00033")
    assert {row.purpose for row in Ledger(engine).rows(ME)} == {"gateway"}
