"""Every tool that there is: those of the app, and those of the user's folder."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from core.errors import Misuse
from core.tools import builtin, user
from core.tools.dispatcher import READ_ON, called_in_a_thread
from core.tools.schema import describe
from core.tools.tool import Access, Problem, Tool

MOST_CHOSEN = 40
"""Tools of one question: each costs tokens, and a model with many chooses worse."""
_OURS: tuple[tuple[Callable[..., Any], Access, float], ...] = (
    (builtin.search_documents, "documents", 60.0),
    (builtin.read_document, "documents", 10.0),
    (builtin.query_table, "documents", 20.0),
    (builtin.plot, "documents", 20.0),
    (builtin.calculator, "pure", 5.0),
    (builtin.now, "pure", 5.0),
    (builtin.fetch_url, "network", 40.0),
)
FETCH = "fetch_url"


def _none(user: str) -> Sequence[Tool]:
    return ()


class Toolbox:
    """Finds tools by name. `shape` makes of a type adapter, or of a JSON schema, what checks arguments
    (`check`) and the strict form that vendors know (`output`); `served` gives the tools of a user's MCP
    servers."""

    def __init__(
        self,
        *,
        folder: Path | None,
        shape: Callable[[Any], Any],
        fetch: bool,
        served: Callable[[str], Sequence[Tool]] = _none,
    ) -> None:
        self._shape = shape
        self._served = served
        self._fetch = fetch
        self._ours = {tool.name: tool for tool in map(self._built_in, _OURS)}
        self._users = user.UserTools(folder) if folder else None
        self._made: dict[tuple[Path, str], tuple[dict[str, Any], Tool]] = {}

    @property
    def folder(self) -> Path | None:
        """Where tools of one's own are put; None when no folder is set."""
        return self._users.folder if self._users else None

    def tools(self, user: str | None = None) -> list[Tool]:
        """Every tool that can be called now, ours first; those of MCP servers only for a user's own."""
        here = [*self._on(), *self._found()[0]]
        taken = {tool.name for tool in here}
        served = self._served(user) if user is not None else ()
        return [*here, *(tool for tool in served if tool.name not in taken)]

    def problems(self) -> list[Problem]:
        """What is wrong with the files of the folder, each at its line."""
        return self._found()[1]

    def off(self) -> list[Tool]:
        """Tools that are there and switched off."""
        return [] if self._fetch else [self._ours[FETCH]]

    def choose(self, names: Sequence[str], user: str | None = None) -> list[Tool]:
        """The tools of these names. Raises Misuse, with the names that there are, for another one."""
        if not names:
            return []
        there = {tool.name: tool for tool in self.tools(user)}
        for name in names:
            if name in there:
                continue
            if name == FETCH:
                raise Misuse(
                    "fetch_url is switched off",
                    hint="Whoever runs the app switches it on with FOOTLIGHTS_FETCH=1.",
                )
            hint = f"There are: {', '.join(there)}."
            if "__" in name:
                hint = "Its MCP server is off, or changed it: look at the Tools page. " + hint
            raise Misuse(f"there is no tool named {name[:64]!r}", hint=hint)
        if len(set(names)) > MOST_CHOSEN:
            raise Misuse(f"{len(set(names))} tools at once: at most {MOST_CHOSEN} can be chosen")
        return [there[name] for name in dict.fromkeys(names)]

    def _on(self) -> list[Tool]:
        return [tool for tool in self._ours.values() if self._fetch or tool.name != FETCH]

    def _found(self) -> tuple[list[Tool], list[Problem]]:
        tools: dict[str, Tool] = {}
        problems: list[Problem] = []
        for path, found in (self._users.files() if self._users else {}).items():
            problems += found.problems
            for said in found.tools:
                name = said["name"]
                if twice := self._taken(name, tools):
                    message = f"there is a tool called {name} already, {twice}"
                    hint = "Give this one another name."
                    problems.append(Problem(path.name, said["line"], message, hint))
                else:
                    tools[name] = self._user_tool(path, said)
        return list(tools.values()), problems

    def _taken(self, name: str, tools: dict[str, Tool]) -> str:
        if name in self._ours or name == READ_ON:
            return "and it comes with the app"
        other = tools.get(name)
        return f"in {other.file.name}" if other and other.file else ""

    def _built_in(self, given: tuple[Callable[..., Any], Access, float]) -> Tool:
        function, access, seconds = given
        found = describe(function, skip=("shelf",))
        shape = self._shape(found.adapter)
        return Tool(
            name=found.name,
            description=found.description,
            signature=found.signature,
            parameters=found.parameters,
            check=lambda data: shape.check(data)[0],
            run=called_in_a_thread(function),
            access=access,
            strict=shape.output.schema if shape.output else None,
            seconds=seconds,
        )

    def _user_tool(self, path: Path, said: dict[str, Any]) -> Tool:
        before = self._made.get((path, said["name"]))
        if before and before[0] is said:  # the file is as it was
            return before[1]
        shape = self._shape(said["parameters"])
        made = user.tool(
            path,
            said,
            # The data as it is written: its own process makes dates and the like of it.
            lambda data: shape.check(data)[1],
            shape.output.schema if shape.output else None,
        )
        self._made[path, said["name"]] = (said, made)
        return made
