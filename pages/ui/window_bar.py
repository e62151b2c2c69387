"""The context window as a bar: what every token of it is used for."""

from collections.abc import Iterator, Mapping
from html import escape

from core.types import Budget, Region, Slice
from pages.ui import palette

NAMES: dict[Region, str] = {
    "system": "Instructions",
    "tools": "Tools",
    "sources": "Passages",
    "summary": "Summary",
    "history": "History",
    "prompt": "Question",
    "reserve": "Kept for the answer",
}


def bar(budget: Budget, theme: str) -> str:
    """HTML of a segmented bar with its legend; a reader that sees no colours is told the same."""
    parts = [part for part in budget.slices if part.tokens or _left_out(part)]
    whole = max(budget.window, budget.used, 1)
    segments = "".join(_segment(part, whole, theme) for part in parts if part.tokens)
    legend = "".join(_entry(part, theme) for part in parts)
    free = max(budget.free, 0)
    said = ", ".join(f"{NAMES[part.region]} {part.tokens:,}" for part in parts)
    label = f"Window of {budget.window:,} tokens: {said}, free {free:,}"
    return (
        f'<div class="fl-window"><div class="fl-bar" role="img" aria-label="{escape(label)}" '
        f'style="background:{palette.of(theme).free}">{segments}</div>'
        f'<ul class="fl-legend">{legend}{_free(free, theme)}</ul>'
        f'<div class="fl-total">{"".join(_total(budget))}</div></div>'
    )


def slim(
    budget: Budget, theme: str, turn_id: str, answered: int | None = None, *, unsent: bool = False
) -> str:
    """HTML of the bar as one thin line, with what was sent and what is free in words below it; while it is
    `answered`, with how many of the tokens kept for the answer are used. A click opens the window of the
    turn."""
    parts = [part for part in budget.slices if part.tokens]
    whole = max(budget.window, budget.used, 1)
    segments = "".join(_segment(part, whole, theme) for part in parts)
    gone = sum(_left_out(part) for part in budget.slices)
    more = f", {gone} item{'' if gone == 1 else 's'} left out" if gone else ""
    free = f"{max(budget.free, 0):,} are free"
    if answered is not None:
        reserve = budget.used - budget.input_tokens
        free = f"about {answered:,} of the {reserve:,} kept for the answer are used"
    told = (
        f"{about(budget)}{budget.input_tokens:,} of {budget.window:,} tokens of the window were "
        f"{'ready, and nothing was sent' if unsent else 'sent'}, "
        f"{free}{more}"
    )
    return (
        f'<a class="fl-slim" href="tokens?turn={escape(turn_id)}" target="_self" '
        f'title="Open the window of this question"><div class="fl-bar" role="img" aria-label="The window" '
        f'style="background:{palette.of(theme).free}">{segments}</div><span>{escape(told)}</span></a>'
    )


def line(parts: Mapping[Region, int], window: int, theme: str) -> str:
    """HTML of what each region takes of the window as one thin line; what is free stays empty."""
    whole = max(window, sum(parts.values()), 1)
    shown = [Slice(name, (), parts[name]) for name in NAMES if parts.get(name)]
    segments = "".join(_segment(part, whole, theme) for part in shown)
    told = ", ".join(f"{NAMES[part.region]} {part.tokens:,}" for part in shown)
    return (
        f'<div class="fl-slim"><div class="fl-bar" role="img" aria-label="{escape(told)} tokens" '
        f'style="background:{palette.of(theme).free}">{segments}</div></div>'
    )


def about(budget: Budget) -> str:
    """What stands before a count that is not the model's own."""
    return "" if budget.exact or budget.basis == "counted" else "about "


def _segment(part: Slice, whole: int, theme: str) -> str:
    hatched = " fl-reserve" if part.region == "reserve" else ""
    title = f"{NAMES[part.region]}: {part.tokens:,} tokens, {part.tokens / whole:.1%}"
    return (
        f'<span class="fl-part{hatched}" title="{escape(title)}" '
        f'style="width:{part.tokens / whole:.3%};background-color:{palette.region(part.region, theme)}">'
        "</span>"
    )


def _entry(part: Slice, theme: str) -> str:
    left_out = _left_out(part)
    more = f" <em>{left_out} left out</em>" if left_out else ""
    hatched = ' class="fl-reserve"' if part.region == "reserve" else ""
    return (
        f'<li><i{hatched} style="background-color:{palette.region(part.region, theme)}"></i>'
        f"{escape(NAMES[part.region])} <b>{part.tokens:,}</b>{more}</li>"
    )


def _free(free: int, theme: str) -> str:
    return f'<li><i style="background-color:{palette.of(theme).free}"></i>Free <b>{free:,}</b></li>'


def _total(budget: Budget) -> Iterator[str]:
    yield f"{about(budget)}{budget.used:,} of {budget.window:,} tokens, counted with {escape(budget.counter)}"
    if budget.used > budget.window:
        yield f", {budget.used - budget.window:,} too many"


def _left_out(part: Slice) -> int:
    return sum(not item.kept for item in part.items)
