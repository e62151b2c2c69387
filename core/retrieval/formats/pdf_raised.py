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

Span = tuple[float, float]
"""Bottom and top of a digit."""


def marked(words: Any, text: str) -> str:
    """The text of a page with `^` in front of digits that stand smaller and higher behind a number."""
    if _RUN.search(text) is None:
        return text
    whole: str = words.get_text_range()
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
    import pypdfium2.raw as raw

    sides = [ctypes.c_double() for _ in range(4)]  # left, right, bottom, top
    raw.FPDFText_GetCharBox(words, index, *sides)
    return sides[2].value, sides[3].value
