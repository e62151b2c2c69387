"""Whether two numbers are one amount: by their units, rounded, as a month of days, as years of a decade."""

from core.retrieval.claims.quantities import Quantity

_MONTH = 30.44 * 86_400  # seconds
_OF_A_MONTH = 0.03  # "30 days" for a month, "four weeks" are none
_HEDGED = 0.05
_DEGREES = frozenset(("degree", "celsius", "fahrenheit"))


def same(claimed: Quantity, given: Quantity, hedged: bool) -> bool:
    """Whether the two are one amount, by their units where both have one; `hedged` ("about",
    "over") allows for rounding."""
    units = {claimed.unit, given.unit}
    if units == {"second", "month"}:
        return _any_near(_seconds(claimed), _seconds(given), _OF_A_MONTH)
    # "At 11 and 15 o'clock" for "at 11 am and 3 pm".
    if units == {"clock", ""} and _minutes(claimed) & _minutes(given):
        return True
    if claimed.years > given.years:
        return given.is_year and any(
            first <= year < first + claimed.years
            for first in claimed.values
            for year in given.values
        )
    is_one_unit = len(units) == 1 and "" not in units
    if not (is_one_unit or "" in units or (units <= _DEGREES and "degree" in units)):
        return False
    ours = claimed.amounts() if is_one_unit else claimed.values
    theirs = given.amounts() if is_one_unit else given.values
    slack = _HEDGED if hedged and not claimed.is_year else 1e-9
    return _any_near(ours, theirs, slack) or any(
        _is_rounded(a, b, claimed.factor * claimed.scale) for a in ours for b in theirs
    )


def _seconds(each: Quantity) -> frozenset[float]:
    """Of an amount in seconds or months."""
    one = _MONTH if each.unit == "month" else 1.0
    return frozenset(amount * one for amount in each.amounts())


def _minutes(each: Quantity) -> frozenset[float]:
    """Since midnight, of a clock or the bare number of an hour."""
    return frozenset(value * (1 if each.unit else 60) for value in each.values)


def _any_near(some: frozenset[float], others: frozenset[float], slack: float) -> bool:
    return any(_near(a, b, slack) for a in some for b in others)


def _is_rounded(ours: float, theirs: float, unit: float) -> bool:
    """Whether ours is theirs with fewer digits: 383 for 383.2, 82.96 billion for 82,959 million."""
    if not 10 <= abs(theirs) < 1e15:
        return False
    if theirs != int(theirs) and ours == round(theirs):
        return True
    digits = len(f"{abs(ours / unit):.9g}".replace(".", "").strip("0"))
    return unit >= 1000 and digits >= 3 and _near(float(f"{theirs:.{digits}g}"), ours, 1e-9)


def _near(a: float, b: float, slack: float) -> bool:
    return abs(a - b) <= slack * max(abs(a), abs(b)) or a == b
