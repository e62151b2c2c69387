"""Whether a claim and a passage say yes and no to the same."""

from core.retrieval.comparison import Comparison
from core.retrieval.meanings import concept, signs
from core.retrieval.statements import Negation, Statement, Token

_NEARLY_BEST = 0.6  # sentences that fit this well beside the best have their say in negations
_LEAST_LEAD = 1.5


def denied(both: Comparison) -> str:
    """A "not" that only one of the two has, or nothing."""
    return _claimed_only(both) or _passage_only(both)


def _claimed_only(both: Comparison) -> str:
    claim, passage = both.claim, both.passage
    limited = any(row in passage.limited for row in both.rows)
    for negation in claim.negations:
        # "Not without" is "only with".
        doubled = limited and (len(claim.negations) >= 2 or claim.limited)
        if negation.is_denial or (doubled and (negation.is_exception or len(claim.negations) >= 2)):
            continue
        around = both.all_meant(negation.around | negation.near)
        if not any(_is_met(theirs, around, negation) for theirs in passage.negations):
            return f"no negation of {', '.join(sorted(negation.near))}"
    return ""


def _is_met(theirs: Negation, around: set[str], ours: Negation) -> bool:
    """Whether the passage's negation is the one that the claim makes around these words."""
    if theirs.is_denial:
        return bool(theirs.around & around) and concept(theirs.key) not in ours.words
    return bool(theirs.near & around) or len(theirs.around & around) >= 3


def _passage_only(both: Comparison) -> str:
    claim, fit = both.claim, both.fit
    rows = [row for row in both.rows if fit[row] >= _NEARLY_BEST * fit[both.rows[0]]]
    theirs = [n for n in both.passage.negations if n.sentence in rows]
    if claim.limited and len(theirs) >= 2:
        return ""
    ours = both.all_meant(c for n in claim.negations if not n.is_denial for c in n.around)
    for negation in theirs:
        common = negation.near & both.said
        most = common and 2 * len(common) >= len(negation.near)
        if negation.is_denial or not most or common & ours:
            continue
        if not _is_forbidden(both, common):
            return f"negation of {', '.join(sorted(common))}"
    return ""


def _is_forbidden(both: Comparison, common: frozenset[str]) -> bool:
    """Whether the claim says "forbidden" where the passage says "not"."""
    return any(
        n.is_denial and n.key not in both.passage.keys and both.all_meant(n.around) & common
        for n in both.claim.negations
    )


def opposed(both: Comparison) -> str:
    """A word of the claim where the passage has its opposite, or nothing."""
    for token in both.claim.tokens:
        for axis, side in signs(token.key):
            if _is_opposed(token, axis, side, both) and not _is_turned(token, both):
                return f"the opposite of {token.key}"
    return ""


def _is_opposed(token: Token, axis: int, side: int, both: Comparison) -> bool:
    """Whether the other end of the axis fits what is said around the word, and this one less."""
    side = -side if _is_negated(token, both.claim) else side
    context = {t.concept for t in both.telling if t.clause == token.clause and t.key != token.key}
    best = {1: -1.0, -1: -1.0}
    for theirs in both.passage.tokens:
        for _, end in (s for s in signs(theirs.key) if s[0] == axis):
            end = -end if _is_negated(theirs, both.passage) else end
            clause = both.passage.by_clause[theirs.clause]
            sentence = both.passage.by_sentence[theirs.sentence]
            score = both.common(context, clause) + 0.5 * both.common(context, sentence)
            best[end] = max(best[end], score)
    return best[-side] >= _LEAST_LEAD and best[-side] > best[side]


def _is_negated(token: Token, statement: Statement) -> bool:
    return any(
        n.sentence == token.sentence
        and not n.is_denial
        and not n.is_exception
        and token.concept in n.first
        for n in statement.negations
    )


def _is_turned(token: Token, both: Comparison) -> bool:
    """ "A lost to B" for "B beat A": the opposite, of the parties the other way round."""
    names = [t for t in both.telling if t.is_capital and t.sentence == token.sentence]
    before = [t for t in names if t.start < token.start]
    after = [t for t in names if t.start > token.start]
    if not before or not after or both.claim.is_german:
        return False
    first = [t.start for t in both.passage.telling() if t.concept in both.meant(before[-1].concept)]
    second = [t.start for t in both.passage.telling() if t.concept in both.meant(after[-1].concept)]
    return bool(first) and bool(second) and min(first) > min(second)
