"""What is looked up of a text again and again, found once: its words by place, its names, its negations."""

import re
from itertools import pairwise

from core.retrieval.claims.bounds import no_negations
from core.retrieval.claims.meanings import concept
from core.retrieval.claims.negation import negations
from core.retrieval.claims.numerals import SCALES, UNITS
from core.retrieval.claims.statements import Statement, Token
from core.retrieval.claims.wordlists import LIMITS

_PIECE = re.compile(r"[^\W\d_]+")


def index(found: Statement, sentences: int, clauses: int) -> None:
    """Fill in all of a statement that follows from its tokens, parts and quantities."""
    names = found.names = frozenset(t.key for t in found.tokens if t.kind == "name")
    found.tokens = [_named(t, names) for t in found.tokens]
    found.parts = [[_named(t, names) for t in part] for part in found.parts]
    found.clauses = [[] for _ in range(clauses)]
    for token in found.tokens:
        found.clauses[token.clause].append(token)
    found.keys = frozenset(t.key for t in found.tokens)
    found.scales = frozenset(SCALES[key] for key in found.keys if key in SCALES)
    _concepts(found, sentences, clauses)
    found.limited = frozenset(
        t.sentence
        for before, t in pairwise([*found.tokens[:1], *found.tokens])
        if t.key in LIMITS or (t.key == "to" and before.key in ("have", "has", "had"))
    )
    found.negations = negations(found, frozenset(no_negations(found.text)))


def _concepts(found: Statement, sentences: int, clauses: int) -> None:
    found.concepts = frozenset(t.concept for t in found.telling())
    for each in sorted(found.concepts):
        found.by_start.setdefault(each[:4], []).append(each)
    found.long = [each for each in sorted(found.concepts) if len(each) >= 9]
    periods = [
        t for t in found.tokens if t.kind == "function" and t.key in UNITS and t.key.isalpha()
    ]
    found.concepts |= {t.concept for t in periods}
    told = [t for t in found.tokens if t.kind != "function"] + periods
    # "proxy_read_timeout" says what a "read timeout of the proxy" is.
    pieces = [t._replace(concept=each) for t in told if t.kind == "code" for each in _pieces(t)]
    found.pieces = frozenset(t.concept for t in pieces)
    told += pieces
    found.by_sentence = _grouped([(t.sentence, t.concept) for t in told], sentences)
    found.by_clause = _grouped([(t.clause, t.concept) for t in told], clauses)
    found.by_part = _grouped([(t.part, t.concept) for t in told], len(found.parts))


def _pieces(code: Token) -> list[str]:
    return [concept(piece) for piece in _PIECE.findall(code.key) if len(piece) > 2]


def _named(token: Token, names: frozenset[str]) -> Token:
    """A word that opens a sentence is a name where it is one elsewhere."""
    is_name = token.kind == "word" and token.is_capital and token.key in names
    return token._replace(kind="name") if is_name else token


def _grouped(pairs: list[tuple[int, str]], count: int) -> list[frozenset[str]]:
    """The concepts of each group, by its number."""
    groups: list[set[str]] = [set() for _ in range(count)]
    for place, each in pairs:
        groups[place].add(each)
    return [frozenset(group) for group in groups]
