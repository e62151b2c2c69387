"""What a model's vendor counts where we count one token: learned from the usage that came back."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from core.types import MESSAGE_OVERHEAD, TOOL_OVERHEAD, Basis

_LEAST = 5
_HIGHEST = (3.0, 60.0, 600.0)
_ROUNDS, _SWEEPS = 12, 60
_NEAR = 1e-4
"""Residuals below this share weigh alike: none of them may weigh without end."""

Weights = tuple[float, float, float]
"""Tokens for each that we count, for each message and for each tool."""
Sample = tuple[float, int, int, int]
"""An answer: the tokens of its texts before any calibration, its messages, its tools, and what the vendor
reported for all of them."""
_OWN: Weights = (1.0, float(MESSAGE_OVERHEAD), float(TOOL_OVERHEAD))


@dataclass(frozen=True, slots=True)
class Calibration:
    """Our count of the texts times `ratio`, `message` more for each message and `tool` for each tool, is
    what the vendor reports, within `error` (a share: half of `samples` answers were nearer than that);
    `plain` is the error without having learned."""

    ratio: float = 1.0
    error: float = 0.0
    samples: int = 0
    message: float = MESSAGE_OVERHEAD
    tool: float = TOOL_OVERHEAD
    plain: float = 0.0
    basis: Basis = "calibrated"


def learn(samples: Sequence[Sample]) -> Calibration | None:
    """From five answers on; None when they disagree so much that something else is wrong.

    None of the three is ever below our own, from which the worst case is reserved."""
    known = [each for each in samples if each[0] > 0 and each[3] > 0]
    if len(known) < _LEAST:
        return None
    # As shares of what was reported: a long answer teaches no more than a short one.
    rows = [(said[0] / said[3], said[1] / said[3], said[2] / said[3]) for said in known]
    found = _fit(rows)
    if any(value > most for value, most in zip(found, _HIGHEST, strict=True)):
        return None
    ratio, message, tool = found
    return Calibration(ratio, _error(rows, found), len(known), message, tool, _error(rows, _OWN))


def told(sample: Sample) -> Calibration | None:
    """From the vendor's own count of one window: ours of it is then the same, or rounded up, but never below
    what we count without having been told. Where there are tools they are what is more: Anthropic alone adds
    some 350 tokens once there is one. None for a count that cannot be."""
    text, messages, tools, said = sample
    if text <= 0 or said <= 0:
        return None
    around = messages * MESSAGE_OVERHEAD + tools * TOOL_OVERHEAD
    more = max(0.0, said - around - text)
    ratio = 1.0 if tools else 1 + more / text
    tool = TOOL_OVERHEAD + more / tools if tools else float(TOOL_OVERHEAD)
    if ratio > _HIGHEST[0] or tool > _HIGHEST[2]:
        return None
    plain = abs((text + around) / said - 1)
    off = abs((text + around + more) / said - 1)
    return Calibration(ratio, off, 1, tool=tool, plain=plain, basis="counted")


def _error(rows: Sequence[Weights], weights: Weights) -> float:
    return median(abs(_off(row, weights)) for row in rows)


def _off(row: Weights, weights: Weights) -> float:
    return row[0] * weights[0] + row[1] * weights[1] + row[2] * weights[2] - 1


def _fit(rows: Sequence[Weights]) -> Weights:
    """The weights, none below our own, that leave the least sum of absolute residuals: a single odd answer
    moves nothing (least squares, reweighted by the inverse of the residual; bounded, by coordinates)."""
    found = _OWN
    for _ in range(_ROUNDS):
        trust = [1 / max(abs(_off(row, found)), _NEAR) for row in rows]
        grid = [
            [sum(w * row[i] * row[j] for w, row in zip(trust, rows, strict=True)) for j in range(3)]
            for i in range(3)
        ]
        aims = [sum(w * row[i] for w, row in zip(trust, rows, strict=True)) for i in range(3)]
        found = _least(grid, aims, found)
    return found


def _least(grid: Sequence[Sequence[float]], aims: Sequence[float], start: Weights) -> Weights:
    at = list(start)
    for _ in range(_SWEEPS):
        for i in range(3):
            if grid[i][i] > 0:
                rest = sum(grid[i][j] * at[j] for j in range(3) if j != i)
                at[i] = max(_OWN[i], (aims[i] - rest) / grid[i][i])
    return at[0], at[1], at[2]
