"""Tables of documents, asked in SQL: in a child process, in memory, to read alone, within limits."""

import asyncio
import json
import re
import tempfile
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import child
from core.errors import Refused
from core.tools.tool import Table

MOST_SQL = 10_000
MOST_CELLS = 500_000
MOST_ROWS = 1_000
SECONDS = 5.0
MEMORY_MB = 512
_CELL = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"\|(?:\s*---\s*\|)+")
_NOT_A_NAME = re.compile(r"[^a-z0-9]+")
_NUMBER = re.compile(r"[-+]?\d{1,18}")
_BROKEN = re.compile(r"[-+]?\d{1,18}\.\d{1,18}(?:[eE][-+]?\d{1,3})?")


@dataclass(frozen=True, slots=True)
class Grid:
    """One table of a document: the name under which SQL knows it, its head and its rows."""

    name: str
    document: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def grids(document: str, pages: Iterable[tuple[int, str]], taken: set[str]) -> list[Grid]:
    """The tables in the text of a document, as uploaded spreadsheets are read; `taken` are names that
    are gone, and is added to."""
    found: list[Grid] = []
    for _, text in pages:
        heading, lines = "", text.split("\n")
        for at, line in enumerate(lines):
            if line.startswith("# "):
                heading = line[2:].strip()
            if _RULE.fullmatch(line.strip()) and at and lines[at - 1].startswith("|"):
                body = []
                for row in lines[at + 1 :]:
                    if not row.startswith("|"):
                        break
                    body.append(row)
                found.append(_grid(document, heading, lines[at - 1], body, taken))
    return found


def _grid(document: str, heading: str, head: str, body: Sequence[str], taken: set[str]) -> Grid:
    columns = _unlike(_cells(head), "column")
    width = max((len(columns), *(len(_cells(row)) for row in body)), default=0)
    columns += _unlike([""] * (width - len(columns)), "more")
    rows = [[*cells, *[""] * (width - len(cells))] for cells in map(_cells, body)]
    typed = [_typed([row[at] for row in rows]) for at in range(width)]
    stem = Path(document).stem
    name = base = _named(f"{stem} {heading}" if heading else stem)
    number = 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    taken.add(name)
    return Grid(name, document, tuple(columns), tuple(zip(*typed, strict=True)) if rows else ())


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [cell.strip().replace("\\|", "|") for cell in _CELL.split(inner)]


def _named(text: str) -> str:
    name = _NOT_A_NAME.sub("_", text.lower()).strip("_")[:48] or "table"
    return name if name[0].isalpha() else f"t_{name}"


def _unlike(names: Sequence[str], empty: str) -> list[str]:
    """The names, each of them once, whatever case they are written in."""
    seen: set[str] = set()
    kept = []
    for at, given in enumerate(names, 1):
        name = base = given or f"{empty}_{at}"
        number = 2
        while name.casefold() in seen:
            name, number = f"{base}_{number}", number + 1
        seen.add(name.casefold())
        kept.append(name)
    return kept


def _typed(cells: Sequence[str]) -> list[Any]:
    """The cells of a column: whole numbers or numbers where all of them are, null where one is empty."""
    said = [cell for cell in cells if cell]
    if not said or any(map(_is_code, said)):
        return [cell or None for cell in cells]
    if all(map(_NUMBER.fullmatch, said)):
        return [int(cell) if cell else None for cell in cells]
    if all(_NUMBER.fullmatch(cell) or _BROKEN.fullmatch(cell) for cell in said):
        return [float(cell) if cell else None for cell in cells]
    return [cell or None for cell in cells]


def _is_code(cell: str) -> bool:
    """A number that begins with a nought is a postcode, say, and stays as it is written."""
    digits = cell.lstrip("+-")
    return len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()


def overview(tables: Sequence[Grid]) -> str:
    """The tables with their columns, as a model must know them to write SQL."""
    if not tables:
        return "There are no tables: none of the documents that may be read is a CSV or Excel file."
    lines = []
    for grid in tables:
        columns = ", ".join(f'"{name}" {_kind(grid, at)}' for at, name in enumerate(grid.columns))
        lines.append(f"{grid.name} ({columns}): {len(grid.rows):,} rows, from {grid.document}")
    return "\n".join(["Tables, for SQLite's SQL:", *lines])


def _kind(grid: Grid, at: int) -> str:
    found = {type(row[at]) for row in grid.rows[:1000] if row[at] is not None}
    return "text" if str in found else "number" if found else "empty"


async def query(tables: Sequence[Grid], sql: str) -> Table:
    """What the SELECT gives over these tables. Raises Refused with what is wrong with it."""
    if len(sql) > MOST_SQL:
        raise Refused(f"the SQL has {len(sql):,} characters, and {MOST_SQL:,} is the most")
    cells = sum(len(grid.rows) * len(grid.columns) for grid in tables)
    if cells > MOST_CELLS:
        raise Refused(
            f"the tables have {cells:,} cells, and {MOST_CELLS:,} can be asked at once",
            hint="Choose fewer documents for the question.",
        )
    gone = threading.Event()
    try:
        answer = await asyncio.to_thread(_asked, tables, sql, gone)
    finally:
        gone.set()  # whoever waits no longer ends the child
    if "refused" in answer:
        raise Refused(answer["refused"], hint=overview(tables))
    note = f"only the first {MOST_ROWS:,} rows are given" if answer["more"] else ""
    return Table(tuple(answer["columns"]), tuple(map(tuple, answer["rows"])), note)


def _asked(tables: Sequence[Grid], sql: str, gone: threading.Event) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        given = [{"name": g.name, "columns": g.columns, "rows": g.rows} for g in tables]
        json.dump({"tables": given, "sql": sql, "rows": MOST_ROWS, "seconds": SECONDS}, file)
        file.flush()
        limits = child.Limits(SECONDS + 3, MEMORY_MB, 16)
        try:
            data = child.run("core.tools.sql_child", [file.name], limits, stopped=gone.is_set)
        except child.ChildFailed as failed:
            raise _refused(failed) from failed
    answer: dict[str, Any] = json.loads(data)
    return answer


def _refused(failed: child.ChildFailed) -> Refused:
    match failed.why:
        case "time":
            return Refused(
                f"the query took longer than {SECONDS:g} s", hint="Ask for less at once."
            )
        case "memory" | "output":
            return Refused(
                "the query needs more memory than it may have",
                hint="Ask for fewer rows, or for sums and counts of them.",
            )
        case _:
            return Refused("the query could not be run", hint="Write it in another way.")
