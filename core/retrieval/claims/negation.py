"""What a text says "not" of."""

from core.retrieval.claims.statements import Negation, Statement, Token
from core.retrieval.claims.wordlists import DENIALS, EXCEPTIONS, NEGATORS

_REACH = 3  # telling words after "not" that it is said of
_SHORT_REACH = 2  # after "without"


def negations(found: Statement, aside: frozenset[int]) -> list[Negation]:
    """Every "not", "without" or "forbidden" of the text but those at the places `aside`."""
    clauses: dict[int, list[Token]] = {}
    for token in found.telling():
        clauses.setdefault(token.clause, []).append(token)
    exceptions = [t.start for t in found.tokens if t.key in EXCEPTIONS]
    french: set[int] = set()
    result = []
    for token in found.tokens:
        if (
            token.key not in _ALL
            or token.start in aside
            or (token.key == "ne" and token.clause in french)
        ):
            continue
        if token.key == "ne":
            french.add(token.clause)
        # "Not ... without": what comes after the second is said of that.
        stop = next((start for start in exceptions if start > token.start), len(found.text))
        result.append(_negation(token, clauses.get(token.clause, []), stop, found.is_german))
    return result


_ALL = NEGATORS | EXCEPTIONS | DENIALS


def _negation(token: Token, clause: list[Token], stop: int, is_german: bool) -> Negation:
    back = [t.concept for t in clause if t.start < token.start]
    after = [t.concept for t in clause if token.start < t.start < stop]
    is_exception = token.key in EXCEPTIONS
    # "No ferries run and tickets are refunded": what comes after "and" is not denied, or not first.
    beside = [t.concept for t in clause if token.start < t.start < stop and t.part == token.part]
    near = (beside or after)[: _SHORT_REACH if is_exception else _REACH] or back[-_REACH:]
    is_determiner = token.key.startswith("kein") or token.key == "no"
    if is_german and not is_exception and not is_determiner:
        near = [*near, *back[-_REACH:]]  # the verb may stand before "nicht"
    first = near if is_determiner else near[:1]
    return Negation(
        token.key,
        frozenset(first),
        token.sentence,
        token.clause,
        frozenset(near),
        frozenset(after),
        frozenset(near if is_exception else [*back, *after]),
        token.key in DENIALS,
        is_exception,
    )
