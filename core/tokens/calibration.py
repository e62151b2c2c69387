"""What a model's vendor counts where we count one token: learned from the usage that came back."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

_LEAST = 5
_HIGHEST = 3.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """Our count times `ratio` is what the vendor reports, within `error` (a share: half of `samples`
    answers were nearer than that)."""

    ratio: float = 1.0
    error: float = 0.0
    samples: int = 0


def learn(pairs: Sequence[tuple[float, int]]) -> Calibration | None:
    """From answers as (counted before any calibration, reported); None with fewer than five, or when
    they disagree so much that something else is wrong."""
    known = [(counted, reported) for counted, reported in pairs if counted > 0 and reported > 0]
    if len(known) < _LEAST:
        return None
    # The middle one, so that a single odd answer moves nothing; never below our own count, from which
    # the worst case is reserved.
    ratio = max(1.0, median(reported / counted for counted, reported in known))
    if ratio > _HIGHEST:
        return None
    error = median(abs(counted * ratio / reported - 1) for counted, reported in known)
    return Calibration(ratio, error, len(known))
