"""Documents, what is seen of them, and the questions that their index is held to."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

DocumentStatus = Literal["queued", "reading", "chunking", "embedding", "indexed", "refused"]


@dataclass(frozen=True, slots=True)
class Document:
    """An uploaded file and how far it has come. `done` of `total` counts the current stage;
    `seconds` is the time of each finished stage; `reason` says why it was refused."""

    id: str
    name: str
    sha256: str
    bytes: int
    kind: str
    status: DocumentStatus
    created_at: datetime
    reason: str = ""
    done: int = 0
    total: int = 0
    unit: str = "page"
    pages: int = 0
    empty_pages: tuple[int, ...] = ()
    passages: int = 0
    tokens: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    indexed_at: datetime | None = None
    hidden_characters: int = 0
    """Invisible characters that were removed from it."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a page, in fractions of its width and height from the upper left corner."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class PagePicture:
    """Page `number` (from 1) of a document as PNG, and where on it the sought words stand, line by
    line; no boxes when they could not be found."""

    number: int
    png: bytes
    width: int
    height: int
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class PageText:
    """What was read from page (slide, sheet, section) `number`: its beginning when it is very long
    (`characters` counts all of it), and where in it each passage begins, by the passage's `seq`."""

    number: int
    text: str
    characters: int
    places: dict[int, int] = field(default_factory=dict)

    def span(self, seq: int, start: int, end: int) -> tuple[int, int]:
        """Characters [start, end) of passage `seq` as characters of this text; (0, 0) when it is not here."""
        place = self.places.get(seq)
        return (0, 0) if place is None else (place + start, place + end)


@dataclass(frozen=True, slots=True)
class Collection:
    """A named group of documents; `documents` counts them. A document may be in several."""

    id: str
    name: str
    created_at: datetime
    documents: int = 0


@dataclass(frozen=True, slots=True)
class Right:
    """A passage that answers a golden question: the hash of its file and its very words, so that it is
    found again however the file is cut and whenever it is uploaded; `name` and the characters
    [start, end) are where it was when it was chosen."""

    sha256: str
    text: str
    name: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Golden:
    """A question whose right passages are known, asked of one collection or ("") of all documents."""

    id: str
    question: str
    right: tuple[Right, ...]
    created_at: datetime
    collection_id: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One time that the golden questions were asked: of the index as change `seq` left it, of the
    embedding space, and of what the collections held. `ranks` has for each question the rank of each
    right passage, 0 for one that was not found."""

    id: str
    created_at: datetime
    seq: int
    space: str
    scope: str
    ranks: dict[str, tuple[int, ...]] = field(default_factory=dict)
