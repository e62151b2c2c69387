"""Whether a claim and a passage say "not" of the same."""

from collections.abc import Set

from core.retrieval.claims.comparison import Comparison
from core.retrieval.claims.meanings import concept
from core.retrieval.claims.statements import Negation

_NEARLY_BEST = 0.6  # sentences that fit this well beside the best have their say in negations
_NEARLY_ALL, _MOST_KNOWN = 0.8, 0.5
_MOST = 0.6  # of a claim, when that stands after a "not" of the passage
_FEW = 2
_OBJECTS = frozenset(("none", "nothing", "nichts", "rien", "nada"))
_DOES = frozenset(
    concept(word)
    for word in ("enough", "sufficient", "suffice", "accepted", "valid", "possible", "available")
)
_PREFIXES = ("un", "in", "im", "non", "dis")
_DETERMINERS = frozenset(("no", "kein", "keine", "keinen", "keinem", "keiner", "keines"))
FREE = frozenset(("free", "gratuit", "gratuite", "kostenlos"))
PAYING = frozenset(
    concept(word) for word in ("pay", "cost", "charge", "paient", "payer", "zahlen", "kostet")
)


def denied(both: Comparison) -> str:
    """A "not" that only one of the two has, or nothing."""
    return _claimed_only(both) or _passage_only(both) or _never_said_plainly(both)


def _never_said_plainly(both: Comparison) -> str:
    """What the claim says and the passage says nowhere but right after a "not": "was blamed" for "nobody
    was blamed". After "no" the order is not known, so that is left aside."""
    if both.claim.negations or both.claim.limited:
        return ""
    for negation in both.passage.negations:
        if negation.is_denial or negation.is_exception or negation.key in _DETERMINERS:
            continue
        for each in (negation.first | _what_will_not_do(negation, both)) & both.said:
            denied = {
                n.clause
                for n in both.passage.negations
                if each in n.near | _what_will_not_do(n, both)
            }
            if all(
                each not in said or clause in denied
                for clause, said in enumerate(both.passage.by_clause)
            ):
                return f"only a negation of {each}"
    return ""


def _what_will_not_do(negation: Negation, both: Comparison) -> frozenset[str]:
    """The e-mail of "an e-mail is not enough": a clause that says nothing else of it."""
    clause = both.passage.by_clause[negation.clause] - negation.first
    is_all = negation.first <= _DOES and len(clause) <= _FEW
    return clause if is_all else frozenset()


def _claimed_only(both: Comparison) -> str:
    claim, passage = both.claim, both.passage
    limited = any(row in passage.limited for row in both.rows)
    twice = sum(not n.is_denial for n in claim.negations) >= 2
    for negation in claim.negations:
        # "Not without" is "only with".
        doubled = limited and (twice or (claim.limited and negation.is_exception))
        prefixed = {prefix + each for prefix in _PREFIXES for each in negation.near}
        if negation.is_denial or doubled or prefixed & both.passage.concepts:
            continue
        if _may_be_said_otherwise(negation.near, both):
            continue
        if not any(_is_met(theirs, negation, both) for theirs in passage.negations):
            return f"no negation of {', '.join(sorted(negation.near))}"
    return ""


def _may_be_said_otherwise(words: frozenset[str], both: Comparison) -> bool:
    """Whether the passage has most of the words, and no sentence of it nearly all of them: "she did not attend the
    meeting" may stand for "apologies from her" where nobody is said to attend it."""
    known = sum(1 for each in words if both.meant(each))
    together = max((both.common(words, row) for row in both.passage.by_sentence), default=0)
    return known >= _MOST_KNOWN * len(words) > 0 and together < _NEARLY_ALL * len(words)


def _is_met(theirs: Negation, ours: Negation, both: Comparison) -> bool:
    """Whether the passage's negation is the one that the claim makes."""
    around, near = both.all_meant(ours.words), both.all_meant(ours.near)
    if theirs.is_denial:
        if concept(theirs.key) in ours.words:
            return False
        denied = theirs.around & (near or around)
        is_free = theirs.key in FREE and theirs.sentence in both.rows[:1]
        return bool(denied) or (is_free and bool(ours.words & PAYING))
    if not near and theirs.sentence in both.rows[:1]:
        return True  # "without limit" for "without bound"
    first = both.all_meant(ours.first) if ours.after else set()
    met = bool(theirs.near & around)
    return met and not _is_said_plainly(around, first, theirs, both)


def _is_said_plainly(
    words: set[str], first: Set[str], negation: Negation, both: Comparison
) -> bool:
    """Whether another clause, without a "not", fits better: Windows is, macOS is not signed."""
    fit = len(words & negation.words)
    denied = {n.clause for n in both.passage.negations}
    return any(
        clause not in denied and bool(first & concepts) and len(words & concepts) > fit
        for clause, concepts in enumerate(both.passage.by_clause)
    )


def _passage_only(both: Comparison) -> str:
    claim, fit = both.claim, both.fit
    rows = [row for row in both.rows if fit[row] >= _NEARLY_BEST * fit[both.rows[0]]]
    theirs = [n for n in both.passage.negations if n.sentence in rows]
    if claim.limited and len(theirs) >= 2:
        return ""
    ours = both.all_meant(c for n in claim.negations if not n.is_denial for c in n.around)
    for negation in theirs:
        common = negation.near & both.said
        most = bool(common) and 2 * len(common) >= len(negation.near)
        listed = negation.after & both.said
        if len(listed) >= 2 and len(listed) >= _MOST * len(both.telling):
            common, most = common | listed, True
        if negation.is_denial or not most or common & ours:
            continue
        if negation.key in _OBJECTS and not negation.first & both.said:
            continue  # "children pay none" says nothing of others
        if _is_said_plainly(both.said, negation.first | common, negation, both):
            continue
        if not _is_forbidden(both, common):
            return f"negation of {', '.join(sorted(common))}"
    return ""


def _is_forbidden(both: Comparison, common: frozenset[str]) -> bool:
    """Whether the claim says "forbidden" where the passage says "not"."""
    return any(
        n.is_denial
        and n.key not in both.passage.keys
        and (both.all_meant(n.around) | both.meant(concept(n.key))) & common
        for n in both.claim.negations
    )
