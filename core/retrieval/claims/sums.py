"""What follows from numbers: "together they cost 61 euros" for 43 and 18, and that 18 is not more than 43."""

from collections import Counter
from itertools import product
from math import isclose

from core.retrieval.claims.comparison import Comparison
from core.retrieval.claims.sides import comparisons
from core.retrieval.claims.statements import Placed

_TOGETHER = frozenset(
    ("together", "total", "combined", "altogether", "sum", "zusammen", "insgesamt", "ensemble")
)
_MOST_THINGS = 5
_MOST_NUMBERS = 6  # that are said of one of them


def is_sum(both: Comparison, placed: Placed) -> bool:
    """Whether the claim says a sum, and the number is that of one amount of each thing that it names."""
    sentence = {t.key for t in both.claim.tokens if t.sentence == placed.sentence}
    if not sentence & _TOGETHER:
        return False
    amounts = _amounts_by_thing(both, placed)
    if not 2 <= len(amounts) <= _MOST_THINGS or any(len(n) > _MOST_NUMBERS for n in amounts):
        return False
    sums = [sum(each) for each in product(*amounts)]
    ours = placed.quantity.amounts()
    return any(isclose(one, other, rel_tol=1e-9) for one in sums for other in ours)


def _amounts_by_thing(both: Comparison, placed: Placed) -> list[list[float]]:
    """The amounts that may be added, of each place (a row, a part of a sentence) with a word of the claim
    that no other one has."""
    found: dict[tuple[str, int], list[float]] = {}
    for given in both.passage.quantities:
        is_like = given.quantity.unit in (placed.quantity.unit, "")
        if is_like and not given.quantity.is_year and not given.quantity.is_faint:
            is_row = given.sentence in both.passage.rows
            place = ("row", given.sentence) if is_row else ("part", given.part)
            found.setdefault(place, []).append(min(given.quantity.amounts()))
    words = {place: _words(place, both) & both.said for place in found}
    counts = Counter(each for own in words.values() for each in own)
    return [found[place] for place, own in words.items() if any(counts[each] == 1 for each in own)]


def _words(place: tuple[str, int], both: Comparison) -> frozenset[str]:
    kind, number = place
    passage = both.passage
    if kind == "part":
        return passage.by_part[number]
    return passage.labels.get(number) or passage.by_sentence[number]


def against_numbers(both: Comparison) -> str:
    """ "The boiler costs more than the camera" where the passage says 18 euros of the one and 43 of the other,
    or nothing."""
    if both.numbers:  # then it says itself what is more
        return ""
    given = [p for p in both.passage.quantities if p.sentence not in both.passage.rows]
    given = [p for p in given if not p.quantity.is_year and not p.quantity.is_faint]
    parts = {p.part for p in given}
    counts = Counter(each for part in parts for each in both.passage.by_part[part])
    for left, right, ends in comparisons(both.claim):
        side = next((side for what, side in ends if what == ""), 0)
        sides = [
            [p for p in given if any(counts[w] == 1 for w in words & both.passage.by_part[p.part])]
            for words in (both.all_meant(left - right), both.all_meant(right - left))
        ]
        if side == 0 or [len(each) for each in sides] != [1, 1]:
            continue
        one, other = (each[0].quantity for each in sides)
        difference = min(one.amounts()) - min(other.amounts())
        if one.unit == other.unit and difference * side < 0:
            return "what is more than what"
    return ""
