"""What fits into the window, what is dropped for it, and why: one pure function."""

from collections.abc import Sequence
from dataclasses import replace

from core.errors import Refused
from core.tokens.counter import REPLY_OVERHEAD
from core.tokens.strategies import Turn, drop_oldest, keep_best, tokens
from core.types import Budget, Item, Slice


def fit(
    *,
    window: int,
    reserve: int,
    system: Sequence[Item],
    sources: Sequence[Item],
    history: Sequence[Turn],
    prompt: Item,
    source_share: float = 0.5,
    counter: str = "o200k_base",
    exact: bool = False,
    reply_overhead: int = REPLY_OVERHEAD,
) -> Budget:
    """The window with every item kept or dropped with its reason; its parts sum to what is used.

    Each item's tokens include the overhead of its message; `reply_overhead` is added to the prompt.
    System and prompt are always whole: Refused, with the numbers, if they and the reserve alone
    do not fit. Of the room left, sources (best first) may take `source_share` and history (oldest
    first) the rest; what one of them does not want, the other may take. More room never drops more.
    """
    needed = tokens(system) + prompt.tokens + reply_overhead
    room = window - reserve - needed
    if room < 0:
        raise _too_small(window, reserve, tokens(system), prompt.tokens + reply_overhead)
    for_sources, for_history = _shares(
        room, source_share, tokens(sources), sum(tokens(turn) for turn in history)
    )
    kept_sources = _sources(sources, for_sources)
    kept_history = _history(history, for_history)
    slices = (
        Slice("system", _all(system), tokens(system)),
        Slice("sources", kept_sources, _kept(kept_sources)),
        Slice("history", kept_history, _kept(kept_history)),
        Slice("prompt", _all([prompt]), prompt.tokens + reply_overhead),
        Slice("reserve", (Item("Room for the answer", "", reserve),), reserve),
    )
    return Budget(window, slices, counter, exact)


def _shares(room: int, source_share: float, sources: int, history: int) -> tuple[int, int]:
    """The limits of sources and history.

    Each depends on the room and on what is wanted, never on what was kept: a limit that grew with
    the gaps that the other left would shrink again when they close, and more room would drop more.
    """
    share = int(room * min(1.0, max(0.0, source_share)))
    return room - min(room - share, history), room - min(share, sources)


def _sources(sources: Sequence[Item], limit: int) -> tuple[Item, ...]:
    count = keep_best(sources, limit)
    over = tokens(sources) - limit
    reason = f"lowest rank first: {over:,} tokens over the {limit:,} that passages may take"
    return (*_all(sources[:count]), *_dropped(sources[count:], reason))


def _history(history: Sequence[Turn], limit: int) -> tuple[Item, ...]:
    count = drop_oldest(history, limit)
    over = sum(tokens(turn) for turn in history) - limit
    reason = f"oldest history first: {over:,} tokens over"
    old = [item for turn in history[:count] for item in turn]
    new = [item for turn in history[count:] for item in turn]
    return (*_dropped(old, reason), *_all(new))


def _all(items: Sequence[Item]) -> tuple[Item, ...]:
    return tuple(replace(item, kept=True, reason="") for item in items)


def _dropped(items: Sequence[Item], reason: str) -> tuple[Item, ...]:
    return tuple(replace(item, kept=False, reason=reason) for item in items)


def _kept(items: Sequence[Item]) -> int:
    return sum(item.tokens for item in items if item.kept)


def _too_small(window: int, reserve: int, system: int, prompt: int) -> Refused:
    total = system + prompt + reserve
    return Refused(
        f"the question does not fit: {prompt:,} tokens of question, {system:,} of instructions and"
        f" {reserve:,} reserved for the answer are {total:,}, and the window holds {window:,}",
        hint=f"Shorten the question by {total - window:,} tokens, ask for a shorter answer,"
        " or choose a model with a larger window.",
    )
