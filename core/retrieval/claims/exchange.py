"""Whether two numbers of a claim, or what it says of two things, have changed places."""

import re
from collections.abc import Hashable, Sequence
from itertools import combinations, pairwise, permutations, product

from core.retrieval.claims.comparison import Comparison
from core.retrieval.claims.statements import Placed, Statement, Token

_LEAD = 2
_WITH = re.compile(r"\b(?:with|and|or|mit|und|oder|avec|et|ou)\b")
_MOST_WORDS = (
    60  # of a claim, and _MOST_IN_A_PART of each part of it: an answer may be one long list
)
_MOST_IN_A_PART = 10
_Places = dict[Hashable, frozenset[tuple[int, int]]]


def exchanged(both: Comparison) -> str:
    """Two numbers of one unit, each said of what the passage says the other one of, or nothing."""
    running = {number: _by_sentence(number, both) for number in both.numbers}
    for one, other in combinations(both.numbers, 2):
        if one.quantity.unit != other.quantity.unit:
            continue
        pairs = (
            (mine, its)
            for sentence, found in running[one].items()
            for mine, its in product(found, running[other].get(sentence, ()))
            if mine is not its
        )
        if pair := next(pairs, None):
            ours = _beside(both.claim, [one, other])
            theirs = _beside(both.passage, pair)
            straight = sum(both.common(o, t) for o, t in zip(ours, theirs, strict=True))
            crossed = both.common(ours[0], theirs[1]), both.common(ours[1], theirs[0])
            if not all(crossed) or sum(crossed) < straight + _LEAD:
                return ""
            found = both.claim.text[one.quantity.start : other.quantity.end]
            return f"the other way round than {found}"
    return ""


def _by_sentence(number: Placed, both: Comparison) -> dict[int, list[Placed]]:
    """The amounts of the passage that it may be, but for those in the rows of a table."""
    found: dict[int, list[Placed]] = {}
    for each in both.amounts[number]:
        if each.sentence not in both.passage.rows:
            found.setdefault(each.sentence, []).append(each)
    return found


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
            (t.sentence, getattr(t, unit))
            for t in both.passage.tokens
            if t.concept in meant and t.sentence not in both.passage.rows
        )
    for number in both.numbers[:_MOST_WORDS]:
        amounts = [p for p in both.amounts[number] if p.sentence not in both.passage.rows]
        found[number] = frozenset((each.sentence, getattr(each, unit)) for each in amounts)
    return found


def coupled(both: Comparison) -> str:
    """Two names of a claim that a sentence of the passage has each with another one, where it leaves out the
    deed the second time ("A is led by B, and C by D", but not "B leads C"), or nothing."""
    names = _name_groups(both.claim)
    if len(names) != 2 or len({t.part for group in names for t in group}) != 1:
        return ""
    if _WITH.search(both.claim.text, names[0][-1].end, names[1][0].start):
        return ""  # it does not say which of them is whose
    places = [_parts_with(group, both) for group in names]
    if not all(places) or places[0] & places[1]:
        return ""
    said = {t.concept for group in names for t in group}
    for here, there in product(*places):
        one, other = both.passage.parts[here], both.passage.parts[there]
        is_sentence = one[0].sentence == other[0].sentence
        if (
            is_sentence
            and (_is_short(one) or _is_short(other))
            and all(
                any(t.concept not in both.all_meant(said) for t in _names(part))
                for part in (one, other)
            )
        ):
            return f"{names[0][-1].key} with another than {names[1][-1].key}"
    return ""


def _name_groups(statement: Statement) -> list[list[Token]]:
    groups: list[list[Token]] = []
    first = statement.tokens[:_MOST_WORDS]
    names = set(_names(first))
    for above, token in pairwise([None, *first]):
        if token is None or token not in names:
            continue
        if groups and above is groups[-1][-1]:
            groups[-1].append(token)
        else:
            groups.append([token])
    return groups


def _names(tokens: Sequence[Token]) -> list[Token]:
    return [t for t in tokens if t.kind == "name" or (t.is_capital and t.kind == "word")]


def _parts_with(group: list[Token], both: Comparison) -> set[int]:
    """The parts of the passage that have the whole name."""
    meant = [both.meant(t.concept) for t in group]
    return {n for n, part in enumerate(both.passage.by_part) if all(each & part for each in meant)}


def _is_short(part: Sequence[Token]) -> bool:
    """Whether it says no deed: nothing but names, each with a word that belongs to it."""
    telling = [t for t in part if t.kind != "function"]
    return all(
        t.kind != "number" and (t in _names(part) or (above is not None and above in _names(part)))
        for above, t in pairwise([None, *telling])
        if t is not None
    )
