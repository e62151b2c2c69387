"""Texts as words with their places and weights, and as sentences; in any script."""

import re
from itertools import pairwise
from typing import NamedTuple

# Scripts that are written without spaces: every character stands for itself.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
)
_WORD = re.compile(
    f"[{UNSPACED}]|\\d+(?:[.,]\\d+)*|[^\\W\\d{UNSPACED}][^\\W{UNSPACED}]*(?:['’][^\\W\\d]+)?"
)
_THOUSANDS = re.compile(r",(?=\d{3}(?:\D|$))")
_SUFFIX = re.compile(r"(?:ations?|ingly|edly|ings?|ies|ied|ers?|est|ed|es|ly|s|e|y)$")
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be been but by can could did do does for from had has have he her his how if"
        " in into is it its may more most no not of on or our she should so some such than that the their"
        " them then there these they this those to was we were what when where which who will with would"
        " you your der die das und ist ein eine nicht mit von zu den le la les et est un une des du que",
    )
)
# Possessive, because a million spaces after a full stop are to be looked at once.
_END = re.compile(
    "(?<=[.!?…])(?<!\\b[A-Z]\\.)[\"'”’»)\\]]{0,3}[ \t]*+(?:\n[ \t]*+)?+(?![a-z,;:\\s]|$)(?<=\\s)"
    "|(?<=[。！？।؟])[”’」』）]?"
    "|\n[ \t]*+\n"
    "|\n(?=[ \t]*+(?:[|#>*•+-]|\\d{1,3}[.)])[ \t]?)"
)
NUMBER_WEIGHT, WORD_WEIGHT, CHARACTER_WEIGHT, COMMON_WEIGHT = 3.0, 1.0, 0.5, 0.2


class Word(NamedTuple):
    """A word as it is compared, what it weighs, and characters [start, end) that it stands at."""

    key: str
    stem: str
    weight: float
    start: int
    end: int


Form = tuple[str, str, float]


def words(text: str, forms: dict[str, Form]) -> list[Word]:
    """The words of the text in order, without regard to case, quotes and the form of numbers.

    `forms` remembers what each word comes to, for texts that share their words."""
    found = []
    for match in _WORD.finditer(text):
        written = match[0]
        if written not in forms:
            forms[written] = _form(written)
        found.append(Word(*forms[written], *match.span()))
    return found


def _form(written: str) -> Form:
    key = written.casefold().replace("’", "'")
    if key[0].isdigit():
        key = _THOUSANDS.sub("", key)
        return key, key, NUMBER_WEIGHT
    if len(key) == 1 and not key.isascii():
        return key, key, CHARACTER_WEIGHT
    if key in _COMMON or (len(key) < 3 and key.isascii()):
        return key, key, COMMON_WEIGHT
    return key, stem(key), WORD_WEIGHT


def stem(word: str) -> str:
    """The word without an English ending: "installing", "installed" and "installs" are one."""
    if len(word) < 4:
        return word
    found = _SUFFIX.search(word.removesuffix("'s"), 3)
    return word[: found.start()] if found else word.removesuffix("'s")


def sentences(text: str) -> list[tuple[int, int]]:
    """Where each sentence, line of a list or row of a table stands, without the space around it."""
    borders = [0, *(found.end() for found in _END.finditer(text)), len(text)]
    spans = []
    for start, end in pairwise(borders):
        piece = text[start:end]
        if piece.strip():
            start += len(piece) - len(piece.lstrip())
            spans.append((start, start + len(piece.strip())))
    return spans
