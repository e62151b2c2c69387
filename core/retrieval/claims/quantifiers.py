"""Of how many something is said: of all, most, some or few."""

from collections.abc import Iterator
from typing import NamedTuple

from core.retrieval.claims.comparison import Comparison
from core.retrieval.claims.statements import Statement, Token

_ALL, _MOST, _SOME, _FEW = 4, 3, 2, 1
_LEVELS = {
    **dict.fromkeys(("all", "every", "each", "alle", "allen", "jeder", "jede", "jedes", "jeden"), _ALL),
    **dict.fromkeys(("tous", "toutes", "chaque", "todos", "todas", "cada"), _ALL),
    **dict.fromkeys(("most", "majority", "meisten", "mehrheit", "plupart", "mayoría"), _MOST),
    **dict.fromkeys(("some", "several", "many", "einige", "manche", "mehrere", "viele"), _SOME),
    **dict.fromkeys(("certains", "certaines", "quelques", "plusieurs", "algunos", "algunas"), _SOME),
    **dict.fromkeys(("few", "minority", "wenige", "minderheit", "minorité", "pocos", "pocas"), _FEW),
}  # fmt: skip
_OTHER = frozenset(("other", "else", "remaining", "anderen", "autres", "demás"))
_SKIPPED = 4  # words between it and what it counts: "every one of the guests"
_BEFORE = frozenset(("not", "at", "nicht", "almost", "nearly", "fast"))


class _Share(NamedTuple):
    level: int
    whose: str
    sentence: int


def counted_otherwise(both: Comparison) -> str:
    """What the claim says of more, or of fewer, than the passage ("all guests" for "most guests"), or nothing."""
    theirs = list(_shares(both.passage))
    for ours in _shares(both.claim):
        same = [each for each in theirs if each.whose in both.meant(ours.whose)]
        here = [each for each in same if each.sentence in both.rows[:1]] or same
        if here and not any(_may_stand_for(ours.level, each.level) for each in here):
            return f"of another part of {ours.whose}"
    return ""


def _may_stand_for(ours: int, theirs: int) -> bool:
    # What is said of all is said of some, too, but not of few.
    return ours == theirs or _FEW < ours < theirs


def _shares(statement: Statement) -> Iterator[_Share]:
    tokens = statement.tokens
    for at, token in enumerate(tokens):
        if token.key not in _LEVELS:
            continue
        above = tokens[at - 1] if at and tokens[at - 1].sentence == token.sentence else None
        before = above.key if above else ""
        # "Vienna and Belgrade all lie ..." counts nothing that follows.
        is_behind = (
            above is not None
            and above.is_capital
            and above.kind != "function"
            and above.part == token.part
        )
        if before in _BEFORE or is_behind:
            continue
        level = _LEVELS[token.key]
        if level == _ALL and "".join(t.key for t in tokens[at + 1 : at + 2]) in _OTHER:
            level = _MOST
        if level == _FEW and before == "a" and token.key == "few":
            level = _SOME
        if level == _SOME and before in ("only", "nur", "seulement", "solo"):
            level = _FEW
        if whose := _counted(tokens[at + 1 : at + 1 + _SKIPPED], token.sentence):
            yield _Share(level, whose, token.sentence)


def _counted(following: list[Token], sentence: int) -> str:
    for each in following:
        if each.sentence != sentence or each.kind == "number":
            return ""
        if each.kind != "function":
            return each.concept
    return ""
