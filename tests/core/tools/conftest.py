"""A dispatcher as the app builds it, over a shelf that a test fills."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import NotFound, Refused
from core.llm.shape import shape
from core.parts.answering import _arguments, _harmless
from core.tools.dispatcher import Bench, Dispatcher
from core.tools.schema import describe
from core.tools.tool import Kept, Outcome, Tool
from core.tools.toolbox import Toolbox
from core.types import Chunk, Document, Hit, Source, ToolCall


@dataclass
class Shelf:
    """Documents as their pages."""

    texts: dict[str, list[str]] = field(default_factory=dict)

    async def search(self, query: str, k: int) -> Sequence[Hit]:
        found = [
            Hit(number, name, name, Chunk(0, page, 0, len(page), 1), 0.9)
            for number, (name, pages) in enumerate(self.texts.items(), 1)
            for page in pages
            if query.lower() in page.lower()
        ]
        return found[:k]

    async def documents(self) -> Sequence[Document]:
        return [
            Document(name, name, "", 1, name.rpartition(".")[2], "indexed", datetime.now(UTC))
            for name in self.texts
        ]

    async def pages(self, document_id: str) -> Sequence[tuple[int, str]]:
        if document_id not in self.texts:
            raise NotFound("no such document")
        return list(enumerate(self.texts[document_id], 1))

    async def page_at(self, url: str) -> str:
        raise Refused(f"{url} is not on the open internet")


@dataclass
class Workshop:
    """`await call(name, arguments)` runs a tool as a model's call would be run."""

    dispatcher: Dispatcher
    tools: dict[str, Tool]
    shelf: Shelf = field(default_factory=Shelf)
    kept: Kept = field(default_factory=Kept)
    tokens: int = 2_000

    def add(self, function: Callable[..., Any], seconds: float = 5.0) -> None:
        """A function of the test as a tool of ours."""
        found = describe(function)
        checks = shape(found.adapter)

        async def run(shelf: Any, arguments: Mapping[str, Any], seconds: float) -> Any:
            value = function(**arguments)
            return await value if hasattr(value, "__await__") else value

        self.tools[found.name] = Tool(
            found.name,
            found.description,
            found.signature,
            found.parameters,
            lambda data: checks.check(data)[0],
            run,
            seconds=seconds,
        )

    async def call(self, name: str, arguments: str = "{}", id: str = "c1") -> Outcome:
        bench = Bench(
            self.tools, self.shelf, lambda hit: Source(hit.chunk_id, hit), self.kept, self.tokens
        )
        read = self.dispatcher.read(bench, ToolCall(id, name, arguments))
        return await self.dispatcher.run(bench, read)


@pytest.fixture
def workshop() -> Workshop:
    """Every tool of ours, and no user's."""
    toolbox = Toolbox(folder=None, shape=shape, fetch=True)
    dispatcher = Dispatcher(parse=_arguments, count=lambda text: len(text) // 4, clean=_harmless)
    return Workshop(dispatcher, {tool.name: tool for tool in toolbox.tools()})
