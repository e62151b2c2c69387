"""What fits into the window, what is dropped for it, and why: one pure function."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.errors import PinsTooLarge, Refused
from core.tokens.counter import REPLY_OVERHEAD
from core.tokens.strategies import (
    DEFAULT,
    STRATEGIES,
    Asked,
    Ranking,
    Turn,
    keep_best,
    keep_ranked,
    tokens,
)
from core.types import MESSAGE_OVERHEAD, TOOL_OVERHEAD, Basis, Budget, Item, Slice


def fit(
    *,
    window: int,
    reserve: int,
    system: Sequence[Item],
    sources: Sequence[Item],
    history: Sequence[Turn],
    prompt: Item,
    tools: Sequence[Item] = (),
    summary: Sequence[Item] = (),
    ranking: Ranking | None = None,
    source_share: float = 0.5,
    counter: str = "o200k_base",
    exact: bool = False,
    ratio: float = 1.0,
    per_message: float = MESSAGE_OVERHEAD,
    per_tool: float = TOOL_OVERHEAD,
    basis: Basis = "estimate",
    error: float = 0.0,
    reply_overhead: int = REPLY_OVERHEAD,
) -> Budget:
    """The window with every item kept or dropped with its reason; its parts sum to what is used.

    Each item's tokens include the overhead of its message; `reply_overhead` is added to the prompt.
    System, tools, summary, prompt and whatever is pinned are always whole: Refused, with the numbers, if they
    and the reserve alone do not fit. Of the room left, sources (best first) may take `source_share`
    and history (oldest first, kept by its `ranking`) the rest; what one of them does not want, the
    other may take. A turn of which anything is pinned is kept whole. More room never drops more.
    """
    always = tokens(system) + tokens(tools) + tokens(summary)
    room = window - reserve - always - prompt.tokens - reply_overhead
    if room < 0:
        raise _too_small(window, reserve, always, prompt.tokens + reply_overhead)
    pinned = [turn for turn in history if _is_pinned(turn)]
    pins = [*_pinned(sources), *(item for turn in pinned for item in turn)]
    room -= tokens(pins)
    if room < 0:
        raise _too_many_pins(pins, -room)
    ranked = ranking or STRATEGIES[DEFAULT].rank(len(history), Asked())
    sizes = [0 if _is_pinned(turn) else tokens(turn) for turn in history]
    loose = [item.tokens for item in sources if not item.pinned]
    allotted = allot(room, source_share, loose, sizes, ranked.order)
    kept_sources = _sources(sources, allotted)
    kept_history = _history(history, ranked, allotted)
    slices = (
        Slice("system", _all(system), tokens(system)),
        *([Slice("tools", _all(tools), tokens(tools))] if tools else []),
        Slice("sources", kept_sources, _kept(kept_sources)),
        *([Slice("summary", _all(summary), tokens(summary))] if summary else []),
        Slice("history", kept_history, _kept(kept_history)),
        Slice("prompt", _all([prompt]), prompt.tokens + reply_overhead),
        Slice("reserve", (Item("Room for the answer", "", reserve),), reserve),
    )
    return Budget(window, slices, counter, exact, ratio, per_message, per_tool, basis, error)


@dataclass(frozen=True, slots=True)
class Allotment:
    """How many of the best passages stay and the places of the turns that do; by how many tokens each
    kind is over what it may take, `sources_limit` for the passages."""

    sources: int
    turns: frozenset[int]
    sources_limit: int
    sources_over: int
    history_over: int


def allot(
    room: int,
    source_share: float,
    sources: Sequence[int],
    history: Sequence[int],
    order: Sequence[int],
) -> Allotment:
    """Who gets the room: `sources` and `history` are the tokens of each passage, best first, and of each
    turn, oldest first; `order` ranks the turns."""
    wanted = sum(sources)
    for_sources, for_history = _shares(room, source_share, wanted, sum(history))
    ranked = sum(history[place] for place in order)
    return Allotment(
        keep_best(sources, for_sources),
        keep_ranked(history, order, for_history),
        for_sources,
        wanted - for_sources,
        ranked - for_history,
    )


def _shares(room: int, source_share: float, sources: int, history: int) -> tuple[int, int]:
    """The limits of sources and history.

    Each depends on the room and on what is wanted, never on what was kept: a limit that grew with
    the gaps that the other left would shrink again when they close, and more room would drop more.
    """
    share = int(room * min(1.0, max(0.0, source_share)))
    return room - min(room - share, history), room - min(share, sources)


def _sources(sources: Sequence[Item], allotted: Allotment) -> tuple[Item, ...]:
    left = allotted.sources
    reason = (
        f"lowest rank first: {allotted.sources_over:,} tokens over the "
        f"{allotted.sources_limit:,} that passages may take"
    )
    found: list[Item] = []
    for item in sources:
        kept = item.pinned or left > 0
        left -= not item.pinned
        found += _all([item]) if kept else _dropped([item], reason)
    return tuple(found)


def _history(history: Sequence[Turn], ranked: Ranking, allotted: Allotment) -> tuple[Item, ...]:
    considered = frozenset(ranked.order)
    found: list[Item] = []
    for place, turn in enumerate(history):
        if place in allotted.turns or _is_pinned(turn):
            found += _all(turn)
        else:
            many = f": {allotted.history_over:,} tokens over" if place in considered else ""
            found += _dropped(turn, f"{ranked.reason}{many}")
    return tuple(found)


def _is_pinned(turn: Turn) -> bool:
    return any(item.pinned for item in turn)


def _pinned(items: Sequence[Item]) -> list[Item]:
    return [item for item in items if item.pinned]


def _all(items: Sequence[Item]) -> tuple[Item, ...]:
    return tuple(
        item if item.kept and not item.reason else replace(item, kept=True, reason="")
        for item in items
    )


def _dropped(items: Sequence[Item], reason: str) -> tuple[Item, ...]:
    return tuple(replace(item, kept=False, reason=reason) for item in items)


def _kept(items: Sequence[Item]) -> int:
    return sum(item.tokens for item in items if item.kept)


def _too_small(window: int, reserve: int, always: int, prompt: int) -> Refused:
    total = always + prompt + reserve
    return Refused(
        f"the question does not fit: {prompt:,} tokens of question, {always:,} of instructions and"
        f" {reserve:,} reserved for the answer are {total:,}, and the window holds {window:,}",
        hint=f"Shorten the question by {total - window:,} tokens, ask for a shorter answer,"
        " or choose a model with a larger window.",
    )


def _too_many_pins(pins: Sequence[Item], over: int) -> PinsTooLarge:
    largest = max(pins, key=lambda item: item.tokens)
    begun = " ".join(largest.text.split())[:60]
    return PinsTooLarge(
        f"what is pinned does not fit: {tokens(pins):,} tokens are pinned, {over:,} more than there"
        " is room for",
        hint=f"Unpin something: the largest is “{largest.label}: {begun}” with {largest.tokens:,}"
        " tokens.",
    )
