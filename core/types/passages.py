"""Passages: cut from a text, found for a question, cited by an answer."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Page:
    """Page `number` (from 1) of an extracted text: characters [start, end)."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that begins at character `start`; `level` is 1 to 6."""

    start: int
    level: int
    title: str


@dataclass(frozen=True, slots=True)
class Extracted:
    """The text of a file; `unit` names what `pages` are: page, slide, sheet or section."""

    text: str
    pages: tuple[Page, ...]
    unit: Literal["page", "slide", "sheet", "section"]
    empty_pages: tuple[int, ...] = ()
    hidden_characters: int = 0
    """Invisible characters that were removed."""
    headings: tuple[Heading, ...] | None = None
    """Its headings, where its text does not say them itself in Markdown: a PDF names them in its
    bookmarks, and in source code a `#` is a comment."""


def headed(heading: str, text: str) -> str:
    """What is embedded of a passage, judged and counted: its text under its heading."""
    return f"{heading}\n{text}" if heading else text


@dataclass(frozen=True, slots=True)
class Chunk:
    """Passage `seq` of a document: `text == extracted.text[start:end]`, on page `page`, under `heading`."""

    seq: int
    text: str
    start: int
    end: int
    page: int
    heading: str = ""
    tokens: int = 0

    @property
    def headed(self) -> str:
        """Its text under its heading, without which "it lasts 30 days" says nothing."""
        return headed(self.heading, self.text)


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question; `score` is the cosine similarity, -1 to 1."""

    chunk_id: int
    document_id: str
    name: str
    chunk: Chunk
    score: float
    unit: str = "page"
    fused: float = 0.0
    """What meaning and words come to, 0 to 1 among the passages that were considered."""
    hidden: int = 0
    """Invisible characters that were removed from its document."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that was considered for a question: its place by meaning and by words (from 1, None
    when it was not among the first there), its cosine and its BM25, what both come to (0 to 1), the
    better passage that says the same, if there is one, and what a cross-encoder made of it, read with
    the question (0 to 1, None when it was not read)."""

    chunk_id: int
    dense_rank: int | None
    dense_score: float
    word_rank: int | None
    word_score: float
    fused: float
    duplicate_of: int | None = None
    read: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to: the hits, everything that was considered for them, and how near the
    nearest comes to the question: its cosine, and the share of the question's telling words that one
    of the hits has."""

    hits: tuple[Hit, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    cosine: float = 0.0
    coverage: float = 0.0


@dataclass(frozen=True, slots=True)
class Source:
    """A passage with the number under which an answer may cite it: [1], [2], ...; `flagged` says that it
    reads like an instruction, and `suspicion` how much, 0 to 1."""

    number: int
    hit: Hit
    suspicion: float = 0.0
    flagged: bool = False

    @property
    def plain(self) -> dict[str, object]:
        """The passage as a template is given it."""
        return {
            "number": self.number,
            "name": self.hit.name,
            "page": self.hit.chunk.page,
            "unit": self.hit.unit,
            "heading": self.hit.chunk.heading,
            "text": self.hit.chunk.text,
        }


Verdict = Literal["verbatim", "supported", "other_source", "not_found", "unchecked"]
"""What a passage says of a claim: its very words, the same, nothing while another passage of the
window does, nothing at all; "unchecked" when nobody has looked, or nothing is claimed."""


@dataclass(frozen=True, slots=True)
class Citation:
    """One [n] of an answer: characters [start, end) of the answer, and the words of source `number`
    that the sentence rests on, characters [quote_start, quote_end) of its passage (equal when none).
    An empty place (start == end) is behind a sentence that names no passage, and was found to rest on
    this one.

    `verdict` is on the claim, characters [claim_start, claim_end) of the answer; `found_in` is the
    number of the passage that bears out a claim of "other_source", else 0."""

    number: int
    start: int
    end: int
    quote_start: int
    quote_end: int
    verdict: Verdict = "unchecked"
    found_in: int = 0
    claim_start: int = 0
    claim_end: int = 0
