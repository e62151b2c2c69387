"""How an answer's figures are said, wherever it is told of: money, times, and what it took."""

from collections.abc import Iterator
from decimal import Context, Decimal

from core.types import Turn

_THREE = Context(prec=3)


def money(cost: Decimal | None) -> str:
    """An exact price in dollars: sub-cent sums are not rounded away, an unknown price says so."""
    if cost is None:
        return "price unknown"
    if cost == 0:
        return "$0"
    shown = f"{cost:,.2f}" if cost >= 1 else f"{cost:.12f}".rstrip("0")
    whole, _, digits = shown.partition(".")
    return f"${whole}.{digits.ljust(2, '0')}"


def nearly(cost: Decimal) -> str:
    """A sum that is reckoned and not booked: below a dollar of three digits, and never nothing when it is
    something."""
    return money(cost if abs(cost) >= 1 else _THREE.plus(cost))


def seconds(value: float | None) -> str:
    """A time span as people say it."""
    if value is None:
        return "–"
    if value < 0.1:
        return f"{value * 1000:.0f} ms" if value >= 0.0005 else "under 1 ms"
    return f"{value:.1f} s" if value < 60 else f"{int(value // 60)} min {int(value % 60)} s"


def about(turn: Turn) -> str:
    """What stands before the turn's tokens and dollars when some of them are our estimate."""
    return "≈ " if turn.calls.estimated else ""


def cost(turn: Turn) -> str:
    """What all calls of the turn came to."""
    return f"{about(turn) if turn.cost else ''}{money(turn.cost)}"


def taken(turn: Turn) -> Iterator[str]:
    """What a finished turn took: the tokens of all its calls, what they cost, and how many they were when
    it was more than one."""
    calls = turn.calls
    if calls.input_tokens or calls.output_tokens:
        yield f"{about(turn)}{calls.input_tokens:,} tokens in, {calls.output_tokens:,} out"
    yield cost(turn)
    if calls.count > 1:
        yield f"{calls.count:,} calls"
