"""What a tool returns, as a model can read it: plain text, or JSON, bounded, and cut with a way to read on."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

from core.clean_text import clean, cleaned
from core.tools.tool import Passages, Plot, Table

MOST_CHARACTERS = 2_000_000
"""Of one result: what is longer is not kept, so that a run cannot fill the memory."""
MOST_DEPTH = 32
MOST_VALUES = 200_000
MOST_ROWS = 500
"""Rows that a page is given to draw."""
MOST_COLUMNS = 100
MOST_CELL = 2_000
"""Characters of one cell that a page is given; the model is told all of it."""


class NotReadable(Exception):
    """What a tool returned cannot be told to a model; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Told:
    """A result as text, and as what a page may draw of it."""

    text: str
    shown: dict[str, Any] | None = None


def told(value: Any) -> Told:
    """The result in words that a model can read. Raises NotReadable."""
    match value:
        case Table():
            return Told(_bounded(clean(_table(value))), {"kind": "table", **drawn(value)})
        case Plot():
            return Told(clean(_plot(value)), _plot_shown(value))
        case None:
            return Told("It returned nothing.")
        case str():
            return Told(_bounded(clean(value)) or "It returned an empty text.")
    plain = _Plain().of(value)
    text = _bounded(clean(json.dumps(plain, ensure_ascii=False, indent=1, allow_nan=False)))
    return Told(text, _as_table(plain))


def cut(text: str, tokens: int, count: Callable[[str], int], offset: int, call_id: str) -> str:
    """As much of the text from `offset` on as `tokens` allow, and how to read on if that is not all."""
    if not 0 <= offset <= len(text):
        return f"The offset is 0 to {len(text)}, the length of the result in characters."
    rest = text[offset:]
    if len(rest) <= tokens or (count(rest[: 12 * tokens]) <= tokens and len(rest) <= 12 * tokens):
        return rest
    low, high = 1, min(len(rest), 12 * tokens)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if count(rest[:middle]) <= tokens else (low, middle - 1)
    newline = rest.rfind("\n", low // 2, low)
    end = newline + 1 if newline > 0 else low
    return (
        f"{rest[:end]}\n[Cut: characters {offset:,} to {offset + end:,} of {len(text):,}. To read on: "
        f'read_result(call_id="{call_id}", offset={offset + end})]'
    )


def _bounded(text: str) -> str:
    if len(text) <= MOST_CHARACTERS:
        return text
    return (
        f"{text[:MOST_CHARACTERS]}\n[The result had {len(text):,} characters; the first "
        f"{MOST_CHARACTERS:,} were kept.]"
    )


# --- plain values -----------------------------------------------------------------------------


class _Plain:
    """Turns a value into one of JSON; notes where it has been, so that a circle is seen."""

    def __init__(self) -> None:
        self._within: set[int] = set()
        self._values = 0

    def of(self, value: Any, depth: int = 0) -> Any:
        self._values += 1
        if self._values > MOST_VALUES:
            raise NotReadable(f"it returned more than {MOST_VALUES:,} values; return fewer")
        if depth > MOST_DEPTH:
            raise NotReadable(f"what it returned is nested more than {MOST_DEPTH} levels deep")
        match value:
            case bool() | None | str():
                return value
            case int():
                return value if value.bit_length() <= 256 else _long(value)
            case float():
                return value if math.isfinite(value) else f"{value} (not a number of JSON)"
            case bytes() | bytearray() | memoryview():
                raise NotReadable(
                    f"it returned {len(value):,} bytes, which a model cannot read; return text"
                )
        return self._simple(value) if _is_simple(value) else self._inside(value, depth)

    def _simple(self, value: Any) -> Any:
        match value:
            case Enum():
                return self.of(value.value, MOST_DEPTH)
            case timedelta():
                return f"{value.total_seconds():g} s"
            case date() | time() | datetime():
                return value.isoformat()
            case PurePath():
                return value.name
            case _:
                return str(value)

    def _inside(self, value: Any, depth: int) -> Any:
        if id(value) in self._within:
            raise NotReadable("what it returned holds itself: return a tree, a list or a text")
        self._within.add(id(value))
        try:
            return self._walked(value, depth)
        finally:
            self._within.discard(id(value))

    def _walked(self, value: Any, depth: int) -> Any:
        if is_dataclass(value) and not isinstance(value, type):
            return {name: self.of(getattr(value, name), depth + 1) for name in _names(value)}
        if hasattr(value, "model_dump"):
            return self.of(value.model_dump(), depth + 1)
        match value:
            case Mapping():
                return {str(key): self.of(each, depth + 1) for key, each in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self.of(each, depth + 1) for each in value]
            case _:
                raise NotReadable(
                    f"it returned a {type(value).__name__}, which cannot be written as JSON; return "
                    "text, numbers, lists or dictionaries"
                )


def _is_simple(value: Any) -> bool:
    return isinstance(value, Enum | timedelta | date | time | PurePath | Decimal | UUID)


def _names(value: Any) -> Sequence[str]:
    return tuple(value.__dataclass_fields__)


def _long(value: int) -> str:
    return f"a whole number of about {int(value.bit_length() * 0.30103):,} digits"


# --- tables and charts ------------------------------------------------------------------------


def _table(table: Table) -> str:
    lines = [" | ".join(table.columns)]
    lines += [" | ".join("" if cell is None else str(cell) for cell in row) for row in table.rows]
    count = f"{len(table.rows):,} row{'' if len(table.rows) == 1 else 's'}"
    return "\n".join([*lines, f"({count}{f'; {table.note}' if table.note else ''})"])


def drawn(table: Table) -> dict[str, Any]:
    """As much of the table as a page is given."""
    columns = [str(_cell(name)) for name in table.columns]
    rows = [[_cell(each) for each in row] for row in table.rows[:MOST_ROWS]]
    return {"columns": columns, "rows": rows, "total": len(table.rows)}


def _cell(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MOST_CELL:
        value = f"{value[: MOST_CELL - 1]}…"
    return cleaned(value)


def _plot(plot: Plot) -> str:
    points = len(plot.table.rows)
    return f"Drawn for the user: a {plot.chart} chart of {', '.join(plot.y)} by {plot.x}, {points} points."


def _plot_shown(plot: Plot) -> dict[str, Any]:
    told = {name: cleaned(value) for name, value in asdict(plot).items() if name != "table"}
    return {"kind": "plot", **told, **drawn(plot.table)}


def _as_table(plain: Any) -> dict[str, Any] | None:
    """A list of objects with the same keys is a table, whoever made it."""
    if not isinstance(plain, list) or len(plain) < 2 or not all(isinstance(r, dict) for r in plain):
        return None
    columns = list(plain[0])
    flat = all(list(row) == columns and not any(map(_is_nested, row.values())) for row in plain)
    if not 0 < len(columns) <= MOST_COLUMNS or not flat:
        return None
    return {
        "kind": "table",
        **drawn(Table(tuple(columns), tuple(tuple(r.values()) for r in plain))),
    }


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict | list)


def passages_told(passages: Passages, numbers: Sequence[int]) -> Told:
    """Passages with the numbers under which they may be cited."""
    if not passages.hits:
        return Told("No passage was found. Try other words, or other documents.")
    parts = [
        f"[{number}] {hit.name}, {hit.unit} {hit.chunk.page}\n{hit.chunk.headed}"
        for number, hit in zip(numbers, passages.hits, strict=True)
    ]
    return Told("\n\n".join(parts))
