"""Whether a claim and a passage say yes and no to the same."""

from itertools import permutations

from core.retrieval.comparison import Comparison
from core.retrieval.meanings import concept, signs
from core.retrieval.sides import order
from core.retrieval.statements import Negation, Statement, Token

_NEARLY_BEST = 0.6  # sentences that fit this well beside the best have their say in negations
_LEAST_LEAD = 1.5
_MOST = 0.6  # of a claim, when that stands after a "not" of the passage
_PREFIXES = ("un", "in", "im", "non", "dis")
_ORDER = frozenset(("before", "after"))
_DETERMINERS = frozenset(("no", "kein", "keine", "keinen", "keinem", "keiner", "keines"))
_ONLY = frozenset(("only", "nur", "uniquement", "seulement"))
_ANYBODY = frozenset(
    ("anybody", "anyone", "everybody", "everyone", "any", "all", "jeder", "jede", "alle", "tous")
)
_MAY = frozenset(
    [
        "may",
        "can",
        "could",
        "allowed",
        "allows",
        "permitted",
        "permits",
        "darf",
        "dürfen",
        "kann",
        "können",
        "erlaubt",
        "peut",
        "peuvent",
        "permis",
        "autorisé",
    ]
)
_NEEDS = frozenset(
    [
        "need",
        "needs",
        "needed",
        "require",
        "requires",
        "required",
        "requiring",
        "braucht",
        "brauchen",
        "benötigt",
        "benötigen",
        "exige",
        "nécessite",
    ]
)
_PAIRS = ("up down", "in out", "over under", "pre post", "in ex", "im ex", "inter exter", "in de")
_CONTRARY = tuple(pair for each in _PAIRS for pair in permutations(each.split(), 2))
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
        for each in negation.first & both.said:
            denied = {n.clause for n in both.passage.negations if each in n.near}
            if all(
                each not in said or clause in denied
                for clause, said in enumerate(both.passage.by_clause)
            ):
                return f"only a negation of {each}"
    return ""


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
        if not any(_is_met(theirs, negation, both) for theirs in passage.negations):
            return f"no negation of {', '.join(sorted(negation.near))}"
    return ""


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
    words: set[str], first: set[str], negation: Negation, both: Comparison
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
        if _is_said_plainly(both.said, set(negation.first), negation, both):
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


def _is_unconditional(both: Comparison) -> bool:
    """Whether the claim allows what needs something in the passage, and names nothing of that: "dogs are
    allowed" for "dogs need a written yes"."""
    tokens = both.passage.tokens
    plainly = {token.clause for token in tokens if token.key in _MAY}
    ours = {token.clause for token in both.claim.tokens if token.key in _MAY}
    for needs in (token for token in tokens if ours and token.key in _NEEDS):
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
            in_time = {token.key, theirs.key} if theirs else set()
            if theirs and in_time <= _ORDER and order(both) > 0:
                continue
            if theirs and not _is_turned(token, theirs, both):
                return f"the opposite of {token.key}"
    return ""


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
    lead = best[-side][0] >= _LEAST_LEAD and best[-side][0] > best[side][0]
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
