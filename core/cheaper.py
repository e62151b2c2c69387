"""What the calls that were made would have cost otherwise, from their own tokens and today's prices."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from core.store.sent_windows import Sent
from core.store.spending import Spend
from core.tokens.comparison import compare
from core.types import Item, Usage

CACHE_LEAST = 1_024
"""Tokens from which on OpenAI keeps a beginning ("Prompt caching"); Anthropic by model, 1,024 to 4,096."""
CACHE_LIFE = timedelta(minutes=5)
"""How long a vendor keeps it at least when nobody asks again ("Prompt caching", OpenAI and Anthropic)."""

PriceOf = Callable[[str, Usage], Decimal | None]


@dataclass(frozen=True, slots=True)
class Otherwise:
    """The same tokens on the model `ref`, in US dollars; `less` is what that is below what was paid."""

    ref: str
    cost: Decimal
    less: Decimal


@dataclass(frozen=True, slots=True)
class Cacheable:
    """Of `answers`, `repeated` began as the window before them did and read `tokens` of it anew that a
    cache could have had: `less` US dollars, the writing paid; 0 where that eats it up."""

    answers: int
    repeated: int
    tokens: int
    less: Decimal


@dataclass(frozen=True, slots=True)
class FewerPassages:
    """The `tokens` of all passages that `answers` were given; those that no citation names, and those
    that half of them would have left out, each with what it is in US dollars; `missed` answers cite
    one of the left out."""

    answers: int
    tokens: int
    uncited: int
    uncited_less: Decimal
    beyond_half: int
    half_less: Decimal
    missed: int


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


def caching_could_save(sent: Sequence[Sent], price_of: PriceOf) -> Cacheable | None:
    """What the vendors' caches could have saved more: a beginning of `CACHE_LEAST` tokens that the same
    model had read for the same conversation at most `CACHE_LIFE` before. None when no price is known."""
    known = [each for each in sent if price_of(each.model, each.usage)]
    threads: dict[tuple[str, str], list[Sent]] = {}
    for each in known:
        threads.setdefault((each.conversation_id, each.model), []).append(each)
    repeated, tokens, less = 0, 0, Decimal(0)
    for thread in threads.values():
        back = [0, *(_repeated(before, now) for before, now in pairwise(thread)), 0]
        for each, had, next_has in zip(thread, back, back[1:], strict=False):
            could = _cached(each.usage, had, next_has)
            tokens += could.cached_tokens - each.usage.cached_tokens
            repeated += had > each.usage.cached_tokens
            less += _less(each, could, price_of)
    return Cacheable(len(known), repeated, tokens, max(less, Decimal(0))) if known else None


def fewer_passages(sent: Sequence[Sent], price_of: PriceOf) -> FewerPassages | None:
    """What the passages that no citation names cost, and those in the lower half of each answer's; the
    uneven one stays. None when no answer with a known price was given any."""
    answers, tokens, missed = 0, 0, 0
    sums, less = [0, 0], [Decimal(0), Decimal(0)]
    for each in sent:
        given = _passages(each)
        if not given or not price_of(each.model, each.usage):
            continue
        lower = given[(len(given) + 1) // 2 :]
        uncited = [item for item in given if item.ref not in each.cited]
        for place, items in enumerate((uncited, lower)):
            out = sum(item.tokens for item in items)
            sums[place] += out
            fewer = replace(each.usage, input_tokens=max(0, each.usage.input_tokens - out))
            less[place] += _less(each, fewer, price_of)
        answers += 1
        tokens += sum(item.tokens for item in given)
        missed += any(item.ref in each.cited for item in lower)
    if not answers:
        return None
    return FewerPassages(answers, tokens, sums[0], less[0], sums[1], less[1], missed)


def _passages(sent: Sent) -> list[Item]:
    return [item for item in sent.budget.items("sources") if item.kept]


def _repeated(before: Sent, now: Sent) -> int:
    """Tokens at the beginning that a cache could still have had; 0 when they are too few or too old."""
    prefix = min(compare(before.budget, now.budget).prefix, now.usage.input_tokens)
    return prefix if prefix >= CACHE_LEAST and now.at - before.at <= CACHE_LIFE else 0


def _cached(usage: Usage, had: int, next_has: int) -> Usage:
    """The call with all that a cache could have had, and written what the next one could have read."""
    read = max(usage.cached_tokens, had)
    written = max(min(usage.cache_write_tokens, usage.input_tokens - read), next_has - read)
    return replace(usage, cached_tokens=read, cache_write_tokens=written)


def _less(sent: Sent, otherwise: Usage, price_of: PriceOf) -> Decimal:
    """What the call would have cost less; 0 where a price is not known."""
    before, after = price_of(sent.model, sent.usage), price_of(sent.model, otherwise)
    return Decimal(0) if before is None or after is None else before - after


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
