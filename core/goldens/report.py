"""What golden questions came to: the ranks of their right passages, beside those of the run before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.types import Golden, Run

DEPTH = 20
"""How many passages are looked at for a right one."""
Change = Literal["better", "worse", "same", "new"]


@dataclass(frozen=True, slots=True)
class Result:
    """What a golden question came to: the rank of each right passage, 0 for one that is not among the
    first; `before` is the same of the run before, None when it had not been asked."""

    golden: Golden
    ranks: tuple[int, ...]
    before: tuple[int, ...] | None = None

    @property
    def rank(self) -> int:
        """The rank of the first right passage; 0 when none was found."""
        return first(self.ranks)

    @property
    def change(self) -> Change:
        """Whether the first right passage has come nearer, or as near with more of the others."""
        if self.before is None:
            return "new"
        is_now, was = _standing(self.ranks), _standing(self.before)
        return "same" if is_now == was else "better" if is_now < was else "worse"


@dataclass(frozen=True, slots=True)
class Report:
    """The last results, when they were measured, and when those were that they are compared with.
    `waiting` counts documents on their way: the questions are asked again when they are there."""

    results: tuple[Result, ...] = ()
    at: datetime | None = None
    since: datetime | None = None
    waiting: int = 0

    def count(self, change: Change) -> int:
        """How many questions went this way."""
        return sum(each.change == change for each in self.results)


def reported(questions: Sequence[Golden], runs: Sequence[Run], waiting: int) -> Report:
    """The report of the newest run, each question beside the last run before in which it was asked."""
    if not runs:
        return Report(waiting=waiting)
    last, *earlier = runs
    results = []
    for each in questions:
        before = next((run.ranks[each.id] for run in earlier if each.id in run.ranks), None)
        if each.id in last.ranks:
            results.append(Result(each, last.ranks[each.id], before))
    since = earlier[0].created_at if earlier else None
    return Report(tuple(results), last.created_at, since, waiting)


def first(ranks: Sequence[int]) -> int:
    """The best of the ranks; 0 when there is none."""
    return min((rank for rank in ranks if rank), default=0)


def recall(ranks: Sequence[int], k: int) -> float:
    """The share of the right passages that is among the first k, 0 to 1."""
    return sum(0 < rank <= k for rank in ranks) / len(ranks) if ranks else 0.0


def _standing(ranks: Sequence[int]) -> tuple[int, int]:
    return first(ranks) or DEPTH + 1, sum(not rank for rank in ranks)
