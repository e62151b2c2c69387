"""The pace of a month: what is spent already, and what the days before promise."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.pace import Pace, month_end

TODAY = date(2026, 11, 20)


def days(*costs: float) -> dict[date, float]:
    """The last cost is that of today."""
    return {TODAY - timedelta(days=back): cost for back, cost in enumerate(reversed(costs))}


def test_even_days_go_on_evenly_and_leave_no_band() -> None:
    assert month_end(days(*[2.0] * 20), TODAY) == Pace(60.0, 60.0, 60.0)


def test_days_without_a_call_count_and_uneven_days_have_a_band() -> None:
    pace = month_end(days(4, 0, 4, 0, 4, 0, 0), TODAY)
    assert pace and pace.low < pace.middle < pace.high
    assert pace.middle == 12 + 2 * 10


def test_two_days_promise_nothing_and_last_month_is_not_this_one() -> None:
    assert month_end(days(1, 1, 5), TODAY) is None
    start = date(2026, 11, 2)
    pace = month_end({date(2026, 10, 20): 30.0, start: 1.0}, start)
    assert pace and pace.middle > 1


@given(st.lists(st.floats(0, 1_000), min_size=4, max_size=40))
def test_it_never_promises_less_than_is_spent(costs: list[float]) -> None:
    spent = days(*costs)
    pace = month_end(spent, TODAY)
    so_far = sum(cost for day, cost in spent.items() if day.month == TODAY.month)
    assert pace and so_far - 1e-6 <= pace.low <= pace.middle + 1e-6 <= pace.high + 2e-6
