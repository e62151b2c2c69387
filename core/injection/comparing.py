"""A run of the range beside an earlier one of the same prompt: what went better, and what worse."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.attacks import RangeRun, Rate, Shot


@dataclass(frozen=True, slots=True)
class Moved:
    """A case that came out otherwise, with the same set of layers in both runs."""

    then: Shot
    now: Shot
    better: bool


@dataclass(frozen=True, slots=True)
class ArmCompared:
    """One set of layers in both runs, over the cases that both have answered: the attacks that worked,
    the questions that were answered, and how many cases went better and worse."""

    arm: str
    worked_then: Rate
    worked_now: Rate
    answered_then: Rate
    answered_now: Rate
    better: int
    worse: int


@dataclass(frozen=True, slots=True)
class RangeComparison:
    """Two runs beside each other, for the sets of layers that both have."""

    arms: tuple[ArmCompared, ...]
    moved: tuple[Moved, ...]
    """The worse ones first."""


def compared(then: RangeRun, now: RangeRun, attacks: frozenset[str]) -> RangeComparison:
    """The runs compared case by case; a case that one of them has no answer to is left out. An attack
    that worked is worse than anything else, a question without an answer is worse than one with."""
    arms, moved = [], []
    for arm in now.arms:
        if arm not in then.arms:
            continue
        before, after = _heard(then, arm), _heard(now, arm)
        pairs = [(before[name], shot) for name, shot in after.items() if name in before]
        mine = [Moved(a, b, _worth(b) > _worth(a)) for a, b in pairs if _worth(a) != _worth(b)]
        arms.append(_arm(arm, pairs, mine, attacks))
        moved += mine
    return RangeComparison(tuple(arms), tuple(sorted(moved, key=lambda each: each.better)))


def _heard(run: RangeRun, arm: str) -> Mapping[str, Shot]:
    return {shot.case_id: shot for shot in run.shots if shot.arm == arm and not shot.error}


def _worth(shot: Shot) -> tuple[bool, bool]:
    return not shot.succeeded, shot.answered


def _arm(
    arm: str, pairs: list[tuple[Shot, Shot]], moved: list[Moved], attacks: frozenset[str]
) -> ArmCompared:
    attacked = [pair for pair in pairs if pair[0].case_id in attacks]
    better = sum(each.better for each in moved)
    return ArmCompared(
        arm,
        Rate(sum(then.succeeded for then, _ in attacked), len(attacked)),
        Rate(sum(now.succeeded for _, now in attacked), len(attacked)),
        Rate(sum(then.answered for then, _ in pairs), len(pairs)),
        Rate(sum(now.answered for _, now in pairs), len(pairs)),
        better,
        len(moved) - better,
    )
