"""Which side things are on: "more than", "from ... to", "before" and "after"."""

import re
from collections.abc import Iterator
from itertools import pairwise, permutations

from core.retrieval.claims.comparison import Comparison
from core.retrieval.claims.meanings import signs
from core.retrieval.claims.statements import Placed, Statement, Token

_ORDER = dict.fromkeys(("before", "bevor", "avant"), "before") | dict.fromkeys(
    ("after", "nachdem", "après"), "after"
)
_Ends = set[tuple[int | str, int]]
_MORE = {"more": 1, "less": -1, "fewer": -1}
_TELLING = ("word", "name", "code")
_FIRST = frozenset(("first", "zuerst", "d'abord", "primero"))
_THEN = frozenset(("then", "dann", "danach", "ensuite", "luego"))
_FROM = frozenset(("from", "von", "de"))
_TO = frozenset(("to", "auf", "bis", "à", "a"))
_LAST_WORD = re.compile(r"([^\W\d_]+)\W{0,3}$")
# "As soon as" levels nothing, "twice as large as" is more.
_AS = re.compile(
    r"(?<!not )(?<!twice )(?<!half )(?<!times )\bas (?!soon|well|long|far|much|many|if)\w+ as\b(?! \d| an? | one )"
)


def wrong_side(both: Comparison) -> str:
    """Two things of a comparison or a change the other way round, or nothing."""
    if compared(both) < 0 or _is_levelled(both):
        return "what is more than what"
    if order(both) < 0:
        return "what comes before what"
    return "from what to what" if _is_turned_back(both) or _are_turned_back(both) else ""


def order(both: Comparison) -> int:
    """1 when what the claim has first and then is so in the passage ("B after A" for "A before B"), -1 when
    it is the other way round, 0 when the two do not speak of the same."""
    theirs = list(_times(both.passage))
    for earliest, latest in _times(both.claim):
        first, then = both.all_meant(earliest), both.all_meant(latest)
        for earlier, later in theirs:
            straight, crossed = (first & earlier, then & later), (first & later, then & earlier)
            if all(straight) and not any(crossed):
                return 1
            if all(crossed) and not any(straight):
                return -1
    return 0


def _times(statement: Statement) -> Iterator[tuple[set[str], set[str]]]:
    """What comes first and what then, by each "before", "after", "first ..., then ..."; what is in both
    tells nothing."""
    for word in statement.tokens:
        if word.key in _ORDER:
            first, then = _in_time(word, statement)
        elif word.key in _FIRST:
            _, after = _around(word, statement)
            place = next((t.start for t in after if t.key in _THEN), -1)
            first = _concepts([t for t in after if t.start < place])
            then = _concepts([t for t in after if t.start > place]) if place > 0 else set()
        else:
            continue
        yield first - then, then - first


def _in_time(word: Token, statement: Statement) -> tuple[set[str], set[str]]:
    left, right = _sides(word, statement)
    if not left:  # "After the show, the doors are closed."
        comma = statement.text.find(",", word.end)
        here = [t for t in statement.tokens if t.sentence == word.sentence and t.kind in _TELLING]
        right = {t.concept for t in here if t.start < comma}
        left = {t.concept for t in here if t.start > comma}
    return (left, right) if _ORDER[word.key] == "before" else (right, left)


def compared(both: Comparison) -> int:
    """1 when the claim says of the same thing that it is more ("B is smaller than A" for "A is larger than
    B"), -1 when of the other one, 0 when the two compare nothing that is the same."""
    given = list(comparisons(both.passage))
    for left, right, ours in comparisons(both.claim) if given else ():
        mine = both.all_meant(left - right), both.all_meant(right - left)
        for low, high, theirs in given:
            straight = all((mine[0] & (low - high), mine[1] & (high - low)))
            crossed = all((mine[0] & (high - low), mine[1] & (low - high)))
            is_inverse = any((what, -side) in theirs for what, side in ours)
            if straight != crossed and (is_inverse or ours & theirs):
                return 1 if straight != is_inverse else -1
    return 0


def comparisons(statement: Statement) -> Iterator[tuple[set[str], set[str], _Ends]]:
    """What is compared with what, and on which end of what the first is."""
    for word in statement.tokens:
        if word.key == "than":
            before, after = _around(word, statement)
            yield _concepts(before), _concepts(after), _ends(before)
        elif word.key == "compared":  # "Compared with B, A is larger."
            comma = statement.text.find(",", word.end)
            _, after = _around(word, statement)
            that = [t for t in after if t.start < comma]
            first = [t for t in after if t.start > comma]
            if that and first:
                yield _concepts(first), _concepts(that), _ends(first)


def _ends(words: list[Token]) -> _Ends:
    """What the comparatives among these words measure, and which end of it they name: "less expensive" is
    the lower end of "expensive" and that of cheap things."""
    found: _Ends = set()
    for before, word in pairwise([None, *words]):
        side = _MORE.get(before.key if before else "", 0)
        if word is None or not (side or word.key.endswith("er")):
            continue
        found.add((word.concept, side or 1))
        found |= {(axis, end * (side or 1)) for axis, end in signs(word.key)}
    if words and words[-1].key in _MORE:  # "costs more than"
        found.add(("", _MORE[words[-1].key]))
    return found


def _is_levelled(both: Comparison) -> bool:
    """ "As cheap as B" for "cheaper than B"."""
    theirs = {t.key for t in both.passage.tokens if t.sentence in both.rows[:1]}
    rows = [t for t in both.passage.tokens if t.sentence in both.rows[:1]]
    if "than" not in theirs or not rows:
        return False
    sentence = both.passage.text[rows[0].start : rows[-1].end]
    return bool(_AS.search(both.claim.text)) and not _AS.search(sentence)


def _are_turned_back(both: Comparison) -> bool:
    """ "From 35 to 31" for "from 31 to 35"."""
    for start, end in permutations(both.numbers, 2):
        if start.sentence != end.sentence or not both.amounts[start] or not both.amounts[end]:
            continue
        if not _follows(start, both.claim, _FROM) or not _follows(end, both.claim, _TO):
            continue
        if all(_follows(p, both.passage, _TO) for p in both.amounts[start]) and all(
            _follows(p, both.passage, _FROM) for p in both.amounts[end]
        ):
            return True
    return False


def before(placed: Placed, statement: Statement) -> str:
    """What stands right before a number."""
    start = placed.quantity.start
    return statement.text[max(0, start - 16) : start]


def _follows(placed: Placed, statement: Statement, words: frozenset[str]) -> bool:
    found = _LAST_WORD.search(before(placed, statement))
    return found is not None and found[1].casefold() in words


def _is_turned_back(both: Comparison) -> bool:
    """ "From A to B" for "from B to A"."""
    start, end = (both.all_meant(_after(word, both.claim)) for word in ("from", "to"))
    theirs = [_after(word, both.passage) for word in ("from", "to")]
    straight = start & theirs[0] or end & theirs[1]
    return bool(start & theirs[1]) and bool(end & theirs[0]) and not straight


def _after(word: str, statement: Statement) -> set[str]:
    return {b.concept for a, b in pairwise(statement.tokens) if a.key == word}


def _sides(than: Token, statement: Statement) -> tuple[set[str], set[str]]:
    before, after = _around(than, statement)
    return _concepts(before), _concepts(after)


def _around(word: Token, statement: Statement) -> tuple[list[Token], list[Token]]:
    """The words of its sentence before and after this one."""
    sentence = [t for t in statement.tokens if t.sentence == word.sentence and t != word]
    return (
        [t for t in sentence if t.start < word.start],
        [t for t in sentence if t.start > word.start],
    )


def _concepts(words: list[Token]) -> set[str]:
    return {t.concept for t in words if t.kind not in ("function", "number")}
