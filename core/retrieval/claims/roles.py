"""Whether the names and parties of a claim stand where the passage has them."""

import re
from itertools import pairwise

from core.retrieval.claims.comparison import Comparison
from core.retrieval.claims.meanings import kinds, rivals, signs
from core.retrieval.claims.sides import compared
from core.retrieval.claims.statements import Statement, Token
from core.retrieval.claims.wordlists import ROLES

_PRONOUNS = frozenset(("him", "her", "them", "it", "me", "us"))
_NAMING = frozenset(
    ["und", "in", "nach", "von", "aus", "bei", "durch", "nahe"]
)  # what a name may follow
_NOUN_AFTER = frozenset(
    ("with", "in", "of", "by", "from", "as", "at", "on", "to", "into", "for", "and", "or")
)
_RELATIVE = frozenset(("which", "who", "that"))
_FROM = frozenset(("from", "by", "aus", "von"))
_MANY = 3  # telling words that stand, beside one that does not
_BY = re.compile(r"\b(?:by|through|von|par|durch)\b")
_OF = re.compile(r"\s+of (?:the )?")
_BY_WORDS = frozenset(("by", "von", "par", "durch"))


def replaced(both: Comparison) -> str:
    """A name or one of a kind where the passage has another one, or nothing."""
    telling = both.telling
    if compared(both) > 0:  # "B is lower" for "A is higher"
        telling = [t for t in telling if not signs(t.key)]
    names = [t for t in telling if t.kind in ("name", "code") or kinds(t.key) or t.is_capital]
    for token in names:
        if _is_elsewhere(token, names, both):
            return f"{token.key} in the place of another"
    best = [t for t in both.passage.telling() if t.sentence in both.rows[:1]]
    for token in telling:
        if kinds(token.key) and not both.meant(token.concept):
            for theirs in best:
                if rivals(token.key, theirs.key) and theirs.concept not in both.said:
                    return f"{token.key} for {theirs.key}"
    return ""


def _is_elsewhere(token: Token, names: list[Token], both: Comparison) -> bool:
    """Whether what is said of the name is said of another one in the passage."""
    beside = [t for t in both.claim.tokens if t.part == token.part]
    others = [t for t in beside if t.kind != "number" and t not in names]
    mine = both.all_meant(t.concept for t in _group(token, beside, names))
    own, rival, whole = 0.0, 0.0, sum(_weight(t) for t in others)
    for part, concepts in enumerate(both.passage.by_part):
        is_half = _is_half_renamed(token, both.passage.parts[part], both)
        is_mine = bool(concepts & mine) and not is_half
        if not is_mine and not is_half and not _has_rival(token, both.passage.parts[part], both):
            continue
        fit = sum(_weight(t) for t in others if _is_in(t, part, both))
        if is_mine:
            own = max(own, fit, _clause_fit(part, others, both))
            if own == whole:  # no rival fits better
                return False
        else:
            rival = max(rival, fit)
    return rival >= own + 2 or (rival == whole and rival >= own + 1)


def _group(token: Token, beside: list[Token], names: list[Token]) -> list[Token]:
    """The name that the token is part of: all of "Henri Becquerel"."""
    first = last = beside.index(token)
    while first and beside[first - 1] in names:
        first -= 1
    while last + 1 < len(beside) and beside[last + 1] in names:
        last += 1
    return beside[first : last + 1]


def _clause_fit(part: int, others: list[Token], both: Comparison) -> float:
    """How well the clause of the part fits: "the prize with Curie and Becquerel" is one, but not "the iron from
    Dunmore, the granite from Skelby", where the part says of what it is."""
    own = [t for t in both.passage.parts[part] if t.kind == "word" and not t.is_capital]
    is_said = any(both.meant(t.concept) & both.passage.by_part[part] for t in others)
    led = any(t.key in _FROM for t in others) and any(
        t.key in _FROM for t in both.passage.parts[part]
    )
    if led and not is_said and any(t.concept not in both.said for t in own):
        return 0.0
    clauses = {t.clause for t in both.passage.parts[part]}
    words = [t for clause in clauses for t in both.passage.clauses[clause]]
    concepts, keys = frozenset(t.concept for t in words), {t.key for t in words}
    return sum(
        _weight(t)
        for t in others
        if (t.key in keys if t.kind == "function" else both.meant(t.concept) & concepts)
    )


def _has_rival(token: Token, part: list[Token], both: Comparison) -> bool:
    return any(t.concept not in both.said and _is_alike(t, token, both) for t in part)


def _is_half_renamed(token: Token, part: list[Token], both: Comparison) -> bool:
    """Whether the part has another first half of the name: Disclosing Party, Receiving Party."""
    following = [b for a, b in pairwise(both.claim.tokens) if a == token and b.kind == "name"]
    return any(
        b.concept in both.meant(name.concept) and a.kind == "name" and a.concept not in both.said
        for name in following
        for a, b in pairwise(part)
    )


def _weight(token: Token) -> float:
    return 0.5 if token.kind == "function" else 1.0


def _is_in(token: Token, part: int, both: Comparison) -> bool:
    if token.kind == "function":
        return any(t.key == token.key for t in both.passage.parts[part])
    return bool(both.meant(token.concept) & both.passage.by_part[part])


def _is_alike(theirs: Token, ours: Token, both: Comparison) -> bool:
    if kinds(ours.key):
        return rivals(ours.key, theirs.key)
    if theirs.kind == "name" and ours.is_capital:
        return ours.kind == "name" or ours.key in both.passage.names
    return theirs.kind == ours.kind == "code"


def reversed_roles(both: Comparison) -> str:
    """Two parties of one deed the other way round ("A beat B" for "B beat A"), or nothing."""
    claim = both.claim
    if compared(both):  # says itself which is which
        return ""
    actors = [
        t
        for t in both.telling
        if t.kind in ("name", "code") or t.key in ROLES or (t.is_capital and not claim.is_german)
    ]
    for first, second in pairwise(actors):
        if first.sentence == second.sentence and _is_reversed(first, second, both):
            return f"{first.key} and {second.key} the other way round"
    return ""


def _is_reversed(first: Token, second: Token, both: Comparison) -> bool:
    for deed in both.claim.tokens:
        tells = deed.kind == "word" or (deed.kind == "function" and len(deed.key) > 3)
        if not tells or not first.start < deed.start < second.start:
            continue
        if " with " in both.claim.text[deed.end : second.start]:
            continue
        passive = _is_passive(both.claim, deed, second)
        if _OF.match(both.claim.text, deed.end) and "'s " in both.passage.text:
            continue  # "the captain of Brae" is Brae's captain
        straight = _order(both, first, deed, second)
        crossed = _order(both, second, deed, first)
        if straight is None and crossed is not None and crossed == passive:
            return True
        if crossed is None and straight is not None and straight != passive:
            return straight or first.key in ROLES or _is_done_by(first, deed, second, both)
        if (
            crossed is None
            and straight is None
            and not passive
            and _is_doer(second, deed, first, both)
        ):
            return True
    return False


def _is_done_by(first: Token, deed: Token, second: Token, both: Comparison) -> bool:
    """Whether "B was invited by A" stands for "B invited A": nothing else between the names and the deed."""
    between = both.claim.text[deed.end : second.start].casefold().split()
    if not between or between[0] not in _BY_WORDS or len(between) > 2:
        return False
    theirs = both.passage.telling()
    return any(
        before.concept in both.meant(first.concept)
        and verb.concept in both.meant(deed.concept)
        and after.concept in both.meant(second.concept)
        and {before.sentence, after.sentence} == {verb.sentence}
        for before, verb, after in zip(theirs, theirs[1:], theirs[2:], strict=False)
    )


def _is_doer(actor: Token, deed: Token, other: Token, both: Comparison) -> bool:
    """Whether the passage has the actor do it to someone else: "Nadal beat him"."""
    for verb in both.passage.tokens:
        if verb.key != deed.key or not verb.concept:
            continue
        clause = both.passage.clauses[verb.clause]
        before = {t.concept for t in clause if t.start < verb.start}
        after = [t.key for t in clause if t.start > verb.start]
        if both.meant(actor.concept) & before and not both.meant(other.concept) & before:
            return bool(_PRONOUNS.intersection(after[:1]))
    return False


def _order(both: Comparison, first: Token, deed: Token, second: Token) -> bool | None:
    """None unless a clause of the passage has the three in this order; then if in the passive."""
    passage = both.passage
    for verb in passage.tokens:
        if verb.key != deed.key and verb.concept not in both.meant(deed.concept):
            continue
        clause = _clause(verb, passage)
        one = both.meant(first.concept)
        other = both.meant(second.concept)
        if any(t.start < verb.start and t.concept in one for t in clause):
            for t in clause:
                if t.start > verb.start and t.concept in other:
                    return _is_passive(passage, verb, t)
    return None


def _clause(verb: Token, statement: Statement) -> list[Token]:
    """The telling words of its clause; of "..., which is a part of Y" with what "which" stands for."""
    here = statement.clauses[verb.clause]
    telling = [t for t in here if t.kind in ("word", "name", "code")]
    if here[0].key not in _RELATIVE:
        return telling
    before = [t for t in statement.telling() if t.end <= here[0].start]
    return [*(t for t in before[-1:] if t.sentence == verb.sentence), *telling]


def _is_passive(statement: Statement, verb: Token, after: Token) -> bool:
    return bool(_BY.search(statement.text[verb.end : after.start].casefold()))
