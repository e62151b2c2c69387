"""Whether what a claim says of the rows of a table stands in those rows."""

import re
from itertools import pairwise

from core.retrieval.claims.comparison import Comparison
from core.retrieval.claims.statements import Statement

_LISTING = re.compile(
    r"[\s,]*(?:(?:and|or|und|oder|et|y|&)\s+)?(?:(?:the|der|die|das|le|la|les)\s+)?"
)


def of_another_row(both: Comparison) -> str:
    """A word or number that the passage says of another row of its table than the one that the claim is about."""
    labels, by_sentence = both.passage.labels, both.passage.by_sentence
    telling = both.said | {t.concept for t in both.claim.tokens if t.kind == "number"}
    # "A" is a zone, "a" is none.
    letters = {
        t.concept: t.is_capital and t.start > 0 for t in both.claim.tokens if len(t.key) == 1
    }
    telling = {c for c in telling if letters.get(c, True)} | {c for c in letters if letters[c]}
    said = {t.concept for t in both.claim.tokens}  # the "case" of a flight case included
    own = [row for row, label in labels.items() if label & telling and label <= said]
    named = frozenset[str]().union(*(labels[row] for row in own))
    if _is_denied(both, own, named):
        return "not of each row"
    if len(own) != 1:
        return _of_one_row(both, own, named)
    for placed, amounts in both.amounts.items():
        if amounts and all(p.sentence in labels and p.sentence != own[0] for p in amounts):
            return f"{both.claim.text[placed.quantity.start : placed.quantity.end]} of another row"
    others = frozenset[str]().union(*(by_sentence[row] for row in labels if row != own[0]))
    beside = [each for row, each in enumerate(by_sentence) if row not in labels or row == own[0]]
    for token in both.telling:
        found = both.meant(token.concept)
        if found & others and not any(found & each for each in beside):
            return f"{token.key} of another row"
    return ""


def _is_denied(both: Comparison, own: list[int], named: frozenset[str]) -> bool:
    """Whether a row of these has a "no" for what is said of all of them, or of none."""
    if not own or (len(own) > 1 and not _are_listed(named, both.claim)):
        return False
    told = both.said - named
    denied = {
        n.sentence
        for n in both.passage.negations
        if n.sentence in own and not n.is_denial and n.words & told
    }
    is_negated = any(not n.is_denial for n in both.claim.negations)
    return bool(denied) and (denied != set(own) or not is_negated)


def _of_one_row(both: Comparison, own: list[int], named: frozenset[str]) -> str:
    """A word, or its only number, that the claim says of several rows in one breath, and the passage of some
    of them only."""
    labels, by_sentence = both.passage.labels, both.passage.by_sentence
    if not _are_listed(named, both.claim):
        return ""
    for placed, amounts in both.amounts.items():
        rows = {p.sentence for p in amounts}
        if len(both.numbers) == 1 and rows & set(own) and rows <= labels.keys() and set(own) - rows:
            return f"{both.claim.text[placed.quantity.start : placed.quantity.end]} of one row"
    around = [each for row, each in enumerate(by_sentence) if row not in labels]
    for token in both.telling:
        found = both.meant(token.concept)
        has = [bool(found & by_sentence[row]) for row in own]
        if any(has) and not all(has) and not found & named and not any(found & e for e in around):
            return f"{token.key} of one row"
    return ""


def _are_listed(named: frozenset[str], claim: Statement) -> bool:
    """Whether these stand side by side ("the Swan, the Otter and the Eel"): what is said is said of each."""
    tokens = [t for t in claim.tokens if t.concept in named]
    between = (claim.text[a.end : b.start] for a, b in pairwise(tokens))
    return bool(tokens) and all(_LISTING.fullmatch(text) for text in between)
