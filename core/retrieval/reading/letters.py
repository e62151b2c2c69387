"""Texts compared by their letters alone: no spaces, hyphens, bars, accents, ligatures or case."""

import unicodedata

_LEFT_OUT = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Mn", "Pd", "Zl", "Zp", "Zs"))

_OF_US = "|\\^"  # a row is written with bars, a power with a sign, that its page does not have


def letters(text: str) -> str:
    """What is left of the text when everything is taken out that a page and its text may differ in."""
    return "".join(map(_letter, unicodedata.normalize("NFKD", text).casefold()))


def _letter(character: str) -> str:
    left_out = character in _OF_US or unicodedata.category(character) in _LEFT_OUT
    return "" if left_out else character


def nearest(page: str, words: str, place: int) -> tuple[int, int]:
    """Where the letters `words` stand in the letters `page`, the nearest to `place` of several; by
    how they begin and end when something stands between; (0, 0) when they are not there."""
    if not words:
        return 0, 0
    start = _nearest(page, words, place)
    if start >= 0:
        return start, start + len(words)
    size = min(_ENDS, len(words) // 3)
    if size < _LEAST:
        return 0, 0
    start = _nearest(page, words[:size], place)
    end = _nearest(page, words[-size:], place + len(words) - size) + size
    fits = start >= 0 and end > size and 0.7 * len(words) < end - start < 1.4 * len(words)
    return (start, end) if fits else (0, 0)


_ENDS = 24  # letters of the beginning and of the end by which a stretch is known
_LEAST = 8


def _nearest(page: str, words: str, place: int) -> int:
    after = page.find(words, max(place, 0))
    before = page.rfind(words, 0, max(place, 0) + len(words))
    found = [each for each in (after, before) if each >= 0]
    return min(found, key=lambda each: abs(each - place), default=-1)
