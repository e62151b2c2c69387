"""Two windows of one conversation side by side: what came, what went, and how far their beginnings agree."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.types import Budget, Item, Region

SENT: tuple[Region, ...] = ("tools", "system", "summary", "history", "sources", "prompt")
"""The regions in the order in which a vendor reads them, and its cache compares them."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An item with the region that it stands in."""

    region: Region
    item: Item


@dataclass(frozen=True, slots=True)
class WindowChange:
    """How a window differs from the one before: `prefix` tokens at its beginning are the same, which is
    what a vendor's cache can keep, and `broken_by` is the first item behind them that the one before
    had not there (None: it only goes on). `came` and `went` are the items that only one of them has."""

    prefix: int
    broken_by: Placed | None
    came: tuple[Placed, ...]
    went: tuple[Placed, ...]


def compare(before: Budget, now: Budget) -> WindowChange:
    """What became of the window since the one before it; only what was sent counts."""
    old, new = list(_sent(before)), list(_sent(now))
    same = 0
    while same < min(len(old), len(new)) and _key(old[same]) == _key(new[same]):
        same += 1
    had, have = {_key(each) for each in old}, {_key(each) for each in new}
    return WindowChange(
        sum(each.item.tokens for each in new[:same]),
        new[same] if same < min(len(old), len(new)) else None,
        tuple(each for each in new if _key(each) not in had),
        tuple(each for each in old if _key(each) not in have),
    )


def _sent(budget: Budget) -> Iterator[Placed]:
    parts = {part.region: part for part in budget.slices}
    for region in SENT:
        if region in parts:
            yield from (Placed(region, item) for item in parts[region].items if item.kept)


def _key(placed: Placed) -> tuple[str, str | None, str]:
    return placed.region, placed.item.role, placed.item.text
