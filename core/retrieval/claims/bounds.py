"""Limits in words: "at least five", "no more than 30"."""

import re
from collections.abc import Iterator

_BOUNDS = re.compile(
    r"\b(?:(?:not?|nicht|pas) (?:more|less|fewer|later|earlier|longer|exceed|mehr|weniger|plus|moins) (?:than|als|de)|not only|not just"
    r"|(?:not?|never|nicht) (?:\w{1,15} ){0,4}(?:more|less|fewer|longer|later|earlier|mehr|weniger) (?:than|als)|no matter|to (?:none|nil)"
    r"|(?:not|never|nicht) (?:\w{1,15} )?exceed(?:ing)?|whether or not|no\. ?(?=\d))\b",
    re.IGNORECASE,
)
_NOT_LESS = re.compile(
    r"\b(?:not?|n't|nicht|never|kein\w{0,2}) (?:\w{1,12} )?(?:less than|under|below|fewer than|earlier than|(?:few|young|short|small|low)er than|weniger als)\W{0,3}(?:a |the |of )?[$€£]?$",
    re.IGNORECASE,
)
_UPPER = re.compile(
    r"\b(?:at most|(?:not?|n't|nicht|never) (?:\w{1,12} )?(?:more than|over|above|exceed(?:ing)?|later than|(?:great|long|old|larg|high)er than)|up to|a maximum of|maximum|less than|under|below"
    r"|(?:few|young|short|small|low)er than|höchstens|maximal|bis zu|weniger als|unter|moins de|jusqu'à|au plus)\W{0,3}(?:a |the |of )?[$€£]?$",
    re.IGNORECASE,
)
_LOWER = re.compile(
    r"\b(?:at least|(?:not?|n't|nicht|never) (?:\w{1,12} )?(?:less than|under|below|fewer than|earlier than)|a minimum of|minimum|more than|over|above|exceed(?:s|ing)?"
    r"|(?:great|long|old|larg|high)er than|mindestens|minimal|mehr als|über|plus de|au moins)\W{0,3}(?:a |the |of )?[$€£]?$",
    re.IGNORECASE,
)
_OR_LESS = re.compile(r"^\W?(?:\w{1,12} ){0,2}or (?:less|fewer|younger|earlier)\b", re.IGNORECASE)
_OR_MORE = re.compile(r"^\W?(?:\w{1,12} ){0,2}or (?:more|longer|older|later|over)\b", re.IGNORECASE)


_MORE = re.compile(r"(?:than|over|above|als|de)\W{0,3}$", re.IGNORECASE)
_DENIED = re.compile(
    r"\b(?:not|never|nobody|neither|nicht|niemand)\b[^.;:,\n]*$|n't\b[^.;:,\n]*$", re.IGNORECASE
)
_REACH = 70  # characters: "may not work from home for more than 20 days"


def bound(text: str, start: int, end: int) -> int:
    """1 when the number at [start, end) is the least that is meant, -1 when the most, else 0."""
    before, after = text[max(0, start - 24) : start], text[end : end + 24]
    if _NOT_LESS.search(before):
        return 1
    if _UPPER.search(before) or _OR_LESS.search(after):
        return -1
    if _MORE.search(before) and _DENIED.search(text[max(0, start - _REACH) : start]):
        return -1
    return 1 if _LOWER.search(before) or _OR_MORE.search(after) else 0


def no_negations(text: str) -> Iterator[int]:
    """The places where "not" denies nothing: "not more than", "not only", "No. 5"."""
    for found in _BOUNDS.finditer(text):
        yield from range(found.start(), found.end())
