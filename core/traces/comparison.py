"""A run and its replay side by side: the steps of both, aligned by their number."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.tape import Row, Step, events_of, read
from core.types import Turn


@dataclass(frozen=True, slots=True)
class Pair:
    """One step of two runs; either is None where that run had no such step."""

    number: int
    before: Step | None
    after: Step | None
    live: bool
    """Whether the replay left its tape at this step or before."""

    @property
    def same(self) -> bool:
        """Whether the same was said, called and given in both, whoever was asked."""
        return _came_to(self.before) == _came_to(self.after)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run and its replay aligned by step; `diverged` is where the replay left its tape."""

    before: Turn
    after: Turn
    pairs: tuple[Pair, ...]
    diverged: int | None = None
    why: str = ""


def compared(before: Turn, after: Turn, was: Sequence[Row], is_now: Sequence[Row]) -> Comparison:
    """The run and its replay, from the tapes of both."""
    left = {step.number: step for step in read(was)}
    right = {step.number: step for step in read(is_now)}
    lives = [event for _, event in events_of(is_now, "live")]
    at = lives[0].step if lives else None
    pairs = tuple(
        Pair(number, left.get(number), right.get(number), at is not None and number >= at)
        for number in sorted({*left, *right})
    )
    return Comparison(before, after, pairs, at, lives[0].why if lives else "")


def _came_to(step: Step | None) -> object:
    """What of a step is there to be seen: not what it was asked with, nor what it took."""
    if step is None:
        return None
    said = step.response
    ran = [
        (
            each.call.name,
            each.call.arguments,
            each.result and (each.result.text, each.result.failed),
        )
        for each in step.calls
    ]
    return said.text, said.reasoning, said.finish, ran
