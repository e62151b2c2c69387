"""Tables in the text of a document: rows as records (`- Part: Bolt | Price: 0.20`), or lines of cells
between bars."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CELL = re.compile(r"(?<!\\)\|")
_COLUMNS = "- Columns: "
_ROW = re.compile(r"Row \d+ \| ")
_RULE = re.compile(r"\|(?:\s*---\s*\|)+")
_NOT_A_NAME = re.compile(r"[^a-z0-9]+")
_NUMBER = re.compile(r"[-+]?\d{1,18}")
# A currency before, a percent sign, a currency or a unit behind: `€12.50`, `15.6%`, `5 kg`.
_WITH_UNIT = re.compile(
    r"(?P<before>[$€£¥₹]|[A-Z]{3} )?(?P<number>[-+]?\d{1,18}(?:\.\d{1,18}(?:[eE][-+]?\d{1,3})?)?)"
    r"(?P<after>%| ?[$€£¥₹]| [^\W\d_]{1,12})?"
)
# Words of SQL that name no table unless they are quoted, and the names that SQLite keeps for itself.
_SQL = re.compile(
    r"add|all|alter|and|as|autoincrement|between|case|cast|check|collate|commit|constraint|create"
    r"|current_date|current_time|current_timestamp|default|deferrable|delete|distinct|drop|else|escape"
    r"|except|exists|foreign|from|group|having|in|index|insert|intersect|into|is|isnull|join|limit|not"
    r"|nothing|notnull|null|on|or|order|primary|raise|references|returning|select|set|table|then|to"
    r"|transaction|union|unique|update|using|values|when|where|sqlite_.*"
)
_MOST_COLUMNS = 2_000
"""Of a table of SQLite."""
_BROKEN = re.compile(r"[-+]?\d{1,18}\.\d{1,18}(?:[eE][-+]?\d{1,3})?")


@dataclass(frozen=True, slots=True)
class Grid:
    """One table of a document: the name under which SQL knows it, its head and its rows."""

    name: str
    document: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    width: int
    """The columns that it has in its document; there may be more of them than SQL can ask."""


def grids(document: str, pages: Iterable[tuple[int, str]], taken: set[str]) -> list[Grid]:
    """The tables in the text of a document, as uploaded spreadsheets are read; `taken` are names that
    are gone, and is added to."""
    found: list[Grid] = []
    for _, text in pages:
        heading = ""
        for block in _blocks(text):
            if block[0].startswith("# "):
                heading = block[0][2:].strip()
            elif rows := _rows(block):
                found.append(_grid(document, heading, *rows, taken))
    return found


def _blocks(text: str) -> Iterator[list[str]]:
    """Headings alone, and the lines of each table."""
    block: list[str] = []
    for line in text.split("\n"):
        new = line.startswith(("# ", _COLUMNS)) or not line.strip()
        if new and block:
            yield block
            block = []
        if line.startswith("# "):
            yield [line]
        elif block and not line.startswith(("- ", "|")):
            block[-1] += f" {line}"  # a long row that was cut between two passages
        elif line.strip():
            block.append(line)
    if block:
        yield block


def _rows(block: Sequence[str]) -> tuple[list[str], list[list[str]]] | None:
    """The head and the cells of a table; None for what is none."""
    if len(block) > 1 and _RULE.fullmatch(block[1].strip()):
        return _cells(block[0]), [_cells(line) for line in block[2:]]
    records = [line[2:] for line in block if line.startswith("- ")]
    if not records:
        return None
    head = _cells(records.pop(0)[len(_COLUMNS) - 2 :]) if block[0].startswith(_COLUMNS) else []
    places = {_said(name): at for at, name in enumerate(head)}
    return head, [_record(line, places, len(head)) for line in records]


def _record(line: str, places: Mapping[str, int], width: int) -> list[str]:
    """The cells of a record at the places of their columns; those without a name come behind."""
    cells = [""] * width
    for cell in _cells(_ROW.sub("", line)):
        name, colon, value = cell.partition(": ")
        if colon and name in places and not cells[places[name]]:
            cells[places[name]] = value
        else:
            cells.append(cell)
    return cells


def _said(name: str) -> str:
    """The name of a column as its records say it."""
    return " ".join(re.sub(r"[:|]", " ", name).split()).strip("#>*-+=|` ")


def _grid(
    document: str, heading: str, head: list[str], body: list[list[str]], taken: set[str]
) -> Grid:
    columns = _unlike(head, "column")
    width = max(len(columns), *map(len, body)) if body else len(columns)
    columns += [f"more_{at}" for at in range(len(columns) + 1, width + 1)]
    del columns[_MOST_COLUMNS:]
    rows = [[*cells, *[""] * (width - len(cells))] for cells in body]
    typed = []
    for at, name in enumerate(columns):
        unit, numbers = _without_unit([row[at] for row in rows])
        columns[at] = f"{name} ({unit})" if unit else name
        typed.append(_typed(numbers))
    columns = _unlike(columns, "column")
    stem = Path(document).stem
    name = base = _named(f"{stem} {heading}" if heading else stem)
    number = 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    taken.add(name)
    asked = tuple(zip(*typed, strict=True)) if rows else ()
    return Grid(name, document, tuple(columns), asked, width)


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [cell.strip().replace("\\|", "|") for cell in _CELL.split(inner)]


def _named(text: str) -> str:
    name = _NOT_A_NAME.sub("_", text.lower()).strip("_")[:48] or "data"
    return name if name[0].isalpha() and not _SQL.fullmatch(name) else f"t_{name}"


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


def _without_unit(cells: list[str]) -> tuple[str, list[str]]:
    """The unit that all cells of a column have in common, and the cells without it; "" when they have none."""
    found = [_WITH_UNIT.fullmatch(cell) for cell in cells if cell]
    units = {(each["before"] or "", each["after"] or "") if each else None for each in found}
    if len(units) != 1 or None in units:
        return "", cells
    numbers = iter(each["number"] for each in found if each)
    bare = [next(numbers) if cell else "" for cell in cells]
    return "".join(next(filter(None, units))).strip(), bare


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
        line = f"{grid.name} ({columns}): {len(grid.rows):,} rows, from {grid.document}"
        cut = grid.width > len(grid.columns)
        lines.append(f"{line}; of its {grid.width:,} columns these are the first" if cut else line)
    return "\n".join(["Tables, for SQLite's SQL:", *lines])


def _kind(grid: Grid, at: int) -> str:
    found = {type(row[at]) for row in grid.rows[:1000] if row[at] is not None}
    return "text" if str in found else "number" if found else "empty"
