"""Whether two numbers of a claim have changed places."""

from collections.abc import Sequence
from itertools import combinations

from core.retrieval.comparison import Comparison
from core.retrieval.statements import Placed, Statement

_LEAD = 2


def exchanged(both: Comparison) -> str:
    """Two numbers of one unit, each said of what the passage says the other one of, or nothing."""
    passage = both.passage
    for one, other in combinations(both.numbers, 2):
        if one.quantity.unit != other.quantity.unit:
            continue
        for mine in both.amounts[one]:
            for its in both.amounts[other]:
                is_row = mine.sentence in passage.rows
                if mine is its or mine.sentence != its.sentence or is_row:
                    continue
                ours = _beside(both.claim, [one, other])
                theirs = _beside(passage, [mine, its])
                straight = sum(both.common(o, t) for o, t in zip(ours, theirs, strict=True))
                crossed = both.common(ours[0], theirs[1]), both.common(ours[1], theirs[0])
                if not all(crossed) or sum(crossed) < straight + _LEAD:
                    return ""
                found = both.claim.text[one.quantity.start : other.quantity.end]
                return f"the other way round than {found}"
    return ""


def _beside(statement: Statement, numbers: Sequence[Placed]) -> list[frozenset[str]]:
    """For each number the telling words of its sentence that no other of them is nearer to."""
    found: list[set[str]] = [set() for _ in numbers]
    for token in statement.telling():
        near = [
            (abs(token.start - p.quantity.start), place)
            for place, p in enumerate(numbers)
            if p.sentence == token.sentence
        ]
        if near:
            found[min(near)[1]].add(token.concept)
    return [frozenset(each) for each in found]
