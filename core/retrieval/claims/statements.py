"""What a text states: its words, names, quantities and negations, each with its place."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from core.retrieval.claims.quantities import Quantity

Kind = Literal["word", "name", "code", "function", "number"]


class Token(NamedTuple):
    """A word of a text, what it is compared by, and where it stands."""

    key: str
    concept: str
    kind: Kind
    start: int
    end: int
    sentence: int
    clause: int
    part: int
    is_capital: bool = False


class Negation(NamedTuple):
    """A "not" or "without": the concepts that it is said of most nearly, and all of its clause."""

    key: str
    first: frozenset[str]
    sentence: int
    clause: int
    near: frozenset[str]
    after: frozenset[str]
    around: frozenset[str]
    is_denial: bool
    is_exception: bool

    @property
    def words(self) -> frozenset[str]:
        """All the concepts that it is said of."""
        return self.near | self.around


class Placed(NamedTuple):
    """A quantity with the sentence, clause and part that it stands in."""

    quantity: Quantity
    sentence: int
    clause: int
    part: int
    is_hedged: bool
    bound: int
    """1 after "at least" or "more than", -1 after "at most" or "under", else 0."""


@dataclass(slots=True)
class Statement:
    """A text taken apart once, to be compared with many others."""

    text: str
    tokens: list[Token] = field(default_factory=list)
    quantities: list[Placed] = field(default_factory=list)
    negations: list[Negation] = field(default_factory=list)
    concepts: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    pieces: frozenset[str] = frozenset()
    """The words that identifiers are made of; they stand where their identifier stands."""
    by_start: dict[str, list[str]] = field(default_factory=dict)
    """The concepts by their first four letters."""
    long: list[str] = field(default_factory=list)
    """The concepts of nine letters or more."""
    by_sentence: list[frozenset[str]] = field(default_factory=list)
    by_clause: list[frozenset[str]] = field(default_factory=list)
    scales: frozenset[float] = frozenset()
    """What a table is in: millions, thousands."""
    by_part: list[frozenset[str]] = field(default_factory=list)
    parts: list[list[Token]] = field(default_factory=list)
    clauses: list[list[Token]] = field(default_factory=list)
    rows: set[int] = field(default_factory=set)
    """Sentences that are rows of a table."""
    labels: dict[int, frozenset[str]] = field(default_factory=dict)
    """What the first cell of such a row says: what the row is about."""
    is_german: bool = False
    limited: frozenset[int] = frozenset()
    """Sentences that say "only" or "must"."""
    met: dict[str, frozenset[str]] = field(default_factory=dict)
    """What words of claims have been found to stand for here."""

    def said(self, first: int, last: int) -> str:
        """The text of these sentences."""
        there = [t for t in self.tokens if first <= t.sentence <= last]
        return self.text[there[0].start : there[-1].end] if there else ""

    def telling(self) -> list[Token]:
        return [token for token in self.tokens if token.kind in ("word", "name", "code")]
