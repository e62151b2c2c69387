"""Which items stay when not all fit: plain functions of items and a limit, so that one can be added."""

from collections.abc import Sequence

from core.types import Item

Turn = Sequence[Item]


def drop_oldest(turns: Sequence[Turn], limit: int) -> int:
    """How many of the oldest turns have to go so that the others fit into `limit` tokens."""
    total = sum(tokens(turn) for turn in turns)
    dropped = 0
    while total > limit and dropped < len(turns):
        total -= tokens(turns[dropped])
        dropped += 1
    return dropped


def keep_best(items: Sequence[Item], limit: int) -> int:
    """How many of the first items fit into `limit` tokens.

    The first that does not fit ends it, though a later one might: so more room never drops what less kept.
    """
    used = kept = 0
    for item in items:
        used += item.tokens
        if used > limit:
            break
        kept += 1
    return kept


def tokens(items: Sequence[Item]) -> int:
    """Tokens of all the items."""
    return sum(item.tokens for item in items)
