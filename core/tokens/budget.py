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
    System, tools, summary, prompt and whatever is pinned are always whole, also where they and the reserve
    alone do not fit: nothing is `free` then but less than nothing, see `within`. Of the room left, sources (best first) may take `source_share`
    and history (oldest first, kept by its `ranking`) the rest; what one of them does not want, the
    other may take. A turn of which anything is pinned is kept whole. More room never drops more.
    """
    always = tokens(system) + tokens(tools) + tokens(summary) + prompt.tokens + reply_overhead
    pins = [*_pinned(sources), *(item for turn in history if _is_pinned(turn) for item in turn)]
    room = max(0, window - reserve - always - tokens(pins))
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
        if _is_pinned(turn):
            found += _all([replace(item, pinned=True) for item in turn])
        elif place in allotted.turns:
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


def within(budget: Budget) -> Budget:
    """The budget. Refused, with the numbers, when what must be in the window does not fit into it."""
    over = -budget.free
    if over <= 0:
        return budget
    pins = pinned(budget)
    alone = over <= sum(size for _, size in pins)
    raise _too_many_pins(pins, over) if alone else _too_small(budget)


def pinned(budget: Budget) -> list[tuple[str, int]]:
    """What is pinned in it, in words, with its tokens, those of a turn together; the largest first."""
    found: dict[str, list[Item]] = {}
    for part in budget.slices:
        for item in part.items:
            if item.pinned:
                found.setdefault(item.ref, []).append(item)
    pins = [(_begun(items[0]), tokens(items)) for items in found.values()]
    return sorted(pins, key=lambda pin: -pin[1])


def _begun(item: Item) -> str:
    said = " ".join(item.text.split())[:60]
    return f"“{said}”" if item.role else f"“{item.label}: {said}”"


def _too_small(budget: Budget) -> Refused:
    parts = {part.region: part.tokens for part in budget.slices}
    prompt, reserve = parts["prompt"], parts["reserve"]
    always = sum(parts.get(name, 0) for name in ("system", "tools", "summary"))
    total = always + prompt + reserve
    return Refused(
        f"the question does not fit: {prompt:,} tokens of question, {always:,} of instructions and"
        f" {reserve:,} reserved for the answer are {total:,}, and the window holds {budget.window:,}",
        hint=f"Shorten the question by {total - budget.window:,} tokens, ask for a shorter answer,"
        " or choose a model with a larger window.",
    )


def _too_many_pins(pins: Sequence[tuple[str, int]], over: int) -> PinsTooLarge:
    (name, size), total = pins[0], sum(each for _, each in pins)
    return PinsTooLarge(
        f"what is pinned does not fit: {total:,} tokens are pinned, {over:,} more than there"
        " is room for",
        hint=f"Unpin something: the largest is {name} with {size:,} tokens.",
    )
