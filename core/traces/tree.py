"""The spans of a turn as a tree, and its times, tokens and dollars summed up it: the parts are the whole."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

from core.llm import names
from core.types import LedgerRow, Span, SpanKind

LEDGER_ROW = names.LEDGER_ROW


@dataclass(frozen=True, slots=True)
class Step:
    """A span in its place. `own_ns` is the time in which nothing below it ran; `tokens` and `cost` are
    of it and all below it, and `cost` is None when a price among them is unknown."""

    depth: int
    span: Span
    own_ns: int = 0
    tokens: int = 0
    cost: Decimal | None = field(default_factory=Decimal)


def laid_out(spans: Sequence[Span], rows: Sequence[LedgerRow] = ()) -> list[Step]:
    """Every span once, each below its parent, in the order of their starts.

    A span whose parent was not kept (the app ended before it did) stands at the top.
    """
    order = _in_order(spans)
    own = _own_times(order)
    below = _summed(order, {row.id: row for row in rows})
    return [Step(depth, span, own[span.span_id], *below[span.span_id]) for depth, span in order]


def by_kind(steps: Sequence[Step]) -> dict[SpanKind, int]:
    """The nanoseconds of each kind of span; together they are the time of the whole."""
    spent: dict[SpanKind, int] = {}
    for step in steps:
        spent[step.span.kind] = spent.get(step.span.kind, 0) + step.own_ns
    return spent


def unlinked(steps: Sequence[Step], rows: Sequence[LedgerRow]) -> list[LedgerRow]:
    """The turn's calls that no span of it made."""
    linked = {step.span.attributes.get(LEDGER_ROW) for step in steps}
    return [row for row in rows if row.id not in linked]


def _in_order(spans: Sequence[Span]) -> list[tuple[int, Span]]:
    known = {span.span_id for span in spans}
    below: dict[str | None, list[Span]] = {}
    for span in sorted(spans, key=lambda each: (each.start_ns, each.span_id), reverse=True):
        mine = (
            span.parent_id if span.parent_id in known and span.parent_id != span.span_id else None
        )
        below.setdefault(mine, []).append(span)
    waiting = [(0, span) for span in below.get(None, ())]
    order: list[tuple[int, Span]] = []
    while waiting:
        depth, span = waiting.pop()
        order.append((depth, span))
        waiting += [(depth + 1, each) for each in below.get(span.span_id, ())]
    return order


def _own_times(order: Sequence[tuple[int, Span]]) -> dict[str, int]:
    """Each moment belongs to the deepest span that runs then, of equals to the one begun last."""
    own = {span.span_id: 0 for _, span in order}
    begun = sorted(order, key=lambda each: each[1].start_ns)
    moments = sorted({at for _, span in order for at in (span.start_ns, span.end_ns)})
    running: list[tuple[int, int, int, str]] = []
    following = 0
    for now, until in pairwise(moments):
        while following < len(begun) and begun[following][1].start_ns <= now:
            depth, span = begun[following]
            heapq.heappush(running, (-depth, -following, span.end_ns, span.span_id))
            following += 1
        while running and running[0][2] <= now:
            heapq.heappop(running)
        if running:
            own[running[0][3]] += until - now
    return own


def _summed(
    order: Sequence[tuple[int, Span]], rows: Mapping[str, LedgerRow]
) -> dict[str, tuple[int, Decimal | None]]:
    sums: dict[str, tuple[int, Decimal | None]] = {}
    depths = {span.span_id: depth for depth, span in order}
    for _, span in order:
        row = rows.get(str(span.attributes.get(LEDGER_ROW, "")))
        tokens = int(span.attributes.get(names.INPUT_TOKENS) or 0) + int(
            span.attributes.get(names.OUTPUT_TOKENS) or 0
        )
        sums[span.span_id] = (tokens, _cost(row))
    for depth, span in reversed(order):
        if depth and span.parent_id in depths:
            sums[span.parent_id] = _added(sums[span.parent_id], sums[span.span_id])
    return sums


def _cost(row: LedgerRow | None) -> Decimal | None:
    if row is None or row.state == "released":
        return Decimal(0)
    return row.reserved if row.state == "reserved" else row.cost


def _added(
    one: tuple[int, Decimal | None], other: tuple[int, Decimal | None]
) -> tuple[int, Decimal | None]:
    known = one[1] is not None and other[1] is not None
    return one[0] + other[0], one[1] + other[1] if known else None  # type: ignore[operator]
