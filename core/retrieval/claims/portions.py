"""How much of something is said: nothing of it, half, the rest, all."""

import re
from collections import Counter
from itertools import islice
from typing import NamedTuple

from core.retrieval.claims.comparison import Comparison
from core.retrieval.claims.meanings import concept
from core.retrieval.claims.statements import Statement, Token
from core.retrieval.claims.wordlists import DETERMINERS

_LEAD = 0.5  # of a telling word, by which another portion fits better
_ALONE = 0.5  # how near one must at least be, where the passage says the claim's of nothing
_MOST = 40
_HALF = frozenset((50.0, 0.5))
_CARRIED = 0.75  # of a word that an earlier part of the sentence says for the later ones, too
_PLAIN = 0.25  # of a word that stands beside any portion
_PLAIN_WORDS = frozenset(
    concept(word)
    for word in ("pay", "owe", "due", "cost", "get", "charge", "return", "amount", "sum")
)
_ENDS = r"(?=\s*(?:[.,;:)]|$|(?:and|but|if|when|for|on|in|until|up)\b))"
_WORDS = re.compile(
    rf"\b(?P<nothing>nothing|free of charge|for free|(?<!-)free{_ENDS}|nichts|kostenlos|kostenfrei|gratis|gratuits?|gratuitement)\b"
    r"|\b(?P<all>in full|(?<!almost )(?<!nearly )(?<!not )all of (?:it|them|the|this|that|your|his|her|their)|(?:the|its|his|her|their|your) (?:full|whole|entire)"
    r"|(?:der|den|dem|die|das) (?:volle|ganze|gesamte)n?|in voller höhe|la totalité|en totalité|la totalidad)\b"
    r"|\b(?P<rest>the (?:rest|remainder|balance|remaining)|der rest|den rest|le reste|el resto)\b",
    re.IGNORECASE,
)
_VALUES = {"nothing": 0.0, "all": 100.0, "rest": -1.0}


class _Portion(NamedTuple):
    values: frozenset[float]
    """In per cent; -1 is the rest."""
    start: int
    end: int
    sentence: int
    part: int
    of: str
    """The concept that says of what it is a portion, or nothing."""
    is_number: bool


def of_another_portion(both: Comparison) -> str:
    """What the claim says of another portion than the passage ("half" of what is to be paid in full), or nothing."""
    theirs = _portions(both.passage)
    if not theirs:
        return ""
    ours = _portions(both.claim)
    counts = Counter(
        each for part in {t.part for t in theirs} for each in both.passage.by_part[part]
    )
    for each in ours:
        own = [t for t in theirs if t.values & each.values]
        # Which of two numbers is meant, the rule for numbers says.
        others = [
            t for t in theirs if not (t.values & each.values or (t.is_number and each.is_number))
        ]
        if not own and each.is_number:
            continue
        context = _Context(both, each, counts, is_alone=len(ours) == 1)
        near = max((context.beside(t) for t in own), default=_ALONE)
        if any(context.beside(t, own) >= near + _LEAD for t in others):
            return "another portion"
    return ""


class _Context:
    """What the claim says beside a portion: the words and numbers that tell one case from another."""

    def __init__(
        self, both: Comparison, portion: _Portion, counts: Counter[str], is_alone: bool
    ) -> None:
        def is_beside(each: Token) -> bool:
            if portion.start <= each.start < portion.end or each.sentence != portion.sentence:
                return False
            return is_alone or each.part == portion.part

        self.both = both
        self.counts = counts
        self.words = {
            t.concept
            for t in both.claim.tokens
            if t.kind != "function" and t.concept != portion.of and is_beside(t)
        }

    def beside(self, portion: _Portion, before: list[_Portion] | None = None) -> float:
        """How much of it stands beside this portion of the passage, or is said for it in a part `before`."""
        passage = self.both.passage
        here = passage.by_part[portion.part] - {portion.of}
        earlier = [
            t for t in before or () if t.sentence == portion.sentence and t.part < portion.part
        ]
        carried = frozenset().union(*(passage.by_part[t.part] for t in earlier))
        near = 0.0
        for word in self.words:
            weight = _PLAIN if word in _PLAIN_WORDS else 1.0
            found = self.both.meant(word) or {word}
            if found & here:
                near += weight / max(1, min(self.counts[each] for each in found & here))
            elif found & carried:
                near += weight * _CARRIED
        return near


def _portions(statement: Statement) -> list[_Portion]:
    shares = [
        p.quantity
        for p in statement.quantities
        if p.quantity.unit == "share" or p.quantity.values == _HALF
    ]
    found = [(q.values, q.start, q.end, True) for q in shares[:_MOST]]
    for match in islice(_WORDS.finditer(statement.text), _MOST):
        found.append((frozenset((_VALUES[match.lastgroup or ""],)), *match.span(), False))
    placed = (_placed(*each, statement) for each in found)
    return [each for each in placed if each and each.sentence not in statement.rows]


def _placed(
    values: frozenset[float], start: int, end: int, is_number: bool, statement: Statement
) -> _Portion | None:
    here = next((t for t in statement.tokens if t.end > start), None)
    if here is None:
        return None
    after = (t for t in statement.parts[here.part] if t.start >= end and t.key not in DETERMINERS)
    what = next(after, here)
    of = "" if what is here or what.kind in ("function", "number") else what.concept
    return _Portion(values, start, end, here.sentence, here.part, of, is_number)
