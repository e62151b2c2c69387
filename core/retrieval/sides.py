"""Which side things are on: "more than", "from ... to", "before" and "after"."""

from itertools import pairwise

from core.retrieval.comparison import Comparison
from core.retrieval.statements import Statement, Token

_ORDER = dict.fromkeys(("before", "bevor", "avant"), "before") | dict.fromkeys(
    ("after", "nachdem", "après"), "after"
)
_TELLING = ("word", "name", "code")


def wrong_side(both: Comparison) -> str:
    """Two things of a comparison or a change the other way round, or nothing."""
    if _is_compared_the_other_way(both):
        return "what is more than what"
    if order(both) < 0:
        return "what comes before what"
    return "from what to what" if _is_turned_back(both) else ""


def order(both: Comparison) -> int:
    """1 when what the claim has first and then is so in the passage ("B after A" for "A before B"), -1 when
    it is the other way round, 0 when the two do not speak of the same."""
    for word in (t for t in both.claim.tokens if t.key in _ORDER):
        first, then = (both.all_meant(side) for side in _in_time(word, both.claim))
        for other in (t for t in both.passage.tokens if t.key in _ORDER):
            earlier, later = _in_time(other, both.passage)
            straight, crossed = (first & earlier, then & later), (first & later, then & earlier)
            if all(straight) and not any(crossed):
                return 1
            if all(crossed) and not any(straight):
                return -1
    return 0


def _in_time(word: Token, statement: Statement) -> tuple[set[str], set[str]]:
    """What comes first and what then by this "before" or "after"; what is in both tells nothing."""
    left, right = _sides(word, statement.tokens)
    if not left:  # "After the show, the doors are closed."
        comma = statement.text.find(",", word.end)
        here = [t for t in statement.tokens if t.sentence == word.sentence and t.kind in _TELLING]
        right = {t.concept for t in here if t.start < comma}
        left = {t.concept for t in here if t.start > comma}
    first, then = (left, right) if _ORDER[word.key] == "before" else (right, left)
    return first - then, then - first


def _is_compared_the_other_way(both: Comparison) -> bool:
    """ "A is larger than B" for "B is larger than A"."""
    for than in (t for t in both.claim.tokens if t.key == "than"):
        ours = [both.all_meant(side) for side in _sides(than, both.claim.tokens)]
        for other in (t for t in both.passage.tokens if t.key == "than"):
            left, right = _sides(other, both.passage.tokens)
            crossed = ours[0] & right, ours[1] & left
            if all(crossed) and not crossed[0] & left and not crossed[1] & right:
                return not (ours[1] & right)
    return False


def _is_turned_back(both: Comparison) -> bool:
    """ "From A to B" for "from B to A"."""
    start, end = (both.all_meant(_after(word, both.claim)) for word in ("from", "to"))
    theirs = [_after(word, both.passage) for word in ("from", "to")]
    straight = start & theirs[0] or end & theirs[1]
    return bool(start & theirs[1]) and bool(end & theirs[0]) and not straight


def _after(word: str, statement: Statement) -> set[str]:
    return {b.concept for a, b in pairwise(statement.tokens) if a.key == word}


def _sides(than: Token, tokens: list[Token]) -> tuple[set[str], set[str]]:
    sentence = [
        t for t in tokens if t.sentence == than.sentence and t.kind not in ("function", "number")
    ]
    return (
        {t.concept for t in sentence if t.start < than.start},
        {t.concept for t in sentence if t.start > than.start},
    )
