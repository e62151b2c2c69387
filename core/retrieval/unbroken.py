"""Stretches of a text without a space, longer than any passage: cut in one pass, whatever they hold.

A splitter that looks for the best border weighs each character some twenty times, and finds none here.
"""

import re
from collections.abc import Callable, Iterator, Mapping

# The tokenizer treats an ideograph and an ASCII punctuation mark as a word of its own, so counts of
# what lies between them add up exactly.
_IDEOGRAPHS = (
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0002a6df\U0002a700-\U0002ceaf\U0002f800-\U0002fa1f"
)
_MARKS = r"!-/:-@\[-`{-~"
WORDS = re.compile(f"[{_IDEOGRAPHS}]|[{_MARKS}]|[^\\s{_IDEOGRAPHS}{_MARKS}]+")
_ENDS = frozenset("。！？；.!?;")
_SLICE = 100  # so that no slice is more than a passage


def stretches(text: str, start: int, end: int, longest: int) -> Iterator[tuple[int, int, bool]]:
    """All of [start, end) in order; True for what has no space in it and more than `longest` characters."""
    # Possessive, and only where a stretch begins, so that each character is looked at once.
    run = re.compile(rf"(?<!\S)\S{{{longest + 1},}}+")
    for found in run.finditer(text, start, end):
        yield start, found.start(), False
        yield found.start(), found.end(), True
        start = found.end()
    yield start, end, False


def evenly(
    text: str, span: tuple[int, int], pieces: Mapping[str, int], room: int, longest: int
) -> Iterator[tuple[int, int]]:
    """Passages of at most `room` pieces and `longest` characters, full but for the last; they end with
    a sentence where one ends in their second half."""
    begin, border = span[0], span[0]
    size = since = 0  # pieces since the begin, and since the border
    for start, end in _units(text, *span):
        count = pieces[text[start:end]]
        while size + count > room or end - begin > longest:
            cut = border if border - begin > start - border else start
            yield begin, cut
            begin, border, size = cut, cut, since if cut == border else 0
            since = size
        size, since = size + count, since + count
        if text[end - 1] in _ENDS:
            border, since = end, 0
    yield begin, span[1]


def halved(
    text: str, span: tuple[int, int], exact: Callable[[str], int], room: int
) -> Iterator[tuple[int, int]]:
    """The span, or its halves when a word that was cut in it comes to more pieces than its slices."""
    start, end = span
    if end - start > 1 and exact(text[start:end]) > room:
        middle = (start + end) // 2
        yield from halved(text, (start, middle), exact, room)
        yield from halved(text, (middle, end), exact, room)
    else:
        yield span


def _units(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for word in WORDS.finditer(text, start, end):
        for place in range(word.start(), word.end(), _SLICE):
            yield place, min(place + _SLICE, word.end())
