"""Turns that were counted before, so that a conversation is counted once and not at every question."""

from collections.abc import Hashable

from core.types import Item

_WAYS, _TURNS, _CHARACTERS = 8, 4_096, 16_000_000

Known = dict[str, tuple[int, list[Item]]]
"""By the id of the turn: how many characters it had, and its items."""


class CountedTurns:
    """What is known for each way of counting (a model with what was learned of it). Bounded in ways, turns
    and characters."""

    def __init__(self) -> None:
        self._ways: dict[Hashable, Known] = {}
        self._characters = 0

    def by(self, way: Hashable) -> Known:
        """The turns that were counted in this way."""
        if way not in self._ways:
            while len(self._ways) >= _WAYS:
                self._ways.pop(next(iter(self._ways)))
            self._ways[way] = {}
        return self._ways[way]

    def keep(self, known: Known, ref: str, size: int, items: list[Item]) -> None:
        """Know this turn from now on; when that is too much, what was known before is forgotten."""
        self._characters += size
        if len(known) >= _TURNS or self._characters > _CHARACTERS:
            self._ways.clear()
            known.clear()
            self._characters = size
        known[ref] = (size, items)
