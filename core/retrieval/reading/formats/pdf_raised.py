"""Raised digits of a PDF: 10 with a raised 6 is no 106, and 2024 with the mark of a footnote no 20241."""

import ctypes
import re
from collections import Counter
from typing import Any

_RUN = re.compile(r"(?<![\w.,-])\d(?:[\d.,]{0,20}\d)?[-−]?\d{1,3}(?![\w])")
_MOST = 2_000  # runs of digits on a page that are looked at
_SMALLER = 0.85  # of the first digit, at most
_FLAT = 0.01  # of a line that climbs all digits stand higher than the first
_HIGHER = 0.15  # of its height, at least; and above its top

# PDFium may begin a line before or behind what is raised.
_LINE_END = re.compile(r"(?<=\S)\r?\n( ?)(?=\S)")
_NEAR, _BESIDE = 0.4, 0.7  # of the height of the two
_AROUND = 12  # characters on both sides by which a place is found again

Span = tuple[float, float]
"""Bottom and top of a digit."""


def marked(words: Any, text: str) -> str:
    """The text of a page with `^` in front of digits that stand smaller and higher behind a number."""
    if not any(each.isdigit() for each in text):
        return text
    whole: str = words.get_text_range()
    text = _rejoined(words, whole, text)
    runs = Counter(_RUN.findall(whole))
    raised: dict[str, list[int]] = {}
    for found in list(_RUN.finditer(whole))[:_MOST]:
        if place := _split(words, found):
            raised.setdefault(found[0], []).append(place)
    # By what is written, since tables are put together anew: only where it means the same all over the page.
    same = {run: at[0] for run, at in raised.items() if len(at) == runs[run] and len(set(at)) == 1}
    if not same:
        return text
    return _RUN.sub(lambda run: _with_mark(run[0], same.get(run[0], 0)), text)


def _rejoined(words: Any, whole: str, text: str) -> str:
    """The text with what is raised back in the line in which it stands, and the rest of that line."""
    for found in list(_LINE_END.finditer(whole))[:_MOST]:
        sign = _joint(words, found)
        if sign is None:
            continue
        before = whole[max(0, found.start() - _AROUND) : found.start()].rpartition("\n")[2]
        behind = whole[found.end() : found.end() + _AROUND].partition("\r")[0]
        text = text.replace(f"{before}{found[0]}{behind}", f"{before}{sign}{found[1]}{behind}", 1)
    return text


def _joint(words: Any, found: re.Match[str]) -> str | None:
    """What belongs between the end of a line and the beginning of the next one where that goes on right
    behind it, a little higher or lower; None where it does not."""
    import pypdfium2.raw as raw

    index, whole = raw.FPDFText_GetCharIndexFromTextIndex, found.string
    first, second = (_box(words, index(words, at)) for at in (found.start() - 1, found.end()))
    height = max(first[3] - first[2], second[3] - second[2])
    is_near = -_NEAR * height < second[0] - first[1] < (_BESIDE + len(found[1])) * height
    # A full stop is far below what is raised.
    reach = height * (_NEAR if whole[found.end()].isalnum() else 1)
    if not is_near or second[2] > first[3] + reach or first[2] > second[3] + reach:
        return None
    is_number = whole[found.start() - 1].isdigit() and whole[found.end()].isdigit()
    return "^" if is_number and _is_raised(second[2:], first[2:]) else ""


def _with_mark(run: str, place: int) -> str:
    return f"{run[:place]}^{run[place:]}" if place else run


def _split(words: Any, found: re.Match[str]) -> int:
    """Where in these characters the raised ones begin; 0 when all stand alike."""
    import pypdfium2.raw as raw

    digits = [at for at, letter in enumerate(found[0]) if letter.isdigit()]
    index = raw.FPDFText_GetCharIndexFromTextIndex
    first = _span(words, index(words, found.start()))
    split = len(digits)
    # From the end, because most numbers have nothing raised, and then one look is enough.
    while split and _is_raised(
        _span(words, index(words, found.start() + digits[split - 1])), first
    ):
        split -= 1
    if (
        split == len(digits)
        or raw.FPDFText_GetCharAngle(words, index(words, found.start())) > _FLAT
    ):
        return 0
    before = found[0][digits[split] - 1]
    return digits[split] - (before in "-−")


def _is_raised(span: Span, first: Span) -> bool:
    height = first[1] - first[0]
    return (
        span[1] - span[0] < _SMALLER * height
        and span[0] > first[0] + _HIGHER * height
        and span[1] > first[1]
    )


def _span(words: Any, index: int) -> Span:
    _, _, bottom, top = _box(words, index)
    return bottom, top


def _box(words: Any, index: int) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of a character."""
    import pypdfium2.raw as raw

    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    raw.FPDFText_GetCharBox(words, index, left, right, bottom, top)
    return left.value, right.value, bottom.value, top.value
