"""Whether two passages of one document are the same place, however the document was cut."""

import re
import unicodedata
from difflib import SequenceMatcher

# Scripts that put no space between their words are compared sign by sign.
_UNSPACED = "⺀-鿿가-힯豈-﫿"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_LEAST = 4


def overlaps(one: str, other: str) -> bool:
    """Whether they share one run of words that is half of the shorter one and at least four words, or
    half of `one` where that is less. Of the pieces into which a text is cut, in whatever way that
    leaves no piece below four words, one at least overlaps any passage of it."""
    here, there = _words(one), _words(other)
    if not here or not there:
        return one.split() == other.split()
    matcher = SequenceMatcher(None, here, there, autojunk=False)
    run = matcher.find_longest_match(0, len(here), 0, len(there)).size
    return 2 * run >= min(len(here), len(there)) and run >= min(_LEAST, -(-len(here) // 2))


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
