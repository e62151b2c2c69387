"""The numbers of a text as values with their units: "1.2 g", "sixty minutes", "$5 million"."""

import re
from typing import NamedTuple

from core.retrieval.claims.numerals import SCALES, UNITS

_DIGITS = re.compile(
    r"(?P<digits>\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+(?!\d)|\d+(?:[.,]\d+)*)(?P<tail>[^\W\d_]{0,12})"
)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?!\d)")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?!\d)|(\d{1,2})([./])(\d{1,2})\5(\d{4})(?!\d)")
_CENTURY = re.compile(r"[ -](?:century|centuries|siècle)\b")
_CENTURIES = frozenset(float(number) for number in range(11, 22))
_OF_24_HOURS = re.compile(r"(?<!\d)(?:1[3-9]|2[0-3]):[0-5]\d(?!\d)")
_BESIDE = 40  # characters
_HALVES = re.compile(r"(am|pm|a\.m\.|p\.m\.|uhr|o'clock)", re.IGNORECASE)


_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONEY = ("$", "€", "£", "¥")
_AFTER_MONEY = {"k": 1e3, "m": 1e6, "b": 1e9}  # "$5m" is no length
_ANOTHER = ("nautical", "square", "cubic")


class Quantity(NamedTuple):
    """A number that a text says: its possible values, its unit ("" when it has none) with what one
    of it comes to in the base unit, and characters [start, end)."""

    values: frozenset[float]
    unit: str
    factor: float
    start: int
    end: int
    is_year: bool = False
    scale: float = 1.0
    """1e6 of "5 million"; the values have it in them."""
    is_faint: bool = False
    """An "a year" or "per hour": something to compare with, but no claim about a number."""
    years: int = 1
    """How many years it stands for: 10 of the 1990s, 100 of the 19th century."""

    def amounts(self) -> frozenset[float]:
        return frozenset(value * self.factor for value in self.values)


def written_values(digits: str) -> frozenset[float]:
    """What the digits may mean: "1,000" is a thousand, "1.000" may be one or a thousand."""
    plain = re.sub(r"[ \u00a0\u202f'’]", "", digits)
    if "," in plain and "." in plain:
        decimal = max(plain.rfind(","), plain.rfind("."))
        whole = re.sub(r"[.,]", "", plain[:decimal])
        return frozenset((float(f"{whole}.{plain[decimal + 1 :]}"),))
    if not re.search("[.,]", plain):
        return frozenset((float(plain[:300]),))
    groups = re.split("[.,]", plain)
    together = float("".join(groups)[:300])
    if len(groups) > 2:
        return frozenset((together,))
    decimal_value = float(f"{groups[0][:300]}.{groups[1][:300]}")
    if len(groups[1]) != 3 or groups[0] == "0":
        return frozenset((decimal_value,))
    return frozenset((together,)) if "," in plain else frozenset((together, decimal_value))


def at_digits(text: str, start: int) -> list[Quantity]:
    """The quantities that are written in digits at `start`; several for a date, none for a code
    such as 5xx."""
    if found := _DATE.match(text, start):
        parts = [part for part in found.groups() if part and part.isdigit()]
        month = _month(found)
        return [
            Quantity(
                frozenset((float(p),)), "", 1.0, start, found.end(), len(p) == 4,
                is_faint=bool(month) and place == 1,
            )
            for place, p in enumerate(parts)
        ]  # fmt: skip
    if found := _CLOCK.match(text, start):
        return [_clock(text, int(found[1]), int(found[2]), start, found.end())]
    found = _DIGITS.match(text, start)
    if not found:
        return []
    return _number(text, start, found["digits"], found["tail"], found.end("digits"))


def month_at(text: str, start: int) -> str:
    """The name of the month of a date in digits, "" where none stands or nobody knows which it is."""
    found = _DATE.match(text, start)
    return _month(found) if found else ""


def _month(date: re.Match[str]) -> str:
    # "3/4/2025" is the third of April or the fourth of March.
    digits = date[2] or (date[6] if date[5] == "." else "")
    return _MONTHS[int(digits) - 1] if digits and 1 <= int(digits) <= 12 else ""


def _number(text: str, start: int, digits: str, tail: str, end: int) -> list[Quantity]:
    after = text[end : end + 16].lstrip(" \u00a0\u202f")
    if (half := _HALVES.match(after)) and re.fullmatch(r"\d{1,2}([.:]\d\d)?", digits):
        hours, _, minutes = digits.replace(":", ".").partition(".")
        return [_clock(text, int(hours), int(minutes or 0), start, end + after.find(half[0]))]
    values = written_values(digits)
    low = tail.casefold()
    if low == "s" and len(digits) == 4:
        return [Quantity(values, "", 1.0, start, end + 1, is_year=True, years=10)]
    if low in ("st", "nd", "rd", "th", "er", "e", "ème") or (low == "s" and len(digits) % 2 == 0):
        return [_ordinal(text, values, start, end + len(tail))]
    scale = SCALES.get(low, 1.0) if low else 1.0
    if low in _AFTER_MONEY and text[:start].rstrip()[-1:] in _MONEY:
        scale = _AFTER_MONEY[low]
    if tail and scale == 1.0 and low not in UNITS:
        return []
    end += len(tail) if scale != 1.0 else 0
    return [_with_unit(text, frozenset(v * scale for v in values), start, end, digits, scale)]


def _ordinal(text: str, values: frozenset[float], start: int, end: int) -> Quantity:
    """The number of an order; a century is the years that it has."""
    if (found := _CENTURY.match(text, end)) and values <= _CENTURIES:
        first = frozenset((value - 1) * 100 for value in values)
        return Quantity(first, "", 1.0, start, found.end(), is_year=True, years=100)
    return Quantity(values, "", 1.0, start, end)


def _clock(text: str, hours: int, minutes: int, start: int, end: int) -> Quantity:
    after = text[end : end + 8].lstrip().casefold()
    value = float(hours * 60 + minutes)
    values = {value}
    if after.startswith(("pm", "p.m")):
        values = {value + 720 if hours < 12 else value}
    elif not after.startswith(("am", "a.m", "uhr")) and hours <= 12 and text[start] != "0":
        around = text[max(0, start - _BESIDE) : end + _BESIDE]
        # Who writes 17:30 beside it means the morning by 8:00.
        values = {value} if _OF_24_HOURS.search(around) else {value, value + 720}
    return Quantity(frozenset(values), "clock", 1.0, start, end)


NUMBERING = "numbering"
"""The unit of the numbers of headings and lists: "6 Notice" is no six months."""
_OPENS = re.compile(r"(?:^|[\n>])[ \t]*(?:#{1,6} )?$")
_NUMBERED = re.compile(r"[.)]?[ \t]+[^\W\d_a-zß-öø-ÿ]")


_NEXT = re.compile(
    r"[ \u00a0\u202f-]{0,2}(?:of a )?(?:an? |eine[rnms]? )?"
    r"(?:(?:working|calendar|business|full|whole|consecutive|more|additional|further) )?(°\s?[CF]?|[€$£¥%]|per cent|[^\W\d_]+)"
)


def _with_unit(
    text: str, values: frozenset[float], start: int, end: int, digits: str, scale: float
) -> Quantity:
    """The number with the scale and unit beside it, or the unit that its range ends in."""
    reach = end
    if (found := _NEXT.match(text, reach)) and found[1].casefold() in SCALES:
        scale *= SCALES[found[1].casefold()]
        values = frozenset(value * SCALES[found[1].casefold()] for value in values)
        reach = found.end()
    before = text[max(0, start - 4) : start].rstrip().casefold()
    for sign, unit in (
        ("€", "euro"),
        ("eur", "euro"),
        ("$", "dollar"),
        ("usd", "dollar"),
        ("£", "pound"),
    ):
        if before.endswith(sign):
            return Quantity(values, unit, 1.0, start, reach, scale=scale)
    unit, factor = unit_onward(text, reach)
    if (
        not unit
        and len(digits) < 4
        and _NUMBERED.match(text, reach)
        and _OPENS.search(text[:start])
    ):
        return Quantity(values, NUMBERING, 1.0, start, reach)
    minus = before.endswith(("−", "minus")) or before in ("-", "(-")
    if minus or (before.endswith("-") and text[max(0, start - 2) : start - 1] in ("", " ", "(")):
        values = frozenset(-value for value in values)
    year = not unit and len(digits) == 4 and digits.isdigit() and 1000 <= int(digits) <= 2100
    return Quantity(values, unit, factor, start, reach, year, scale)


_RATE = re.compile(r"\s+(?:an?|eine[rnms]?)\s", re.IGNORECASE)
_RANGE = re.compile(
    r" ?(?:-|–|—|to|and|or|bis|und|à|et)(?:-| )?(?:\d+(?:[.,]\d+)?|[^\W\d_]{3,9}(?= ))",
    re.IGNORECASE,
)


def unit_onward(text: str, end: int) -> tuple[str, float]:
    """The unit behind a number, or behind the range that it begins; "20,000 a day" has none."""
    if _RATE.match(text, end):
        return "", 1.0
    unit, factor = unit_at(text, end)
    if not unit and (onward := _RANGE.match(text, end)):
        return unit_at(text, onward.end())
    return unit, factor


def unit_at(text: str, end: int) -> tuple[str, float]:
    found = _NEXT.match(text, end)
    if not found:
        return "", 1.0
    if found[1].casefold() in _ANOTHER:
        # Nautical miles and square metres are units of their own.
        unit, factor = unit_at(text, found.end())
        return (f"{found[1].casefold()} {unit}", factor) if unit else ("", 1.0)
    name = found[1].casefold().replace(" ", "")
    # "250 g flour" is a weight, "5 m" a length, but "12 An" or "3 T" is none.
    if len(name) == 1 and name.isalpha() and found[1] != name and name not in "lwv":
        return "", 1.0
    return UNITS.get(name, ("", 1.0))
