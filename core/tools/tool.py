"""The words of tools: what one is, what it may touch, what it is given, and what it came to."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from core.types import Document, Hit, Source, ToolSpec

Access = Literal["pure", "documents", "network", "effects"]
"""What a tool may touch: nothing, the user's documents to read, the open internet, or anything."""

TOUCHES: Mapping[Access, str] = {
    "pure": "nothing: it computes",
    "documents": "reads your documents",
    "network": "asks the open internet",
    "effects": "changes something",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A result that is a table; `note` says what was left out."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """A result that is a chart of a table: its kind, and the names of the columns that it draws."""

    chart: Literal["bar", "line", "scatter"]
    x: str
    y: tuple[str, ...]
    title: str
    table: Table


@dataclass(frozen=True, slots=True)
class Passages:
    """A result that is passages, which an answer may cite."""

    hits: tuple[Hit, ...]


class Shelf(Protocol):
    """What a tool may read on behalf of a user: the documents chosen for the turn, and the web."""

    async def search(self, query: str, k: int) -> Sequence[Hit]:
        """The passages that fit best, best first."""
        ...

    async def documents(self) -> Sequence[Document]:
        """The documents that may be read, newest first."""
        ...

    async def pages(self, document_id: str) -> Sequence[tuple[int, str]]:
        """The numbered pages of one of them, those without text left out. Raises NotFound."""
        ...

    async def page_at(self, url: str) -> str:
        """The text of a web page on the open internet. Raises Refused with the reason."""
        ...


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a model may call. `run` takes the arguments, which `check` has passed.

    `strict` is the schema in the form that vendors can hold a model to, None where it has none.
    `effects` says in words what it changes, for whoever is asked to allow it.
    """

    name: str
    description: str
    signature: str
    parameters: dict[str, Any]
    check: Callable[[Any], Any]
    run: Callable[[Shelf, Any, float], Awaitable[Any]]
    access: Access = "pure"
    effects: str = ""
    strict: dict[str, Any] | None = None
    seconds: float = 10.0
    file: Path | None = None
    """Where it was found; None for one of ours."""
    server: str = ""
    """The MCP server that it is of; "" for one of ours, and of the user's folder."""
    declared: bool = False
    """Whether the author of a file has said what the tool changes, or that it changes nothing."""

    @property
    def harmless(self) -> bool:
        """Whether a stranger may set it off: it computes or reads the documents, and of a tool of the
        user's own that is said and not merely left unsaid."""
        return self.access in ("pure", "documents") and (self.file is None or self.declared)

    @property
    def untrusted(self) -> bool:
        """Whether what it returns may have been written by somebody else."""
        return self.file is not None or self.access != "pure"

    def spec(self, *, strict: bool = False) -> ToolSpec:
        """The tool as a model is told of it."""
        if strict and self.strict:
            return ToolSpec(self.name, self.description, self.strict, True)
        return ToolSpec(self.name, self.description, self.parameters)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file, or a function in it, is no tool: what is wrong, on which line, and what to do."""

    file: str
    line: int
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call came to. `text` is for the model and `shown` for the page; `whole` is the text
    before it was cut; `code` says why it failed."""

    text: str
    failed: bool = False
    code: str = ""
    seconds: float = 0.0
    shown: dict[str, Any] | None = None
    hits: tuple[Hit, ...] = ()
    whole: str = ""
    arguments: Any = None
    """As they were passed on, None when they could not be."""


Number = Callable[[Hit], Source]
"""Gives a passage the number under which it may be cited."""


@dataclass(slots=True)
class Kept:
    """The results of one run that were cut, for whoever reads on."""

    texts: dict[str, str] = field(default_factory=dict)
