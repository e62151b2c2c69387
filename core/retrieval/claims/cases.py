"""In which case a number holds: "40 minutes in summer", "200 cups with hard water", "300 euros a year"."""

import re
from collections.abc import Iterable
from itertools import pairwise

from core.retrieval.claims.comparison import Comparison
from core.retrieval.claims.dates import is_its_month
from core.retrieval.claims.meanings import kinds
from core.retrieval.claims.numerals import UNITS
from core.retrieval.claims.statements import Placed, Statement, Token
from core.retrieval.claims.wordlists import DETERMINERS

_LEADING = frozenset(
    ("with", "for", "in", "on", "at", "by", "under", "during", "from", "without", "mit", "für", "bei", "im", "am", "avec", "pour")
)  # fmt: skip
_EACH = frozenset(("a", "an", "per", "each", "every", "one", "pro", "par", "je"))
_THE_REST = re.compile(
    r"\b(?:above|beyond|over|below|under|after|before|more than|less than) (?:that|this|it|these|those)\b",
    re.I,
)


def is_of_another_case(theirs: Placed, ours: Placed, both: Comparison) -> bool:
    """Whether the number of the passage stands beside a rival of what the claim's stands beside: by the kind
    of a word (winter for summer), or by its place after the same preposition in the same sentence."""
    return _is_beside_a_rival(theirs, ours, both) or _is_parallel(theirs, both)


def _is_beside_a_rival(theirs: Placed, ours: Placed, both: Comparison) -> bool:
    beside = [t for t in both.claim.parts[ours.part] if t.kind != "function" and kinds(t.key)]
    beside = [t for t in beside if not is_its_month(t, ours, both.claim.text)]
    return any(
        kinds(word.key) & kinds(t.key) and t.concept not in both.said
        for word in beside
        if not both.meant(word.concept) & both.passage.by_part[theirs.part]
        for t in both.passage.parts[theirs.part]
        if t.kind != "function"
    )


def _is_parallel(theirs: Placed, both: Comparison) -> bool:
    """ "Every 200 cups with hard water, every 600 with soft" for soft water and 200."""
    passage = both.passage
    said, here = both.said, _led(passage.parts[theirs.part])
    missing = {word for word, each in here.items() if each not in said}
    if not missing:
        return False
    parts = {
        p.part
        for p in passage.quantities
        if p.sentence == theirs.sentence and p.part != theirs.part and not p.quantity.is_faint
    }
    own = passage.by_part[theirs.part]
    others = [_led(passage.parts[part]) for part in parts]
    return any(each.get(word) in said - own for each in others for word in missing)


def _led(part: list[Token]) -> dict[str, str]:
    """The first telling word after each preposition."""
    found: dict[str, str] = {}
    words = [t for t in part if t.key not in DETERMINERS]
    for before, token in pairwise(words):
        if before.key in _LEADING and token.kind not in ("function", "number"):
            found.setdefault(before.key, token.concept)
    return found


def periods(placed: Placed, statement: Statement) -> frozenset[str]:
    """For what time a number holds: "year" of "300 euros a year"."""
    return frozenset(
        token.concept
        for before, token in pairwise(statement.parts[placed.part])
        if before.key in _EACH
        and token.key in UNITS
        # "Half a year" is the number itself.
        and statement.text[placed.quantity.end : before.start].strip()
        and token.start > placed.quantity.end
        and UNITS[token.key][0] in ("second", "month")
    )


def says_both_sides(passage: Statement, sentences: Iterable[int]) -> bool:
    """Whether one of these sentences, or what follows it, goes on beyond its limit: "up to 12 cubic metres; beyond
    that ..."."""
    return any(_THE_REST.search(passage.said(each, each + 1)) for each in set(sentences))
