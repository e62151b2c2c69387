"""A bill beside the ledger, day by day and model by model, with what explains the difference."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from core.bills.forms import plain_name
from core.bills.reading import Bill

Verdict = Literal["agrees", "ours_is_more", "theirs_is_more", "only_ours", "only_theirs"]


@dataclass(frozen=True, slots=True)
class Booked:
    """What the ledger holds of one UTC day and one model ref. `cost` sums the known prices; of the calls
    `estimated` were not reported by the vendor (cut, aborted, or booked at their worst case), with
    `estimated_cost` of the cost, and `unpriced` have no known price."""

    day: date
    model: str
    calls: int
    cost: Decimal
    sent: int
    received: int
    estimated: int
    estimated_cost: Decimal
    unpriced: int


@dataclass(frozen=True, slots=True)
class Line:
    """One day and one model: theirs, ours, ours less theirs, and why. Money in US dollars, None where
    the file says nothing of it. `refs` are our models of that name."""

    day: date
    model: str
    refs: tuple[str, ...]
    theirs: Decimal | None
    ours: Decimal
    their_tokens: int | None
    our_tokens: int
    verdict: Verdict
    why: tuple[str, ...]

    @property
    def difference(self) -> Decimal | None:
        """What we booked beyond the bill."""
        return None if self.theirs is None else self.ours - self.theirs


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Every day and model of the bill's days, the oldest first."""

    first: date
    last: date
    lines: tuple[Line, ...]

    @property
    def theirs(self) -> Decimal:
        return sum((line.theirs for line in self.lines if line.theirs is not None), Decimal(0))

    @property
    def ours(self) -> Decimal:
        return sum((line.ours for line in self.lines), Decimal(0))


@dataclass(slots=True)
class _Theirs:
    amount: Decimal | None = None
    sent: int | None = None
    received: int | None = None
    slack: Decimal = Decimal(0)


def days(bill: Bill) -> tuple[date, date]:
    """The first and the last day of which the bill says something."""
    named = [line.day for line in bill.lines]
    return min(named), max(named)


def compare(bill: Bill, booked: Iterable[Booked]) -> Reconciled:
    """Hold the bill against what was booked on its days on its vendor's models. A bill that names no
    models is compared by day."""
    named = any(line.model for line in bill.lines)
    first, last = days(bill)
    theirs, ours = _theirs(bill), _ours(bill, booked, named=named)
    lines = [
        _line(day, model, theirs.get((day, model)), ours.get((day, model), []))
        for day, model in sorted({*theirs, *ours})
        if first <= day <= last
    ]
    return Reconciled(first, last, tuple(lines))


def _theirs(bill: Bill) -> dict[tuple[date, str], _Theirs]:
    found: dict[tuple[date, str], _Theirs] = defaultdict(_Theirs)
    for line in bill.lines:
        at = found[line.day, line.model]
        at.amount = _more(at.amount, line.amount)
        at.sent, at.received = _add(at.sent, line.sent), _add(at.received, line.received)
        at.slack += line.slack
    return dict(found)


def _more(sum_: Decimal | None, amount: Decimal | None) -> Decimal | None:
    return sum_ if amount is None else (sum_ or Decimal(0)) + amount


def _add(sum_: int | None, tokens: int | None) -> int | None:
    return sum_ if tokens is None else (sum_ or 0) + tokens


def _ours(
    bill: Bill, booked: Iterable[Booked], *, named: bool
) -> dict[tuple[date, str], list[Booked]]:
    found: dict[tuple[date, str], list[Booked]] = defaultdict(list)
    for each in booked:
        vendor, _, model = each.model.partition(":")
        if model and bill.form.vendor in ("", vendor):
            found[each.day, plain_name(model) if named else ""].append(each)
    return dict(found)


def _line(day: date, model: str, theirs: _Theirs | None, ours: Sequence[Booked]) -> Line:
    their = theirs or _Theirs()
    tokens = _add(their.sent, their.received)
    cost = sum((each.cost for each in ours), Decimal(0))
    our_tokens = sum(each.sent + each.received for each in ours)
    verdict = _verdict(theirs, ours, cost, our_tokens, tokens)
    why = _why(verdict, their, ours, cost)
    refs = tuple(sorted({each.model for each in ours}))
    return Line(day, model, refs, their.amount, cost, tokens, our_tokens, verdict, why)


def _verdict(
    theirs: _Theirs | None,
    ours: Sequence[Booked],
    cost: Decimal,
    our_tokens: int,
    tokens: int | None,
) -> Verdict:
    if theirs is None:
        return "only_ours"
    if not ours:
        return "only_theirs"
    if theirs.amount is not None:
        if abs(cost - theirs.amount) <= theirs.slack:
            return "agrees"
        return "ours_is_more" if cost > theirs.amount else "theirs_is_more"
    if our_tokens == tokens:
        return "agrees"
    return "ours_is_more" if our_tokens > (tokens or 0) else "theirs_is_more"


def _why(
    verdict: Verdict, theirs: _Theirs, ours: Sequence[Booked], cost: Decimal
) -> tuple[str, ...]:
    estimated = sum(each.estimated for each in ours)
    estimate = sum((each.estimated_cost for each in ours), Decimal(0))
    unpriced = sum(each.unpriced for each in ours)
    match verdict:
        case "agrees":
            exact = theirs.amount is None or cost == theirs.amount
            return () if exact else ("within the rounding of the file",)
        case "only_theirs":
            return ("no call of this app: another program, or another key",)
        case "only_ours":
            free = (
                "not in the file: other days or models of it were exported, or nothing was billed"
            )
            return (free, *_estimates(estimated, estimate))
        case "ours_is_more":
            rest = theirs.amount is not None and cost - estimate > theirs.amount + theirs.slack
            other = ("a lower price than ours, or a part that was not exported",) if rest else ()
            return (*_estimates(estimated, estimate), *other) or (_UNKNOWN,)
        case "theirs_is_more":
            open_ = (f"{_calls(unpriced)} without a known price, at 0 in our sum",)
            outside = ("calls outside this app, or a higher price than ours",)
            return (*(open_ if unpriced else ()), *outside)


_UNKNOWN = "nothing here explains it: see the calls"


def _estimates(count: int, cost: Decimal) -> tuple[str, ...]:
    if not count:
        return ()
    return (
        f"{_calls(count)} cut off or not reported, booked at our estimate of ${cost:f}, which is "
        "never below the bill",
    )


def _calls(count: int) -> str:
    return f"{count:,} call{'' if count == 1 else 's'}"
