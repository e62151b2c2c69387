"""Whether what a claim says together stands together in the passage, or each beside the other's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, permutations

from core.retrieval.claims.comparison import Comparison
from core.retrieval.claims.statements import Statement

_MOST_PARTS, _MOST_THINGS, _MOST_PLACES = 8, 8, 8
_LEAD = 1.0
"""How much nearer the other one stands: a clause."""
_JOINED = " .,'-/"
_SAME_CLAUSE, _SAME_SENTENCE, _OTHER_SENTENCE, _EACH_SENTENCE, _OTHER_ROW = 1.0, 1.6, 2.5, 0.3, 4.3
_FAR, _FARTHEST = 150, 0.9
_NOWHERE = 9.0
_Place = tuple[int, int, int, int]
"""Sentence, clause, part and character."""


@dataclass(frozen=True, slots=True)
class _Thing:
    """A word, a whole name or a whole amount of the claim, and where the passage has it."""

    concepts: frozenset[object]
    kind: str
    part: int
    start: int
    end: int
    places: tuple[_Place, ...]

    @property
    def is_amount(self) -> bool:
        return self.kind.startswith("number")


_Pairs = tuple[tuple[_Thing, _Thing], ...]


def mispaired(both: Comparison) -> str:
    """Two things of a claim, each with what the passage has nearer to the other one ("IC 7 leaves at 18:05
    and IC 9 at 09:05"), or nothing. All such pairs vote, since a word that both share may stand anywhere."""

    @cache
    def apart(one: _Thing, other: _Thing) -> float:
        return _apart(one, other, both.passage)

    straight, crossed = 0, 0
    for ours, theirs in combinations(_by_part(both), 2):
        for near, far in _choices(ours, theirs):
            lead = sum(apart(*pair) for pair in far) - sum(apart(*pair) for pair in near)
            straight += lead > _LEAD
            crossed += lead < -_LEAD
    return "what is said of two things the other way round" if crossed > 2 * straight else ""


def _choices(ours: Sequence[_Thing], theirs: Sequence[_Thing]) -> Iterator[tuple[_Pairs, _Pairs]]:
    """What the claim says together, and what it would say with two alike things, or two amounts, exchanged."""
    mine, others = _only(ours, theirs), _only(theirs, ours)
    for one, what in combinations(mine, 2):
        for other, that in permutations(others, 2):
            kinds = (one.kind, what.kind)
            if kinds == (other.kind, that.kind) and set(kinds) != {"word"}:
                yield ((one, what), (other, that)), ((one, that), (other, what))
    for some, rest in ((mine, others), (others, mine)):
        for one, amount in permutations(some, 2):
            for that in rest:
                if amount.is_amount and that.kind == amount.kind:
                    yield ((one, amount),), ((one, that),)


def _only(ours: Sequence[_Thing], theirs: Sequence[_Thing]) -> list[_Thing]:
    said = frozenset[object]().union(*(each.concepts for each in theirs))
    return [each for each in ours if not each.concepts <= said][:_MOST_THINGS]


def _apart(one: _Thing, other: _Thing, passage: Statement) -> float:
    """How far from each other the two stand at best: 0 in one part, 1 in one clause, ..."""
    return min(
        (_between(a, b, passage) for a in one.places for b in other.places), default=_NOWHERE
    )


def _between(one: _Place, other: _Place, passage: Statement) -> float:
    sentence, clause, part, at = one
    if part == other[2]:
        steps = 0.0
    elif clause == other[1]:
        steps = _SAME_CLAUSE
    elif sentence == other[0]:
        steps = _SAME_SENTENCE
    elif {sentence, other[0]} <= passage.rows:
        return _OTHER_ROW
    else:
        return _OTHER_SENTENCE + _EACH_SENTENCE * min(abs(sentence - other[0]), 4)
    # A cell is said with its heading and its label, wherever these stand.
    is_row = sentence in passage.rows
    return steps if is_row else steps + min(abs(at - other[3]) / _FAR, _FARTHEST)


def _by_part(both: Comparison) -> list[list[_Thing]]:
    """The things of each part of the claim, as far as the passage has them."""
    parts: dict[int, list[_Thing]] = {}
    for each in _things(both):
        if each.places:
            parts.setdefault(each.part, []).append(each)
    return list(parts.values())[:_MOST_PARTS]


def _things(both: Comparison) -> list[_Thing]:
    where: dict[str, list[_Place]] = {}
    for t in both.passage.tokens:
        where.setdefault(t.concept, []).append((t.sentence, t.clause, t.part, t.start))
    single = [
        _Thing(
            frozenset((token.concept,)),
            "name" if token.kind != "word" or token.is_capital else "word",
            token.part,
            token.start,
            token.end,
            tuple(p for m in sorted(both.meant(token.concept)) for p in where.get(m, ())),
        )
        for token in both.telling
    ]
    for placed in both.numbers:
        amount = placed.quantity
        found = both.amounts[placed]
        places = tuple((p.sentence, p.clause, p.part, p.quantity.start) for p in found)
        kind = f"number {amount.unit}"
        single.append(_Thing(amount.values, kind, placed.part, amount.start, amount.end, places))
    things: list[_Thing] = []
    for each in sorted(single, key=lambda thing: (thing.start, thing.end)):
        if things and _continues(things[-1], each, both.claim.text):
            things[-1] = _joined(things[-1], each)
        else:
            things.append(each)
    return [replace(each, places=each.places[:_MOST_PLACES]) for each in things]


def _continues(thing: _Thing, each: _Thing, text: str) -> bool:
    """Whether the two are one name ("Adaeze Obi") or one date ("12 June 2024")."""
    if thing.part != each.part or "word" in (thing.kind, each.kind):
        return False
    if not thing.is_amount and each.kind != "name":
        return False
    return not text[thing.end : each.start].strip(_JOINED)


def _joined(thing: _Thing, each: _Thing) -> _Thing:
    parts = {part for _, _, part, _ in each.places}
    together = tuple(place for place in thing.places if place[2] in parts)
    return replace(
        thing,
        concepts=thing.concepts | each.concepts,
        end=max(thing.end, each.end),
        places=together or thing.places + each.places,
    )
