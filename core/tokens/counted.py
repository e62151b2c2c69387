"""Turns that were counted before, so that a conversation is counted once and not at every question."""

from collections.abc import Hashable, Sequence

from core.types import Item

_WAYS, _TURNS, _CHARACTERS = 8, 4_096, 16_000_000

Known = dict[str, tuple[int, list[Item]]]
"""By the id of the turn: how many characters it had, and its items."""


class CountedTurns:
    """What is known for each way of counting (a model with what was learned of it), and the conversation that
    was counted last. Bounded in ways, turns and characters."""

    def __init__(self) -> None:
        self._ways: dict[Hashable, Known] = {}
        self._characters = 0
        self._last: tuple[Hashable, list[Hashable], list[list[Item]]] = (None, [], [])

    def begun(self, way: Hashable, said: Sequence[Hashable]) -> list[list[Item]]:
        """The items of the conversation that was counted last, where this one only goes on from there: nobody
        looks at each of its turns again. Else none."""
        was, before, items = self._last
        return list(items) if was == way and before == said[: len(before)] else []

    def counted(self, way: Hashable, said: list[Hashable], items: list[list[Item]]) -> None:
        """Know the whole conversation, as the one that was counted last."""
        self._last = (way, said, list(items))

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
            self._last = (None, [], [])
            known.clear()
            self._characters = size
        known[ref] = (size, items)
