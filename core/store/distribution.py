"""What single answers cost, as a distribution."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

# Bounds of the distribution in US dollars: three to a decade, from a hundred-thousandth to a hundred.
BOUNDS = tuple(Decimal(step).scaleb(exponent) for exponent in range(-5, 3) for step in (1, 2, 5))[
    : 7 * 3 + 1
]


@dataclass(frozen=True, slots=True)
class Distribution:
    """What single answers cost: how many cost nothing, how many lie in each bin `(from, below, count)`
    in US dollars, and the dearest one."""

    free: int
    bins: tuple[tuple[Decimal, Decimal, int], ...]
    answers: int
    cost: Decimal
    dearest: Decimal


def distributed(found: dict[int, Any]) -> Distribution:
    """From rows of the place among the bounds (-1 for nothing), the answers, their sum and the dearest."""
    edges = (Decimal(0), *BOUNDS)
    top = BOUNDS[-1] * 1000
    bins = tuple(
        (edges[at], BOUNDS[at] if at < len(BOUNDS) else top, found[at][1])
        for at in sorted(found)
        if at >= 0
    )
    return Distribution(
        free=found[-1][1] if -1 in found else 0,
        bins=bins,
        answers=sum(row[1] for row in found.values()),
        cost=sum((row[2] for row in found.values()), Decimal(0)),
        dearest=max((row[3] for row in found.values()), default=Decimal(0)),
    )
