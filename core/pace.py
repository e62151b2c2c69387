"""Where a month's spending is going, from the days before."""

import calendar
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean, pstdev

_DAYS = 14
"""Days that are looked at, without today, which is not over."""
_Z = 1.2816
"""Four of five months end within the band, if days are independent of each other."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What the month will have cost at its end, in US dollars: about `middle`, in four cases of five
    between `low` and `high`."""

    low: float
    middle: float
    high: float


def month_end(spent: Mapping[date, float], today: date) -> Pace | None:
    """From what each day cost; None with fewer than three days behind the first one."""
    so_far = sum(cost for day, cost in spent.items() if day.replace(day=1) == today.replace(day=1))
    first = min(spent, default=today)
    past = [today - timedelta(days=back) for back in range(1, _DAYS + 1)]
    known = [spent.get(day, 0.0) for day in past if day >= first]
    if len(known) < 3:
        return None
    left = calendar.monthrange(today.year, today.month)[1] - today.day
    reach = _Z * pstdev(known) * math.sqrt(left)
    middle = so_far + fmean(known) * left
    return Pace(max(so_far, middle - reach), middle, middle + reach)
