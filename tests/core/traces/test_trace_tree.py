"""The tree of a trace: every span once, and the parts are the whole."""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.traces.tree import LEDGER_ROW, by_kind, laid_out, unlinked
from core.types import LedgerRow, Span, Usage

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def row(number: int, cost: int | None) -> LedgerRow:
    price = None if cost is None else Decimal(cost) / 10**12
    return LedgerRow(
        f"r{number}", "t", "c", "m", "answer", "settled", NOW, NOW, price, price, Usage()
    )


def span(number: int, parent: int | None, start: int, long: int) -> Span:
    told = {LEDGER_ROW: f"r{number}", "gen_ai.usage.input_tokens": number}
    above = None if parent is None else f"s{parent}"
    return Span("t", f"s{number}", above, "x", "model", start, start + long, attributes=told)


@st.composite
def traces(draw: st.DrawFn) -> list[Span]:
    number = draw(st.integers(1, 30))
    return [
        span(
            n,
            draw(st.integers(0, n - 1)) if n else None,
            draw(st.integers(0, 50)) if n else 0,
            draw(st.integers(0, 50)) if n else 100,
        )
        for n in range(number)
    ]


@given(traces(), st.lists(st.integers(0, 10**15), min_size=30, max_size=30))
def test_the_own_times_are_the_whole_and_every_sum_is_of_its_parts(
    spans: list[Span], costs: list[int]
) -> None:
    rows = [row(n, cost) for n, cost in enumerate(costs)]
    steps = laid_out(list(reversed(spans)), rows)

    assert sorted(step.span.span_id for step in steps) == sorted(each.span_id for each in spans)
    assert sum(step.own_ns for step in steps) == 100 == sum(by_kind(steps).values())
    assert all(0 <= step.own_ns <= step.span.end_ns - step.span.start_ns for step in steps)
    assert steps[0].tokens == sum(range(len(spans)))
    left = sum(each.cost or 0 for each in unlinked(steps, rows))
    assert (steps[0].cost or 0) + left == sum(Decimal(cost) for cost in costs) / 10**12


def test_a_price_that_is_unknown_makes_every_sum_above_it_unknown_and_no_other() -> None:
    spans = [span(0, None, 0, 9), span(1, 0, 1, 3), span(2, 0, 5, 3)]
    costs = [step.cost for step in laid_out(spans, [row(0, 5), row(1, None), row(2, 7)])]
    assert costs == [None, None, Decimal("7E-12")]


def test_a_span_without_its_parent_stands_at_the_top_and_one_of_itself_too() -> None:
    lost, own = span(1, 99, 0, 5), span(2, 2, 1, 5)
    assert [(step.depth, step.span) for step in laid_out([own, lost])] == [(0, lost), (0, own)]


def test_a_tree_as_deep_as_it_is_long_is_laid_out() -> None:
    spans = [span(n, n - 1 if n else None, n, 20_000 - n) for n in range(5_000)]
    assert [step.depth for step in laid_out(spans)] == list(range(5_000))
