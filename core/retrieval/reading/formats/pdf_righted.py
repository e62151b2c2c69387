"""Words from right to left that a PDF gives backwards: the letters of a word stand on the page as they are read."""

import ctypes
import re
from typing import Any

# Hebrew, Arabic and their sisters, with the forms that old files spell out.
_WORD = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]{2,60}")
_MOST = 5_000  # words of a page that are looked at


def righted(words: Any, text: str) -> str:
    """The text of a page, its words that run from left to right on the paper the other way round.

    Chromium writes such words beside ones that are in order, so each is looked at by itself.
    """
    if not _WORD.search(text):
        return text
    backwards: dict[str, bool] = {}
    whole: str = words.get_text_range()
    for number, found in enumerate(_WORD.finditer(whole)):
        if number == _MOST:
            break
        # Where the same letters stand both ways, nobody can tell which is meant.
        runs_right = _runs_right(words, found)
        backwards[found[0]] = backwards.get(found[0], runs_right) and runs_right
    return _WORD.sub(lambda each: each[0][::-1] if backwards.get(each[0]) else each[0], text)


def _runs_right(words: Any, found: re.Match[str]) -> bool:
    """Whether each letter stands farther to the right than the one before it."""
    import pypdfium2.raw as raw

    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    before = float("-inf")
    for at in range(*found.span()):
        index = raw.FPDFText_GetCharIndexFromTextIndex(words, at)
        raw.FPDFText_GetCharBox(words, index, left, right, bottom, top)
        middle = (left.value + right.value) / 2
        if middle <= before:
            return False
        before = middle
    return True
