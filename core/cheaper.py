"""What the calls that were made would have cost otherwise, from their own tokens and today's prices."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.store.spending import Spend
from core.types import Usage

PriceOf = Callable[[str, Usage], Decimal | None]


@dataclass(frozen=True, slots=True)
class Otherwise:
    """The same tokens on the model `ref`, in US dollars; `less` is what that is below what was paid."""

    ref: str
    cost: Decimal
    less: Decimal


def paid(used: Sequence[Spend]) -> list[Spend]:
    """The sums by model that can be compared: their price was known, and it was not nothing."""
    return [each for each in used if each.cost]


def on_other_models(
    used: Sequence[Spend], refs: Sequence[str], price_of: PriceOf
) -> list[Otherwise]:
    """The models on which the same tokens, none of them cached, cost less than was paid, the cheapest
    first. Free models and those without a known price are left out."""
    compared = paid(used)
    before = sum((each.cost or Decimal(0) for each in compared), Decimal(0))
    found = []
    for ref in refs:
        costs = [_cost(each, ref, price_of, cached=False) for each in compared]
        known = [cost for cost in costs if cost is not None]
        cost = sum(known, Decimal(0))
        if len(known) == len(costs) and 0 < cost < before:
            found.append(Otherwise(ref, cost, before - cost))
    return sorted(found, key=lambda each: each.cost)


def saved_by_caching(used: Sequence[Spend], price_of: PriceOf) -> Decimal | None:
    """What the vendors' caches saved, their writing paid: below 0 where it was written and hardly read.
    None when nothing was cached or a price is not known."""
    cached = [each for each in paid(used) if each.cached_tokens or each.cache_write_tokens]
    saved = []
    for each in cached:
        without = _cost(each, each.name, price_of, cached=False)
        as_it_was = _cost(each, each.name, price_of, cached=True)
        if without is None or as_it_was is None:
            return None
        saved.append(without - as_it_was)
    return sum(saved, Decimal(0)) if saved else None


def _cost(used: Spend, ref: str, price_of: PriceOf, *, cached: bool) -> Decimal | None:
    """The price of the average call times the calls that had one: a sum of tokens would reach a price
    for long windows that no single call has reached."""
    kinds = (used.cached_tokens, used.cache_write_tokens) if cached else (0, 0)
    read, written = (round(each / used.calls) for each in kinds)
    average = Usage(
        round(used.input_tokens / used.calls), round(used.output_tokens / used.calls), read, written
    )
    price = price_of(ref, average)
    return None if price is None else price * (used.calls - used.unpriced)
