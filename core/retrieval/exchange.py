"""Whether two numbers of a claim, or what it says of two things, have changed places."""

from collections.abc import Hashable, Sequence
from itertools import combinations, permutations

from core.retrieval.comparison import Comparison
from core.retrieval.statements import Placed, Statement

_LEAD = 2
_MOST_WORDS = (
    60  # of a claim, and _MOST_IN_A_PART of each part of it: an answer may be one long list
)
_MOST_IN_A_PART = 10
_Places = dict[Hashable, frozenset[tuple[int, int]]]


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


def crossed(both: Comparison) -> str:
    """Two things of a claim, each said to be what the passage says of the other one ("the clocks on the
    first floor and the paintings on the second"), or nothing."""
    for unit in ("clause", "part"):
        places = _places(both, unit)
        for (_, ours), (_, theirs) in combinations(sorted(_by_part(both, places).items()), 2):
            mine = {each: at for each, at in ours.items() if each not in theirs}
            its = {each: at for each, at in theirs.items() if each not in ours}
            if _are_crossed(mine, its):
                return "what is said of two things the other way round"
    return ""


def _are_crossed(ours: _Places, theirs: _Places) -> bool:
    """Whether a sentence of the passage has two of ours apart, each together with one of theirs, which are
    apart too."""
    return any(
        _sentences(at & theirs[its]) & _sentences(other & theirs[others])
        for (_, at), (_, other) in combinations(ours.items(), 2)
        if not at & other
        for its, others in permutations(theirs, 2)
        if not theirs[its] & theirs[others]
    )


def _sentences(places: frozenset[tuple[int, int]]) -> set[int]:
    return {sentence for sentence, _ in places}


def _by_part(both: Comparison, places: _Places) -> dict[int, _Places]:
    """The words and numbers of each part of the claim, as far as the passage has them, with their places."""
    found: dict[int, _Places] = {}
    words = [(t.part, t.concept) for t in both.telling[:_MOST_WORDS]]
    for part, each in [*words, *((p.part, p) for p in both.numbers[:_MOST_WORDS])]:
        mine = found.setdefault(part, {})
        if places.get(each) and len(mine) < _MOST_IN_A_PART:
            mine[each] = places[each]
    return found


def _places(both: Comparison, unit: str) -> _Places:
    """The sentences and clauses, or parts, of the passage that each word and number of the claim is in."""
    found: _Places = {}
    for token in both.telling[:_MOST_WORDS]:
        meant = both.meant(token.concept)
        found[token.concept] = frozenset(
            (t.sentence, getattr(t, unit)) for t in both.passage.tokens if t.concept in meant
        )
    for number in both.numbers[:_MOST_WORDS]:
        amounts = both.amounts[number]
        found[number] = frozenset((each.sentence, getattr(each, unit)) for each in amounts)
    return found
