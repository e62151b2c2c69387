"""An answer as a table: its rows, also while they are written, and the forms in which they are taken away."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import from_json

from core.table_fields import PASSAGE, Field

Row = Mapping[str, Any]

# What spreadsheets take for the beginning of a formula, the wide forms of East Asian input included.
_FORMULA = tuple("=+-@＝＋－＠")


def rows_in(data: Any) -> list[dict[str, Any]]:
    """The rows of an answer, also of one that is still being written."""
    rows = data.get("rows") if isinstance(data, Mapping) else None
    return [dict(row) for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def is_json(text: str) -> bool:
    """Whether the text is an object or a list of JSON, whole."""
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


def rows_of(text: str) -> list[dict[str, Any]]:
    """The rows in the text of an answer, also of one that is still being written; none when it is no table."""
    begins = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=-1)
    if begins < 0:
        return []
    try:
        data = from_json(text[begins:], allow_partial="trailing-strings")
    except ValueError:
        return []
    return rows_in({"rows": data} if isinstance(data, list) else data)


def to_markdown(fields: Sequence[Field], rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    columns = _columns(fields, rows)
    lines = [columns, ["---"] * len(columns)]
    lines += [[str(_cell(row.get(name))) for name in columns] for row in rows]
    return "\n".join(f"| {' | '.join(map(_in_a_cell, line))} |" for line in lines)


def to_csv(fields: Sequence[Field], rows: Sequence[Row]) -> str:
    """The rows as CSV (RFC 4180) under the names of the fields, with the passage where one is named.

    A text that a spreadsheet would run as a formula begins with an apostrophe; numbers stay numbers.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    columns = _columns(fields, rows)
    # An empty line is no row of one empty cell: of a single column every cell is quoted.
    if len(columns) == 1:
        writer = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow([_cell(name) for name in columns])
    writer.writerows([_cell(row.get(name)) for name in columns] for row in rows)
    return out.getvalue()


def to_json(fields: Sequence[Field], rows: Sequence[Row]) -> str:
    """The rows as a JSON list of objects in the order of the fields; what is not known is null."""
    columns = _columns(fields, rows)
    plain = [{name: row.get(name) for name in columns} for row in rows]
    return json.dumps(plain, ensure_ascii=False, indent=2, allow_nan=False)


def _columns(fields: Sequence[Field], rows: Sequence[Row]) -> list[str]:
    named = any(row.get(PASSAGE) is not None for row in rows)
    return [*(field.name for field in fields), *([PASSAGE] if named else [])]


def _in_a_cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return json.dumps(value)
        case str():
            begins = value.lstrip() or value
            # A tab or a line break in front is swallowed by some spreadsheets, and what follows is run.
            risky = begins.startswith(_FORMULA) or value.startswith(("\t", "\r", "\n"))
            return f"'{value}" if risky else value
        case _:
            return json.dumps(value, ensure_ascii=False)
