"""The numbers of a text that are written in words: "sixty minutes", "a day and a half", "two thirds"."""

from collections.abc import Sequence

from core.retrieval.claims.numerals import NUMBER_WORDS, ONE, SCALES, UNITS
from core.retrieval.claims.quantities import Quantity, unit_at, unit_onward

_SPANS = frozenset(("for", "within", "lasts", "lasted", "takes", "took"))
_PARTS = {"third": 3.0, "quarter": 4.0, "fifth": 5.0, "sixth": 6.0, "eighth": 8.0, "tenth": 10.0}


def in_words(
    keys: Sequence[str], spans: Sequence[tuple[int, int]], text: str, at: int
) -> tuple[Quantity, int] | None:
    """The quantity that is written in words from word `at` on, and how many words it takes."""
    key = keys[at]
    if key in ONE:
        return _one(keys, spans, text, at)
    if key not in NUMBER_WORDS:
        return None
    total, count = _total(keys, at)
    if part := _part(keys, at + count, total):
        return _share(total / part, text, spans[at][0], spans[at + count][1]), count + 1
    if _and_a_half(keys, at + count):
        total, count = total + 0.5, count + 3
    start, end = spans[at][0], spans[at + count - 1][1]
    if NUMBER_WORDS[key] == 0.5:
        half = _half(keys, text, at, start, end)
        return half, 3 if half.unit == "clock" else 1
    unit, factor = unit_onward(text, end)
    return Quantity(frozenset((total,)), unit, factor, start, end), count


def _and_a_half(keys: Sequence[str], at: int) -> bool:
    return keys[at : at + 3] == ["and", "a", "half"]


def _part(keys: Sequence[str], at: int, how_many: float) -> float:
    """What a whole is divided by in "a fifth of", "two thirds"; 0 when no part stands there."""
    word, onward = "".join(keys[at : at + 1]), "".join(keys[at + 1 : at + 2])
    if how_many == 1:
        return _PARTS.get(word, 0.0) if onward in ("of", "off") else 0.0
    # "Three quarters" may be nine months.
    several = word.endswith("s") and (word != "quarters" or onward == "of")
    return _PARTS.get(word.removesuffix("s"), 0.0) if several and how_many < 10 else 0.0


def _share(part: float, text: str, start: int, end: int) -> Quantity:
    """The part of an hour or the like, else in per cent, as exactly as anybody writes it."""
    unit, factor = unit_at(text, end + 3 if text.startswith(" of", end) else end)
    if unit:
        return Quantity(frozenset((part,)), unit, factor, start, end)
    written = frozenset(round(100 * part, digits) for digits in (0, 1, 2))
    return Quantity(written, "share", 1.0, start, end)


def _total(keys: Sequence[str], at: int) -> tuple[float, int]:
    """What the words from `at` on come to, and how many they are: "two hundred and fifty"."""
    total, count = NUMBER_WORDS[keys[at]], 1
    while at + count < len(keys):
        following = keys[at + count]
        onward = keys[at + count + 1] if at + count + 1 < len(keys) else ""
        if following in SCALES and total < 1e15:
            total *= SCALES[following]
        elif 0 < NUMBER_WORDS.get(following, 0) < _room(total):
            total += NUMBER_WORDS[following]
        elif following == "one" and _room(total) == 10:  # eighty-one
            total += 1
        elif not (following == "and" and total >= 100 and onward in NUMBER_WORDS):
            break
        count += 1
    return total, count


def _room(total: float) -> float:
    """What may still be added to a number in words: less than ten to twenty, less than a hundred
    to a hundred."""
    if total in (20, 30, 40, 50, 60, 70, 80, 90):
        return 10
    return 1000 if total >= 1000 else 100 if total >= 100 else 0


def _one(
    keys: Sequence[str], spans: Sequence[tuple[int, int]], text: str, at: int
) -> tuple[Quantity, int] | None:
    start, end = spans[at]
    if found := _one_and_a_half(keys, spans, text, at) or _quarter(keys, spans, text, at):
        return found
    if part := _part(keys, at + 1, 1.0):
        return _share(1 / part, text, start, spans[at + 1][1]), 2
    if (
        keys[at : at + 2] == ["one", "in"]
        and (many := NUMBER_WORDS.get("".join(keys[at + 2 : at + 3]), 0)) > 1
    ):
        return _share(1 / many, text, start, spans[at + 2][1]), 3
    # "Employees on two days, trainees on one."
    if keys[at] == "one" and text[end : end + 1] in ("", ".", ",", ";"):
        return Quantity(frozenset((1.0,)), "", 1.0, start, end, is_faint=True), 1
    if at + 1 >= len(keys) or keys[at + 1] not in UNITS:
        return None
    unit, factor = unit_at(text, end)
    # "A day" is something to compare with; "for a day" is a claim.
    is_faint = keys[at] != "one" and "".join(keys[at - 1 : at]) not in _SPANS
    return Quantity(frozenset((1.0,)), unit, factor, start, end, is_faint=is_faint), 1


def _one_and_a_half(
    keys: Sequence[str], spans: Sequence[tuple[int, int]], text: str, at: int
) -> tuple[Quantity, int] | None:
    """ "One and a half tonnes" and "a day and a half"."""
    if _and_a_half(keys, at + 1):
        count, (unit, factor) = 4, unit_at(text, spans[at + 3][1])
    elif _and_a_half(keys, at + 2) and keys[at + 1] in UNITS:
        count, (unit, factor) = 5, UNITS[keys[at + 1]]
    else:
        return None
    end = spans[at + count - 1][1]
    return Quantity(frozenset((1.5,)), unit, factor, spans[at][0], end), count


def _quarter(
    keys: Sequence[str], spans: Sequence[tuple[int, int]], text: str, at: int
) -> tuple[Quantity, int] | None:
    """ "A quarter of an hour" is 15 minutes, "a quarter of the guests" 25 per cent."""
    is_quarter = keys[at] in ("a", "an") and keys[at + 1 : at + 2] == ["quarter"]
    if not is_quarter or "".join(keys[at + 2 : at + 3]) not in ("of", "off", "past", "to"):
        return None
    start, end = spans[at][0], spans[at + 1][1]
    if unit_at(text, spans[at + 2][1])[0] == "second":
        return Quantity(frozenset((15.0,)), "second", 60.0, start, end), 2
    return Quantity(frozenset((25.0,)), "share", 1.0, start, end), 2


def _half(keys: Sequence[str], text: str, at: int, start: int, end: int) -> Quantity:
    if at + 2 < len(keys) and keys[at + 1] == "past" and (hour := NUMBER_WORDS.get(keys[at + 2])):
        return Quantity(frozenset((hour * 60 + 30, hour * 60 + 750)), "clock", 1.0, start, end)
    unit, factor = unit_at(text, end)
    return Quantity(frozenset((0.5,)), unit, factor, start, end) if unit else Quantity(
        frozenset((50.0, 0.5)), "", 1.0, start, end
    )  # fmt: skip
