"""Whether the names and parties of a claim stand where the passage has them."""

import re
from itertools import pairwise

from core.retrieval.comparison import Comparison
from core.retrieval.meanings import kinds, rivals
from core.retrieval.statements import Statement, Token
from core.retrieval.wordlists import ROLES

_BY = re.compile(r"\b(?:by|von|par|durch)\b")


def replaced(both: Comparison) -> str:
    """A name or one of a kind where the passage has another one, or nothing."""
    names = [t for t in both.telling if t.kind in ("name", "code") or kinds(t.key) or t.is_capital]
    for token in names:
        if _is_elsewhere(token, names, both):
            return f"{token.key} in the place of another"
    best = [t for t in both.passage.telling() if t.sentence in both.rows[:1]]
    for token in both.telling:
        if kinds(token.key) and not both.meant(token.concept):
            for theirs in best:
                if rivals(token.key, theirs.key) and theirs.concept not in both.said:
                    return f"{token.key} for {theirs.key}"
    return ""


def _is_elsewhere(token: Token, names: list[Token], both: Comparison) -> bool:
    """Whether what is said of the name is said of another one in the passage."""
    beside = [t for t in both.claim.tokens if t.part == token.part]
    others = [t for t in beside if t.kind != "number" and t not in names]
    mine = both.all_meant(t.concept for t in names if t.part == token.part)
    own, rival = 0.0, 0.0
    for part, concepts in enumerate(both.passage.by_part):
        is_mine = bool(concepts & mine)
        if not is_mine and not _has_rival(token, both.passage.parts[part], both):
            continue
        fit = sum(_weight(t) for t in others if _is_in(t, part, both))
        if is_mine:
            own = max(own, fit)
        else:
            rival = max(rival, fit)
    whole = sum(_weight(t) for t in others)
    return rival >= own + 2 or (rival == whole and rival >= own + 1)


def _has_rival(token: Token, part: list[Token], both: Comparison) -> bool:
    return any(t.concept not in both.said and _is_alike(t, token) for t in part)


def _weight(token: Token) -> float:
    return 0.5 if token.kind == "function" else 1.0


def _is_in(token: Token, part: int, both: Comparison) -> bool:
    if token.kind == "function":
        return any(t.key == token.key for t in both.passage.parts[part])
    return bool(both.meant(token.concept) & both.passage.by_part[part])


def _is_alike(theirs: Token, ours: Token) -> bool:
    if kinds(ours.key):
        return rivals(ours.key, theirs.key)
    return theirs.kind == ours.kind and ours.kind in ("name", "code")


def reversed_roles(both: Comparison) -> str:
    """Two parties of one deed the other way round ("A beat B" for "B beat A"), or nothing."""
    claim = both.claim
    actors = [
        t
        for t in both.telling
        if t.kind == "name" or t.key in ROLES or (t.is_capital and not claim.is_german)
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
        passive = _is_passive(both.claim, deed, second)
        straight = _order(both, first, deed, second)
        crossed = _order(both, second, deed, first)
        if straight is None and crossed is not None and crossed == passive:
            return True
        if crossed is None and straight is not None and straight != passive:
            return first.key in ROLES
    return False


def _order(both: Comparison, first: Token, deed: Token, second: Token) -> bool | None:
    """None unless a clause of the passage has the three in this order; then if in the passive."""
    passage = both.passage
    for verb in passage.tokens:
        if verb.key != deed.key and verb.concept not in both.meant(deed.concept):
            continue
        clause = [t for t in passage.telling() if t.clause == verb.clause]
        one = both.meant(first.concept)
        other = both.meant(second.concept)
        if any(t.start < verb.start and t.concept in one for t in clause):
            for t in clause:
                if t.start > verb.start and t.concept in other:
                    return _is_passive(passage, verb, t)
    return None


def _is_passive(statement: Statement, verb: Token, after: Token) -> bool:
    return bool(_BY.search(statement.text[verb.end : after.start].casefold()))
