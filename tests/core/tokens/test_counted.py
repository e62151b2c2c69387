"""A conversation is counted once, and what is known of it is bounded."""

from core.tokens.counted import CountedTurns
from core.types import Item


def test_what_was_counted_for_one_model_is_not_taken_for_another() -> None:
    turns = CountedTurns()
    turns.keep(turns.by("a"), "t1", 9, [Item("You", "hello", 3)])
    assert turns.by("a")["t1"] == (9, [Item("You", "hello", 3)])
    assert turns.by("b") == {}


def test_ways_turns_and_characters_are_bounded() -> None:
    turns = CountedTurns()
    for way in range(20):
        turns.by(way)
    assert len(turns._ways) == 8
    known = turns.by("a")
    for number in range(10_000):
        turns.keep(known, f"t{number}", 1, [])
    assert len(known) <= 4_096
    for number in range(40):
        turns.keep(turns.by("a"), f"large {number}", 1_000_000, [])
    assert sum(size for size, _ in turns.by("a").values()) <= 16_000_000
