"""A claim beside a passage: which of its words and numbers the passage has, and where."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from core.retrieval.claims.amounts import same
from core.retrieval.claims.dates import MONTHS, is_its_month
from core.retrieval.claims.meanings import concept, kinds, related, rivals, same_name, signs
from core.retrieval.claims.numerals import UNITS
from core.retrieval.claims.quantities import Quantity
from core.retrieval.claims.statements import Placed, Statement, Token

_NONE: frozenset[str] = frozenset()
_MOST_ROWS = 3
_ELSEWHERE = 0.6  # what a word counts that stands in the passage, but not with the others
# Units that the cells of a table often go without.
_UNSAID = frozenset(("euro", "dollar", "pound", "yen", "share", "degree", "celsius", "clock"))
_YEAR = 12  # months: "47" under "Age"
_CAPITALS = re.compile(r"\b([A-Z])[a-z]+|\b(?:of|the|and|for|de)\b|\S+")


class Comparison:
    """What the rules of support ask about one claim and one passage."""

    def __init__(self, claim: Statement, passage: Statement) -> None:
        self.claim = claim
        self.passage = passage
        self.telling = claim.telling()
        self.numbers = [p for p in claim.quantities if not p.quantity.is_faint]
        self._meant = {t.concept: meant(t, passage) for t in self.telling}

    def meant(self, each: str) -> frozenset[str]:
        """The concepts of the passage that one of the claim stands for."""
        return self._meant.get(each, _NONE)

    def all_meant(self, concepts: Iterable[str]) -> set[str]:
        """The concepts of the passage that any of these stand for."""
        return {m for each in concepts for m in self.meant(each)}

    def common(self, concepts: Iterable[str], theirs: frozenset[str]) -> int:
        """How many of the claim's concepts are among these of the passage."""
        return sum(1 for each in concepts if self.meant(each) & theirs)

    @cached_property
    def said(self) -> set[str]:
        """All concepts of the passage that the claim has."""
        return self.all_meant(self._meant)

    @cached_property
    def amounts(self) -> dict[Placed, list[Placed]]:
        """The numbers of the passage that each number of the claim may be."""
        theirs = self.passage.quantities
        days = {
            p
            for p in self.numbers
            for t in self.claim.parts[p.part]
            if is_its_month(t, p, self.claim.text)
        }
        dated = {t.sentence for t in self.passage.tokens if kinds(t.key) & MONTHS}
        return {
            p: [
                q
                for q in theirs
                if _is_amount(p, q, self.passage) and (p not in days or q.sentence in dated)
            ]
            for p in self.numbers
        }

    @cached_property
    def company(self) -> dict[Placed, float]:
        """How many numbers of the claim each amount of the passage has beside it: one counts for the same
        cell of a table, a half for the same sentence."""
        found = dict.fromkeys(self.passage.quantities, 0.0)
        for amounts in self.amounts.values():
            sentences, parts = (
                Counter(p.sentence for p in amounts),
                Counter(p.part for p in amounts),
            )
            own = set(amounts)
            for p in found:
                others, beside = sentences[p.sentence] - (p in own), parts[p.part] - (p in own)
                is_cell = beside > 0 and p.sentence in self.passage.rows
                found[p] += 1.0 if is_cell else 0.5 if others > 0 else 0.0
        return found

    @cached_property
    def fit(self) -> list[float]:
        """How many words and numbers of the claim each sentence of the passage has."""
        scores = [float(self.common(self._meant, row)) for row in self.passage.by_sentence]
        for found in self.amounts.values():
            for row in {p.sentence for p in found}:
                scores[row] += 1.0
        return scores

    @cached_property
    def rows(self) -> list[int]:
        """The sentences of the passage that the claim rests on: the best, and what they add to it."""
        if not self.fit or max(self.fit) <= 0:
            return []
        rows = [self.fit.index(max(self.fit))]
        have = set(self.passage.by_sentence[rows[0]])
        while len(rows) < _MOST_ROWS:
            missing = [each for each, found in self._meant.items() if found and not found & have]
            gains = [self.common(missing, row) for row in self.passage.by_sentence]
            if max(gains) == 0:
                break
            rows.append(gains.index(max(gains)))
            have |= self.passage.by_sentence[rows[-1]]
        return rows

    @cached_property
    def share(self) -> float:
        """The share of the claim's telling words and numbers that the passage has."""
        if not self.telling and not self.numbers:
            return 0.0
        near = _NONE.union(*(self.passage.by_sentence[row] for row in self.rows))
        borne = 0.0
        for token in self.telling:
            found = self.meant(token.concept)
            borne += 1.0 if found & near else _ELSEWHERE if found else 0.0
        return (borne + len(self.numbers)) / (len(self.telling) + len(self.numbers))


def quick_share(claim: Statement, passage: Statement) -> float:
    """The share of the claim's telling words that the passage has anywhere, at a quick look."""
    telling = claim.telling()
    return sum(1 for t in telling if meant(t, passage)) / len(telling) if telling else 1.0


def meant(token: Token, passage: Statement) -> frozenset[str]:
    """The concepts of the passage that the word of a claim may stand for."""
    known = f"{token.kind} {token.key}"
    if known not in passage.met:
        passage.met[known] = _look_up(token, passage)
    return passage.met[known]


def _look_up(token: Token, passage: Statement) -> frozenset[str]:
    if token.kind == "name":
        return _named(token, passage)
    if token.concept in passage.concepts:
        return frozenset((token.concept,))
    if token.kind == "code":
        return _code(token.key, passage)
    if token.concept in passage.pieces:
        return frozenset((token.concept,))
    found = (_named(token, passage) if token.is_capital else _NONE) or _kin(token.concept, passage)
    return found or _denied_opposites(token, passage)


def _denied_opposites(token: Token, passage: Statement) -> frozenset[str]:
    """What says the same by a "not": forbidden is "not allowed"."""
    if not signs(token.key):
        return _NONE
    denied = {c for n in passage.negations if not (n.is_denial or n.is_exception) for c in n.first}
    return frozenset(
        t.concept
        for t in passage.telling()
        if t.concept in denied and not kinds(t.key) and rivals(token.key, t.key)
    )


def _kin(each: str, passage: Statement) -> frozenset[str]:
    candidates = passage.by_start.get(each[:4], ())
    # Compounds may share their end only: Frist and Kündigungsfrist.
    others = passage.concepts if len(each) >= 9 else passage.long
    return frozenset(c for c in (*candidates, *others) if related(each, c))


def _named(token: Token, passage: Statement) -> frozenset[str]:
    """A name stands for itself, for its initials, or for a word; not for a name like it."""
    theirs = passage.telling()
    found = {t.concept for t in theirs if same_name(token.key, t.key)}
    if not found:
        found = initials(passage).get(token.key, set()) | _spelt(token.key, passage)
    if not found:
        kin = _kin(token.concept, passage)
        found = {t.concept for t in theirs if t.concept in kin and not t.is_capital}
    return frozenset(found)


def _spelt(letters: str, passage: Statement) -> set[str]:
    """What an abbreviation stands for in small letters: CFO for "chief financial officer"."""
    if not (letters.isascii() and letters.isalpha() and 2 < len(letters) < 7):
        return set()
    pattern = r"\b" + r"[ -](?:(?:of|and|the) )?".join(letter + r"[a-z]+" for letter in letters)
    found = re.search(pattern, passage.text.casefold())
    return {concept(word) for word in found[0].split()} if found else set()


def _code(key: str, passage: Statement) -> frozenset[str]:
    """An identifier stands for itself, or for its parts when the passage has all of them."""
    parts = [concept(part) for part in re.findall(r"[^\W_]+", key)]
    if parts and all(part in passage.concepts for part in parts):
        return frozenset(parts)
    return (
        frozenset((key,)) if len(key) > 3 and key.strip("()") in passage.text.casefold() else _NONE
    )


def initials(statement: Statement) -> dict[str, set[str]]:
    """Abbreviations that its runs of capitalised words may have, with what they stand for."""
    found: dict[str, set[str]] = {}
    run: list[str] = []
    for match in _CAPITALS.finditer(statement.text):
        if match[1]:
            run = [*run[-7:], match[0].casefold()]
            for start in range(len(run) - 1):
                letters = "".join(word[0] for word in run[start:])
                found.setdefault(letters, set()).update(concept(word) for word in run[start:])
        elif match[0][0].isupper() or not match[0].isalpha():
            run = []
    return found


def _is_amount(placed: Placed, given: Placed, passage: Statement) -> bool:
    ours, theirs = placed.quantity, given.quantity
    if given.sentence in passage.rows and not _may_be_in(ours, given, passage):
        return False
    if same(ours, theirs, placed.is_hedged):
        return True
    # A table "in millions" has the small number.
    if ours.scale == 1.0 or theirs.scale != 1.0 or ours.scale not in passage.scales:
        return False
    small = ours._replace(values=frozenset(v / ours.scale for v in ours.values))
    return same(small, theirs, placed.is_hedged)


def _may_be_in(ours: Quantity, given: Placed, passage: Statement) -> bool:
    """Whether a number in a cell may be in the unit of ours: a bare one in that of its heading, in one
    that the passage names at all, or in one that goes without saying."""
    if not ours.unit or given.quantity.unit:
        return True
    heads = [UNITS[t.key] for t in passage.parts[given.part] if t.key in UNITS]
    if factors := [factor for unit, factor in heads if unit == ours.unit]:
        return ours.factor in factors
    is_unsaid = ours.unit in _UNSAID or (ours.unit == "month" and ours.factor == _YEAR)
    return is_unsaid or any(UNITS[key][0] == ours.unit for key in passage.keys if key in UNITS)
