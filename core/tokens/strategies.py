"""Which turns stay when not all fit: a strategy ranks them, and one rule keeps the first that fit.

Because every strategy is a ranking, and the rule takes its longest beginning that fits, more room never
drops what less room kept, and a turn lives or dies with all that belongs to it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.types import Item

Turn = Sequence[Item]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The places of the turns, the first to be kept first; a turn that is not in it is dropped
    however much room there is. `reason` is why the others went, in words."""

    order: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a strategy may look at besides the turns: how many of the latest turns are wanted, and how
    much each turn has to do with the question (0 or more; () when nobody has looked)."""

    latest: int = 6
    relevance: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Strategy:
    """A way to rank the turns, with its name and what a user reads of it."""

    name: str
    label: str
    words: str
    rank: Callable[[int, Asked], Ranking]
    """From the number of turns, oldest first."""


STRATEGIES: dict[str, Strategy] = {}
"""By name, in the order in which they are shown."""
DEFAULT = "oldest_first"


def strategy(label: str, words: str) -> Callable[[Callable[[int, Asked], Ranking]], Strategy]:
    """Register a function under its own name as a strategy."""

    def register(rank: Callable[[int, Asked], Ranking]) -> Strategy:
        made = Strategy(rank.__name__, label, words, rank)
        STRATEGIES[made.name] = made
        return made

    return register


@strategy("Oldest first", "The oldest turns go first, and the latest stay.")
def oldest_first(count: int, asked: Asked) -> Ranking:
    """The latest turn is kept first."""
    return Ranking(tuple(reversed(range(count))), "oldest history first")


@strategy(
    "Sliding window", "The first turn and the latest few; nothing else, even if there is room."
)
def sliding_window(count: int, asked: Asked) -> Ranking:
    """The first turn, then the latest `asked.latest` turns."""
    latest = tuple(reversed(range(max(0, count - max(0, asked.latest)), count)))
    first = (0,) if count else ()
    return Ranking(
        first + tuple(place for place in latest if place),
        f"not among the first and the latest {asked.latest}",
    )


@strategy("Head and tail", "The beginning and the end stay, the middle goes first.")
def head_and_tail(count: int, asked: Asked) -> Ranking:
    """The latest, the first, the last but one, the second, and so on to the middle."""
    order = [
        place for pair in zip(reversed(range(count)), range(count), strict=True) for place in pair
    ]
    return Ranking(tuple(dict.fromkeys(order)), "the middle of the history first")


@strategy("Most relevant", "The latest turn, then what has most to do with the question.")
def most_relevant(count: int, asked: Asked) -> Ranking:
    """The latest turn, then by relevance; of equals the later one."""
    known = asked.relevance + (0.0,) * (count - len(asked.relevance))
    others = sorted(range(count - 1), key=lambda place: (-known[place], -place))
    latest = (count - 1,) if count else ()
    return Ranking((*latest, *others), "least to do with the question first")


@strategy(
    "Summary",
    "When the turns do not fit, a model summarises the older ones (one call more); the latest stay.",
)
def summary(count: int, asked: Asked) -> Ranking:
    """What is not in the summary yet goes like the oldest."""
    return Ranking(tuple(reversed(range(count))), "oldest history first, until it is summarised")


def keep_ranked(sizes: Sequence[int], order: Sequence[int], limit: int) -> frozenset[int]:
    """The places of the longest beginning of the ranking whose turns, of these sizes, fit into `limit`
    tokens."""
    kept = keep_best([sizes[place] for place in order], limit)
    return frozenset(order[:kept])


def keep_best(sizes: Sequence[int], limit: int) -> int:
    """How many of the first sizes fit into `limit` tokens.

    The first that does not fit ends it, though a later one might: so more room never drops what less kept.
    """
    used = kept = 0
    for size in sizes:
        used += size
        if used > limit:
            break
        kept += 1
    return kept


def tokens(items: Sequence[Item]) -> int:
    """Tokens of all the items."""
    return sum(item.tokens for item in items)
