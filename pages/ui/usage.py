"""What one call moved, with the parts that have a price of their own."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.types import Usage
from pages.ui import say

_USAGE = "gen_ai.usage."


def of_span(found: Mapping[str, Any]) -> list[str]:
    """What is noted of the call of a model, and who counted it."""
    sent = found.get(f"{_USAGE}input_tokens")
    if sent is None:
        return ["Nothing was billed."]
    used = Usage(
        sent,
        found.get(f"{_USAGE}output_tokens") or 0,
        found.get(f"{_USAGE}cache_read.input_tokens") or 0,
        found.get(f"{_USAGE}cache_creation.input_tokens") or 0,
        found.get(f"{_USAGE}reasoning.output_tokens") or 0,
    )
    estimated = found.get("usage_source") == "estimated"
    return [
        f"**{say.tokens(sent)}** in{_bracketed(of_input(used))}",
        f"**{used.output_tokens:,}** out{_bracketed(of_output(used))}",
        "our estimate" if estimated else "reported by the provider",
    ]


def of_input(usage: Usage) -> list[str]:
    """The parts of what was read that have a price of their own."""
    told = []
    if usage.cached_tokens:
        told.append(f"{usage.cached_tokens:,} from the cache")
    if usage.cache_write_tokens:
        told.append(f"{usage.cache_write_tokens:,} written to the cache")
    return told


def of_output(usage: Usage) -> list[str]:
    """The part of what was written that stands in no answer."""
    return [f"{usage.reasoning_tokens:,} of them thought"] if usage.reasoning_tokens else []


def _bracketed(parts: Sequence[str]) -> str:
    return f" ({', '.join(parts)})" if parts else ""
