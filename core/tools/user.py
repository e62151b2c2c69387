"""Tools of one's own: each file of a folder is looked at, and its functions are called, in a child process."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.clean_text import cleaned
from core.processes import child
from core.tools.results import MOST_COLUMNS, MOST_ROWS, NotReadable, Told, drawn
from core.tools.tool import Problem, Shelf, Table, Tool

LOAD_SECONDS = 20.0
CALL_SECONDS = 30.0
MEMORY_MB = 1024
OUTPUT_MB = 16
MOST_FILES = 100
_NOTHING = frozenset({"none", "nothing"})


class Raised(Exception):
    """What a user's function raised, in words; it may hold anything."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a file came to: its tools as its process described them, and its problems."""

    tools: tuple[dict[str, Any], ...]
    problems: tuple[Problem, ...]


class UserTools:
    """The files of a folder; one is looked at again when it has changed, and not before."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: dict[Path, tuple[tuple[int, int], Found]] = {}
        self._looking = threading.Lock()

    def files(self) -> dict[Path, Found]:
        """Every Python file by its name, with what it came to; those that begin with _ are helpers."""
        with self._looking:
            there = sorted(self.folder.glob("[!_.]*.py"))[:MOST_FILES]
            marks = {path: mark for path in there if (mark := _mark(path)) is not None}
            for path, mark in marks.items():
                if path not in self._seen or self._seen[path][0] != mark:
                    self._seen[path] = (mark, _look(path))
            self._seen = {path: self._seen[path] for path in marks}
            return {path: found for path, (_, found) in self._seen.items()}


def _mark(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:  # it went away a moment ago
        return None
    return status.st_mtime_ns, status.st_size


def _look(path: Path) -> Found:
    request = json.dumps({"op": "describe", "file": str(path)})
    limits = child.Limits(LOAD_SECONDS, MEMORY_MB, OUTPUT_MB)
    try:
        answer = cleaned(json.loads(child.run("core.tools.runner", [request], limits)))
    except (child.ChildFailed, ValueError) as failed:
        why = _words(failed, LOAD_SECONDS)
        return Found((), (Problem(path.name, 0, f"it cannot be loaded: {why}"),))
    problems = (Problem(path.name, **each) for each in answer["problems"])
    return Found(tuple(answer["tools"]), tuple(problems))


def tool(path: Path, said: dict[str, Any], check: Callable[[Any], Any], strict: Any) -> Tool:
    """The tool that a file describes."""
    words = said["effects"]
    effects = "" if words.strip(" .").lower() in _NOTHING else words
    return Tool(
        name=said["name"],
        description=said["description"],
        signature=said["signature"],
        parameters=said["parameters"],
        check=check,
        run=_caller(path, said["name"]),
        access="effects" if effects else "pure",
        effects=effects,
        declared=bool(words),
        strict=strict,
        seconds=CALL_SECONDS,
        file=path,
    )


def _caller(path: Path, name: str) -> Callable[[Shelf, Any, float], Any]:
    async def run(shelf: Shelf, arguments: Any, seconds: float) -> Any:
        return await _call(path, name, arguments, seconds)

    return run


async def _call(path: Path, name: str, arguments: Any, seconds: float) -> Told:
    request = {"op": "call", "file": str(path), "name": name, "arguments": arguments}
    limits = child.Limits(seconds, MEMORY_MB, OUTPUT_MB)
    asked = json.dumps(request, ensure_ascii=False)
    try:
        answer = cleaned(json.loads(await child.run_apart("core.tools.runner", [asked], limits)))
    except (child.ChildFailed, ValueError) as failed:
        raise NotReadable(_words(failed, seconds)) from failed
    if answer.get("code") == "result":
        raise NotReadable(answer["message"])
    if "code" in answer:
        raise Raised(answer["message"])
    return Told(str(answer["text"]), _shown(answer["shown"]))


def _shown(said: Any) -> dict[str, Any] | None:
    """The table of a result, as it must be to be drawn: the file's own code may have written anything."""
    match said:
        case {"kind": "table", "columns": [*columns], "rows": [*rows], "total": int(total)}:
            whole = all(isinstance(row, list) and len(row) == len(columns) for row in rows)
            cells = [cell for row in rows[:MOST_ROWS] for cell in row] if whole else [[]]
            if len(columns) > MOST_COLUMNS or any(isinstance(cell, list | dict) for cell in cells):
                return None
            given = Table(tuple(map(str, columns)), tuple(map(tuple, rows)))
            return {"kind": "table", **drawn(given), "total": total}
    return None


def _words(failed: Exception, seconds: float) -> str:
    match failed.why if isinstance(failed, child.ChildFailed) else "crash":
        case "time":
            return f"it took longer than {seconds:g} s and was ended"
        case "memory":
            return f"it needed more than {MEMORY_MB:,} MB of memory and was ended"
        case "output":
            return f"it printed more than {OUTPUT_MB} MB and was ended"
        case "stopped":
            return "it was stopped"
        case _:
            return "its process ended without a result"
