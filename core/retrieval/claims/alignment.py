"""A claim laid over the sentence that it repeats: a word in the place of another one."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from core.retrieval.claims.comparison import Comparison
from core.retrieval.claims.statements import Token

_MOST = 3  # words that change together
_FLANK = 3  # words beside them that are the same, one of them telling
_LONGEST = 400
_BEFORE_NOUNS = frozenset(
    re.findall(
        r"\w+",
        "the a an this every each all most some no of in on at by for from to with and or der die das den dem des ein eine einen",
    )
)
_VERBAL = ("ed", "ing")
_MODAL = frozenset(("must", "may", "can", "cannot", "shall", "should", "will", "have", "has"))
_ARTICLES = frozenset(("a", "an", "the"))

_Pair = tuple[list[Token], list[Token]]


def substituted(both: Comparison) -> str:
    """A noun where the passage has another in the same words around it ("the keys of the door in the
    office" for "in the cellar"), or nothing. Verbs are let pass: most are synonyms."""
    claim = [t for t in both.claim.tokens if t.end > t.start][:_LONGEST]
    for row in both.rows:
        theirs = [t for t in both.passage.tokens if t.sentence == row and t.end > t.start][
            :_LONGEST
        ]
        for ours, given in _places(claim, theirs):
            if reason := _other(ours, given, both):
                return reason
    return ""


def _places(claim: Sequence[Token], theirs: Sequence[Token]) -> list[_Pair]:
    """What stands in each other's place, with enough of the same beside it."""
    theirs_named, ours_named = ([_named(t) for t in side] for side in (theirs, claim))
    matcher = SequenceMatcher(None, theirs_named, ours_named, autojunk=False)
    blocks = [b for b in matcher.get_matching_blocks() if b.size]
    found: list[_Pair] = []
    edges = zip([None, *blocks], [*blocks, None], strict=True)
    for left, right in edges:
        ours = claim[left.b + left.size if left else 0 : right.b if right else len(claim)]
        given = theirs[left.a + left.size if left else 0 : right.a if right else len(theirs)]
        if left is None:
            given = given[-len(ours) :] if ours else []
        if right is None:
            given = given[: len(ours)]
        flank = [t for b in (left, right) if b for t in claim[b.b : b.b + b.size]]
        strong = len(flank) >= _FLANK and any(t.kind != "function" for t in flank)
        if strong and 0 < len(ours) <= _MOST and 0 < len(given) <= _MOST:
            found.append((list(ours), list(given)))
    return found


def _named(token: Token) -> str:
    return token.key if token.kind in ("function", "number") else token.concept


def _other(ours: list[Token], given: list[Token], both: Comparison) -> str:
    mine = [t for t in ours if t.kind in ("word", "name", "code")]
    its = [t for t in given if t.kind in ("word", "name", "code")]
    if not mine or not its or len(mine) != len(ours) or len(its) != len(given):
        return ""
    concepts = {t.concept for t in its}
    for token in mine:
        if both.meant(token.concept) & concepts or token.key.endswith(_VERBAL):
            continue
        if not both.meant(token.concept) and not _is_noun(token, both):
            continue
        for other in its:
            if other.concept not in both.said and not other.key.endswith(_VERBAL):
                return f"{token.key} for {other.key}"
    return ""


def _is_noun(token: Token, both: Comparison) -> bool:
    """By its place, since no list knows all words: after "the" or "of", or first, and before no other
    telling word; in German by its capital."""
    if both.claim.is_german:
        return token.is_capital
    tokens = both.claim.tokens
    place = tokens.index(token)
    before = tokens[place - 1] if place else None
    after = tokens[place + 1] if place + 1 < len(tokens) else None
    ends = after is None or after.sentence != token.sentence or after.kind in ("function", "number")
    ends = ends or _is_verb(tokens, place + 1)
    return ends and (before is None or before.key in _BEFORE_NOUNS)


def _is_verb(tokens: list[Token], at: int) -> bool:
    """Whether the word is one that does something, as far as its form and what follows tell: "must",
    "weighs 59 kg", "needs a key"."""
    word, following = tokens[at], tokens[at + 1] if at + 1 < len(tokens) else None
    if word.key in _MODAL:
        return True
    is_object = following is not None and (following.kind == "number" or following.key in _ARTICLES)
    return is_object and word.key.endswith("s") and not word.key.endswith("ss")
