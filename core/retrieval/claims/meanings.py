"""What words have to do with each other: the same, opposites, one of a kind, negations."""

import re
from functools import lru_cache

from core.retrieval.claims.wordlists import FUNCTION, KINDS, OPPOSITES, SAME

_ENDING = re.compile(
    r"(?:izations?|isations?|ational|ations?|ication|ments?|ingly|edly|ness|ings?|ions?|ances?|ences?|ities|ity|ers?|ors?"
    r"|ies|ied|ied|able|ible|est|ed|es|en|em|er|ly|al|ung|ungen|te|ten|s|e|y)$"
)


@lru_cache(maxsize=50_000)
def root(word: str) -> str:
    """The part of a word that its forms share: "reserve", "reserved", "reservation" are one."""
    bare = word.removesuffix("'s").removesuffix("'")
    if len(bare) < 4 or not bare.isalpha():
        return bare
    if len(bare) == 4 and bare.endswith("ed") and (bare[0] in "aeou" or bare[1] == "i"):
        return bare[:-1]  # owed, used, tied; not need or shed
    for _ in range(2):
        found = _ENDING.search(bare, 3 if len(bare) < 7 else 4)
        if not found:
            break
        bare = bare[: found.start()]
    if len(bare) > 3 and bare[-1] == bare[-2] and bare[-1] not in "aeiouls":
        bare = bare[:-1]
    return bare[:-1] + "y" if bare.endswith("i") and len(bare) > 3 else bare


def _synonyms() -> dict[str, str]:
    found: dict[str, str] = {}
    roots: dict[str, set[str]] = {}
    for group in re.split(r"[|\n]+", SAME.strip()):
        names, _, target = group.partition("=")
        head = target or names.split()[0]
        for name in names.split():
            found.setdefault(name, root(head))
            roots.setdefault(root(name), set()).add(found[name])
    # "Employer" and "employee" have one root: only the words themselves tell them apart.
    return {**{name: heads.pop() for name, heads in roots.items() if len(heads) == 1}, **found}


_SYNONYMS = _synonyms()


def _opposites() -> dict[str, tuple[tuple[int, int], ...]]:
    found: dict[str, tuple[tuple[int, int], ...]] = {}
    for axis, line in enumerate(OPPOSITES.strip().splitlines()):
        for side, words in zip((1, -1), line.split("/"), strict=True):
            for word in words.split():
                found[word] = (*found.get(word, ()), (axis, side))
    return found


_SIGNS = _opposites()
_DEEDS = frozenset(("lasts", "lights", "fasts"))  # what looks like the end of an axis and is a verb
_KIND_OF: dict[str, frozenset[int]] = {}
for _number, _line in enumerate(KINDS.strip().splitlines()):
    for _name in _line.split():
        _KIND_OF[_name] = _KIND_OF.get(_name, frozenset()) | {_number}


@lru_cache(maxsize=50_000)
def concept(word: str) -> str:
    """What a word is compared by: its forms, spellings and plain synonyms are one."""
    bare = word.removesuffix("'s")
    known = _SYNONYMS.get(bare) or _SYNONYMS.get(bare.removesuffix("s"))
    return known or _SYNONYMS.get(root(word)) or root(word)


@lru_cache(maxsize=50_000)
def signs(word: str) -> tuple[tuple[int, int], ...]:
    """The axes that a word lies on, with its end of each: ("before", ...) is (0, 1)."""
    if word in _DEEDS:
        return ()
    found = _SIGNS.get(word)
    if found is None and word.endswith(("s", "d")):
        found = _SIGNS.get(word[:-1]) or _SIGNS.get(word[:-2])
    if found is None and (head := _SYNONYMS.get(word) or _SYNONYMS.get(root(word))):
        found = next(
            (_SIGNS[name] for name in ("increase", "decrease") if root(name) == head), None
        )
    return found or ()


@lru_cache(maxsize=50_000)
def kinds(word: str) -> frozenset[int]:
    """The kinds that a word is one of: colours, months, the parties of a contract."""
    return _KIND_OF.get(word) or _KIND_OF.get(word.removesuffix("s")) or frozenset()


def is_function(word: str) -> bool:
    """Whether a word tells nothing by itself."""
    return word in FUNCTION or (len(word) == 1 and word.isascii())


@lru_cache(maxsize=100_000)
def related(one: str, other: str) -> bool:
    """Whether two roots may be forms of one word, or parts of one compound."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    shared = 0
    while shared < len(short) and short[shared] == long[shared]:
        shared += 1
    if shared >= 4 and shared == len(short) and len(long) - shared <= 4:
        return True
    if shared >= 5 and shared >= 0.7 * len(long):
        return True
    return len(short) >= 5 and len(long) >= 9 and (long.endswith(short) or long.startswith(short))


_PEOPLE = frozenset(("an", "ian", "ish", "ese", "ic", "i", "er", "ians", "ans", "egian"))
_PLACE = frozenset(("", "y", "a", "ia", "e", "o", "ay", "s", "land"))


def same_name(one: str, other: str) -> bool:
    """Whether two names are one but for an ending: Canada and Canadian, Smith and Smith's."""
    one, other = (name.removesuffix("'s").removesuffix("’s") for name in (one, other))
    if one == other or (concept(one) == concept(other) and one in _SYNONYMS):
        return True
    if one.removesuffix("s") == other.removesuffix("s") and len(one) > 3:
        return True
    shared = 0
    while shared < min(len(one), len(other)) and one[shared] == other[shared]:
        shared += 1
    for cut in (shared, shared - 1):
        ends = {one[cut:], other[cut:]}
        if cut >= 4 and ends & _PEOPLE and ends - _PEOPLE <= _PLACE:
            return True
    return False


def rivals(one: str, other: str) -> bool:
    """Whether two words are different ones of a kind, or opposites."""
    if kinds(one) & kinds(other) and concept(one) != concept(other):
        return True
    theirs = dict(signs(other))
    return any(theirs.get(axis) == -side for axis, side in signs(one))
