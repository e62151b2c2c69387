"""What a model costs and how much it can read; an unknown price is None, never 0."""

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from core.types import ModelInfo, Price, Usage

if TYPE_CHECKING:
    from genai_prices.types import PriceCalculation, TieredPrices

_VENDORS = ("openai", "anthropic")
# What runs on this machine, or is no model: nobody sends a bill. `ollama`, `lmstudio` and `vllm`
# are looked for at loopback addresses only.
_FREE = frozenset({"local", "quotes", "scripted", "ollama", "lmstudio", "vllm"})
_NOTHING = Price(Decimal(0), Decimal(0))
# Of a model that no table knows; every model of the last years has at least this.
_UNKNOWN_WINDOW = 32_768
_MAX_OUTPUT = 8_192
# Our count is an estimate for the newest models: a reservation may be too high, but never too low.
# Claude writes the same text in up to half as many tokens again as our vocabulary does.
_MARGIN = {"anthropic": 1.75}
_USUAL_MARGIN = 1.25
# Tokens a second, more than any vendor's reasoning model writes; before that, the question is on its way.
_THINKS = 300
_ANSWERS_WITHIN = 1.0
_LABELS = {
    "gpt-6-luna": "GPT-6 Luna",
    "gpt-6.1-sol": "GPT-6.1 Sol",
    "claude-haiku-5-5": "Claude Haiku 5.5",
    "claude-sonnet-5-5": "Claude Sonnet 5.5",
    "claude-opus-5-5": "Claude Opus 5.5",
}


class Override(Protocol):
    """What the user says a model costs, in US dollars for a million tokens; `cached` and
    `cache_write` are those of `input` where they are None."""

    @property
    def input(self) -> Decimal: ...
    @property
    def output(self) -> Decimal: ...
    @property
    def cached(self) -> Decimal | None: ...
    @property
    def cache_write(self) -> Decimal | None: ...


def price(ref: str, usage: Usage, override: Override | None = None) -> Decimal | None:
    """US dollars for this usage of the model `provider:id`, by the user's own price where there is
    one; None when the price is not known."""
    if override is not None:
        return _at(override, usage)
    provider, _, model = ref.partition(":")
    if provider in _FREE:
        return Decimal(0)
    found = _calculated(provider, model, usage)
    return None if found is None else found.total_price


def worst_case(
    ref: str, input_tokens: int, max_tokens: int, override: Override | None = None
) -> Decimal | None:
    """The most that a call can cost: the whole input new to the cache, counted with a margin that
    reaches into the next tier, and an answer of full length."""
    read, written = math.ceil(max(input_tokens, 0) * margin(ref)), max(max_tokens, 0)
    if override is not None:  # nothing says that reading from the cache is the cheapest
        ways = (Usage(read, written, c, w) for c, w in ((0, 0), (read, 0), (0, read)))
        return max(_at(override, usage) for usage in ways)
    fresh = price(ref, Usage(read, written))
    stored = price(ref, Usage(read, written, cache_write_tokens=read))
    return None if fresh is None or stored is None else max(fresh, stored)


def margin(ref: str) -> float:
    """How many tokens the vendor may count at most where we count one."""
    return _MARGIN.get(ref.partition(":")[0], _USUAL_MARGIN)


def unheard(ref: str, *seconds: float) -> int:
    """How many tokens the vendor may have billed for what nobody heard, by the seconds of its silences;
    what runs on this machine sends what it thinks."""
    if ref.partition(":")[0] in _FREE:
        return 0
    return sum(math.floor(max(0.0, each - _ANSWERS_WITHIN) * _THINKS) for each in seconds)


def info(provider: str, model: str) -> ModelInfo:
    """What is known about a vendor's model, or about one of our own that are none."""
    if provider == "quotes":
        return _own("quotes", "Quotations, no model", "shows the best sentences word for word")
    if provider == "scripted":
        return _own("scripted", "Scripted, no model", "answers by a script, for demonstrations")
    found = _calculated(provider, model, Usage(1, 1))
    known = _NOTHING if provider in _FREE else _base(found)
    return ModelInfo(
        ref=f"{provider}:{model}",
        provider=provider,
        id=model,
        label=_LABELS.get(model, model),
        window=(found.model.context_window if found else None) or _UNKNOWN_WINDOW,
        max_output=_MAX_OUTPUT,
        price=known,
        note="" if known else "price unknown",
    )


def local(asset: str, *, window: int) -> ModelInfo:
    """The model that runs in a child process of ours: free, and with room for few passages."""
    return ModelInfo(
        ref=f"local:{asset}",
        provider="local",
        id=asset,
        label=f"{asset} on this machine",
        window=window,
        max_output=max(256, window // 4),
        price=_NOTHING,
        passages=3,
    )


def served(provider: str, model: str, *, window: int | None) -> ModelInfo:
    """A model of a compatible server: free where the server itself runs it on this machine (Ollama, LM
    Studio, vLLM); whatever else answers at an address may pass the bill on, so its price is unknown."""
    free = provider in _FREE
    width = window or _UNKNOWN_WINDOW // 4
    return ModelInfo(
        ref=f"{provider}:{model}",
        provider=provider,
        id=model,
        label=model or "the server's own model",
        window=width,
        max_output=min(_MAX_OUTPUT, width // 4),
        price=_NOTHING if free else None,
        note="" if free else "price unknown",
    )


def _own(name: str, label: str, note: str) -> ModelInfo:
    return ModelInfo(
        ref=name,
        provider=name,
        id=name,
        label=label,
        window=_UNKNOWN_WINDOW,
        max_output=_MAX_OUTPUT,
        price=_NOTHING,
        is_model=False,
        note=note,
    )


def _calculated(provider: str, model: str, usage: Usage) -> "PriceCalculation | None":
    if provider not in _VENDORS or not model:
        return None
    import genai_prices

    cached, stored = _of_the_cache(usage)
    tokens = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=cached,
        cache_write_tokens=stored,
    )
    try:
        return genai_prices.calc_price(tokens, model_ref=model, provider_id=provider)
    except LookupError:
        return None


def _at(prices: Override, usage: Usage) -> Decimal:
    cached, stored = _of_the_cache(usage)
    fresh = usage.input_tokens - cached - stored
    reading = prices.input if prices.cached is None else prices.cached
    writing = prices.input if prices.cache_write is None else prices.cache_write
    read = fresh * prices.input + cached * reading + stored * writing
    return (read + usage.output_tokens * prices.output).scaleb(-6)


def _of_the_cache(usage: Usage) -> tuple[int, int]:
    cached = min(usage.cached_tokens, usage.input_tokens)
    return cached, min(usage.cache_write_tokens, usage.input_tokens - cached)


def _base(found: "PriceCalculation | None") -> Price | None:
    if found is None:
        return None
    read, written = (
        _first_tier(found.model_price.input_mtok),
        _first_tier(found.model_price.output_mtok),
    )
    return None if read is None or written is None else Price(read, written)


def _first_tier(prices: "Decimal | TieredPrices | None") -> Decimal | None:
    return prices if prices is None or isinstance(prices, Decimal) else prices.base
