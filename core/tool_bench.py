"""Tools by themselves: what there is, how it was used, and a try without any model."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.documents.service import DocumentService
from core.errors import Misuse
from core.shelf import UserShelf
from core.store.ids import new_id
from core.store.tool_uses import ToolUse
from core.tools.dispatcher import Bench, Dispatcher
from core.tools.tool import Kept, Outcome, Problem, Tool
from core.tools.toolbox import Toolbox
from core.types import Hit, Source, ToolCall

_TOKENS = 4_000


@dataclass(frozen=True, slots=True)
class Offered:
    """A tool as it is offered: its cost in tokens with every question, and how it was used."""

    tool: Tool
    tokens: int
    use: ToolUse | None
    on: bool = True


class Tools:
    """What the Tools page and the API ask about tools."""

    def __init__(
        self,
        toolbox: Toolbox,
        dispatcher: Dispatcher,
        documents: DocumentService,
        uses: Callable[[str], dict[str, ToolUse]],
        count: Callable[[str], int],
    ) -> None:
        self._toolbox = toolbox
        self._dispatcher = dispatcher
        self._documents = documents
        self._uses = uses
        self._count = count

    @property
    def folder(self) -> Path | None:
        """Where tools of one's own are put."""
        return self._toolbox.folder

    def list(self, user: str) -> list[Offered]:
        """Every tool, ours first, those that are switched off last."""
        uses = self._uses(user)

        def offered(tool: Tool, on: bool) -> Offered:
            text = f"{tool.name} {tool.description} {tool.parameters}"
            return Offered(tool, self._count(text), uses.get(tool.name), on)

        on = [offered(tool, True) for tool in self._toolbox.tools(user)]
        return [*on, *(offered(tool, False) for tool in self._toolbox.off())]

    def names(self, user: str) -> tuple[str, ...]:
        """The names of the tools that can be called."""
        return tuple(tool.name for tool in self._toolbox.tools(user))

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the files of the user's folder, each at its line."""
        return tuple(self._toolbox.problems())

    async def run(self, user: str, name: str, arguments: str) -> Outcome:
        """Call one tool with arguments in JSON, as a model would. Raises Misuse for an unknown name."""
        tools = {tool.name: tool for tool in self._toolbox.choose([name], user)}
        if not arguments.strip():
            raise Misuse("there are no arguments", hint="Give them as a JSON object: {}.")
        sources: list[Source] = []

        def number(hit: Hit) -> Source:
            sources.append(Source(len(sources) + 1, hit))
            return sources[-1]

        bench = Bench(tools, UserShelf(self._documents, user, True), number, Kept(), _TOKENS)
        call = ToolCall(new_id(), name, arguments)
        read = await asyncio.to_thread(self._dispatcher.read, bench, call)
        return await self._dispatcher.run(bench, read)
