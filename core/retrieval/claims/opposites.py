"""Whether a claim has the opposite of what a passage says: another end of one axis, everybody for some, a
permission without its condition."""

import re
from itertools import permutations

from core.retrieval.claims.comparison import Comparison
from core.retrieval.claims.meanings import signs
from core.retrieval.claims.sides import before, compared, order
from core.retrieval.claims.statements import Statement, Token
from core.retrieval.claims.wordlists import LOOSE, MAY, NEEDS

_LEAST_LEAD = 1.5
_LOOSE_CONTEXT = 0.6  # of the words around a loose opposite
_ORDER = frozenset(("before", "after"))
_CLOSES = frozenset(("close", "closes", "closed", "end", "ends", "schließt", "endet", "ferme"))
_UNTIL = re.compile(r"(?:\b(?:to|until|till|bis|à|hasta)|[-–—]) ?$", re.IGNORECASE)
_ONLY = frozenset(("only", "nur", "uniquement", "seulement"))
_ANYBODY = frozenset(
    ("anybody", "anyone", "everybody", "everyone", "any", "all", "jeder", "jede", "alle", "tous")
)
_PAIRS = ("up down", "in out", "over under", "pre post", "in ex", "im ex", "inter exter", "in de")
_CONTRARY = tuple(pair for each in _PAIRS for pair in permutations(each.split(), 2))


def opposed(both: Comparison) -> str:
    """A word of the claim where the passage has its opposite, or nothing."""
    if _is_for_all(both):
        return "only some"
    if _is_unconditional(both):
        return "what it needs"
    if mirrored := _mirrored(both):
        return f"the opposite of {mirrored}"
    for token in both.claim.tokens:
        for axis, side in signs(token.key):
            theirs = _opposite(token, axis, side, both)
            if theirs and not _is_no_swap(token, theirs, both):
                return f"the opposite of {token.key}"
    return ""


def _is_no_swap(token: Token, theirs: Token, both: Comparison) -> bool:
    """Whether the opposite does not stand for the word: in the same order of time, both ends said by both
    ("low 10, high 20"), or of the parties the other way round."""
    keys = {token.key, theirs.key}
    is_in_order = keys <= _ORDER and order(both) > 0
    return (
        is_in_order
        or compared(both) > 0
        or _is_its_end(token, both)
        or keys <= both.claim.keys & both.passage.keys
        or _is_turned(token, theirs, both)
    )


def _is_its_end(token: Token, both: Comparison) -> bool:
    """ "Closes at 17:30" for "is open from 9:00 to 17:30"."""
    times = [p for p in both.numbers if p.sentence == token.sentence and p.quantity.unit == "clock"]
    until = [p for p in both.passage.quantities if _UNTIL.search(before(p, both.passage))]
    return (
        token.key in _CLOSES and bool(times) and all(set(both.amounts[p]) & {*until} for p in times)
    )


def _is_unconditional(both: Comparison) -> bool:
    """Whether the claim allows what needs something in the passage, and names nothing of that: "dogs are
    allowed" for "dogs need a written yes"."""
    tokens = both.passage.tokens
    plainly = {token.clause for token in tokens if token.key in MAY}
    ours = {token.clause for token in both.claim.tokens if token.key in MAY}
    for needs in (token for token in tokens if ours and token.key in NEEDS):
        clause = [t for t in tokens if t.clause == needs.clause and t.kind != "function"]
        whose = {t.concept for t in clause if t.start < needs.start}
        what = {t.concept for t in clause if t.start > needs.start}
        if not what or what & both.said:
            continue
        for place in ours:
            held = whose & both.all_meant(both.claim.by_clause[place])
            if held and not any(held & both.passage.by_clause[each] for each in plainly):
                return True
    return False


def _is_for_all(both: Comparison) -> bool:
    """Whether the claim gives to anybody what the passage gives to some only."""
    rows = both.rows[:1]
    if not rows or _ONLY & both.claim.keys or not _ANYBODY & both.claim.keys:
        return False
    theirs = {t.key for t in both.passage.tokens if t.sentence in rows}
    return bool(_ONLY & theirs) and not _ANYBODY & theirs


def _mirrored(both: Comparison) -> str:
    """A word that the passage has with the contrary prefix only: downstream for "upstream"."""
    for key in sorted(both.claim.keys - both.passage.keys):
        for one, other in _CONTRARY:
            rest = key.removeprefix(one)
            if (
                rest != key
                and len(rest) > 3
                and other + rest in both.passage.keys - both.claim.keys
            ):
                return key
    return ""


def _opposite(token: Token, axis: int, side: int, both: Comparison) -> Token | None:
    """The other end of the axis, if it fits what is said around the word and this one less."""
    side = -side if _is_negated(token, both.claim) else side
    context = {t.concept for t in both.telling if t.clause == token.clause and t.key != token.key}
    best: dict[int, tuple[float, Token | None]] = {1: (-1.0, None), -1: (-1.0, None)}
    for theirs in both.passage.tokens:
        for _, end in (s for s in signs(theirs.key) if s[0] == axis):
            end = -end if _is_negated(theirs, both.passage) else end
            clause = both.passage.by_clause[theirs.clause]
            sentence = both.passage.by_sentence[theirs.sentence]
            score = both.common(context, clause) + 0.5 * both.common(context, sentence)
            if score > best[end][0]:
                best[end] = (score, theirs)
    least = _LEAST_LEAD * (_LOOSE_CONTEXT * len(context) if token.key in LOOSE else 1.0)
    lead = best[-side][0] >= max(least, _LEAST_LEAD) and best[-side][0] > best[side][0]
    return best[-side][1] if lead else None


def _is_negated(token: Token, statement: Statement) -> bool:
    return any(
        n.sentence == token.sentence
        and not n.is_denial
        and not n.is_exception
        and token.concept in n.first
        for n in statement.negations
    )


def _is_turned(token: Token, theirs: Token, both: Comparison) -> bool:
    """ "A lost to B" for "B beat A": the opposite, of the parties the other way round."""
    names = [t for t in both.telling if t.is_capital and t.sentence == token.sentence]
    before = [t for t in names if t.start < token.start]
    after = [t for t in names if t.start > token.start]
    if not before or not after or both.claim.is_german:
        return False
    said = {
        t.concept
        for t in both.passage.telling()
        if t.sentence == theirs.sentence and t.start < theirs.start
    }
    return bool(both.meant(after[-1].concept) & said) and not both.meant(before[-1].concept) & said
