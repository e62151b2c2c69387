"""A small word that turns a claim round: moving in for "moving out", after the first year for "during" it."""

from collections.abc import Iterator
from itertools import pairwise

from core.retrieval.claims.cases import says_both_sides
from core.retrieval.claims.comparison import Comparison
from core.retrieval.claims.statements import Statement, Token
from core.retrieval.claims.wordlists import DETERMINERS

_PARTICLES = {"in": "out", "out": "in", "up": "down", "down": "up", "on": "off", "off": "on"}
_TIMES = {
    "during": frozenset(("after", "before")),
    "within": frozenset(("after", "before")),
    "after": frozenset(("during", "within")),
    "before": frozenset(("during", "within")),
}


def turned_round(both: Comparison) -> str:
    """A particle or a preposition of time in the place of its contrary, in front of or behind the same word, or
    nothing."""
    theirs = {(verb.concept, particle) for verb, particle in _phrasal(both.passage)}
    for verb, particle in _phrasal(both.claim):
        meant = both.meant(verb.concept)
        contrary = _PARTICLES[particle]
        if any((each, contrary) in theirs and (each, particle) not in theirs for each in meant):
            return f"{verb.key} {particle} for {contrary}"
    given = list(_timed(both.passage))
    for word, token in _timed(both.claim):
        named = both.meant(token.concept) or {token.concept}
        alike = [(each, t.sentence) for each, t in given if t.concept in named]
        found = {each for each, _ in alike if each in _TIMES[word]}
        if not found or any(each == word for each, _ in alike):
            continue
        # "Within a week ...; after that ..." says both.
        if not says_both_sides(both.passage, (sentence for _, sentence in alike)):
            return f"{word} {token.key} for {', '.join(sorted(found))}"
    return ""


def _phrasal(statement: Statement) -> Iterator[tuple[Token, str]]:
    """Each word with a particle right behind it: "moving out", "turned off"; not "paid in time off"."""
    tokens = statement.tokens
    for at, (verb, word) in enumerate(pairwise(tokens)):
        if verb.kind != "word" or word.key not in _PARTICLES or verb.part != word.part:
            continue
        following = [t for t in tokens[at + 2 : at + 3] if t.part == word.part]
        if not any(t.kind != "function" or t.key in DETERMINERS for t in following):
            yield verb, word.key


def _timed(statement: Statement) -> Iterator[tuple[str, Token]]:
    """Each preposition of time with the word or number that it is said of."""
    for at, token in enumerate(statement.tokens):
        if token.key in _TIMES:
            following = (t for t in statement.tokens[at + 1 : at + 4] if t.key not in DETERMINERS)
            what = next(following, None)
            if what and what.kind != "function" and what.sentence == token.sentence:
                yield token.key, what
