"""An answer as a table: the fields that are asked for, the schema they make, and the rows to take away."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic_core import from_json

from core.errors import Refused

FieldKind = Literal["text", "number", "yes/no", "date", "choice"]
Row = Mapping[str, Any]

MOST_FIELDS = 20
MOST_CHOICES = 50
MOST_CHARACTERS = 60
"""Of a name or a choice."""
PASSAGE = "passage"
"""The key under which a row says which passage it comes from; no field may have this name."""

_KINDS: tuple[str, ...] = get_args(FieldKind)
_EXAMPLE = "Write fields like “name, year: number, status: choice(open|closed)”."
_PARTS = re.compile(r"(?P<name>[^:]*)(?::(?P<kind>[^()]*)(?:\((?P<choices>.*)\))?\s*)?", re.S)
_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": ["string", "null"]},
    "number": {"type": ["number", "null"]},
    "yes/no": {"type": ["boolean", "null"]},
    "date": {"type": ["string", "null"], "format": "date"},
}
# What spreadsheets take for the beginning of a formula, the wide forms of East Asian input included.
_FORMULA = tuple("=+-@＝＋－＠")


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a table; only a choice has choices."""

    name: str
    kind: FieldKind = "text"
    description: str = ""
    choices: tuple[str, ...] = ()


def parse_fields(line: str) -> tuple[Field, ...]:
    """The fields in a line such as `name, year: number, status: choice(open|closed)`; raises Refused."""
    if not line.strip():
        raise _refused("no field is given")
    fields = tuple(_field(part) for part in _split(line))
    check_fields(fields)
    return fields


def check_fields(fields: Sequence[Field]) -> None:
    """Raises Refused for fields that make no table."""
    if not fields:
        raise _refused("no field is given")
    if len(fields) > MOST_FIELDS:
        raise Refused(
            f"{len(fields)} fields are too many for one table",
            hint=f"Ask for at most {MOST_FIELDS}, or for two tables.",
        )
    seen: set[str] = set()
    for field in fields:
        _check_name(field.name, "a field")
        name = field.name.casefold()
        if name == PASSAGE:
            raise Refused(
                f"no field can be called “{field.name}”",
                hint="Every row names its passage anyway; leave the field out or rename it.",
            )
        if name in seen:
            raise _refused(f"the field “{field.name}” is there twice")
        seen.add(name)
        _check_choices(field)


def table_schema(fields: Sequence[Field]) -> dict[str, Any]:
    """The JSON schema of an object whose `rows` hold the fields, null where a value is not known."""
    check_fields(fields)
    passage = {
        "type": ["integer", "null"],
        "minimum": 1,
        "description": "The number of the passage that the row comes from.",
    }
    row = {
        "type": "object",
        "properties": {**{field.name: _property(field) for field in fields}, PASSAGE: passage},
        "required": [field.name for field in fields],
        "additionalProperties": False,
    }
    return {
        "title": "table",
        "type": "object",
        "properties": {"rows": {"type": "array", "items": row}},
        "required": ["rows"],
        "additionalProperties": False,
    }


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


# --- reading a line ---------------------------------------------------------------------------


def _split(line: str) -> list[str]:
    """The parts between the commas that stand outside of parentheses."""
    parts, depth = [""], 0
    for character in line:
        depth += (character == "(") - (character == ")")
        if depth not in (0, 1):
            break
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    if depth:
        raise _refused("a parenthesis is not closed, or stands where none belongs")
    return parts


def _field(part: str) -> Field:
    found = _PARTS.fullmatch(part)
    if found is None:
        raise _refused(f"“{_short(part)}” is not a name, a colon and a kind")
    name = " ".join(found["name"].split())
    if not name:
        raise _refused("a field has no name")
    if found["kind"] is None:
        return Field(name)
    kind = found["kind"].strip().casefold()
    choices = tuple(" ".join(each.split()) for each in (found["choices"] or "").split("|"))
    choices = choices if found["choices"] is not None else ()
    for known in get_args(FieldKind):
        if kind == known:
            return Field(name, known, choices=choices)
    raise Refused(
        f"“{_short(kind)}” is no kind of field, for “{_short(name)}”",
        hint=f"The kinds are {', '.join(_KINDS)}.",
    )


def _check_name(name: str, what: str) -> None:
    if not name.strip():
        raise _refused(f"{what} has no name")
    if len(name) > MOST_CHARACTERS:
        raise _refused(f"“{_short(name)}” is longer than {MOST_CHARACTERS} characters")
    if not name.isprintable():
        raise _refused(f"“{_short(name)}” holds a character that cannot be shown")


def _check_choices(field: Field) -> None:
    if field.kind != "choice":
        if field.choices:
            raise _refused(f"“{field.name}” is a {field.kind} and can have no choices")
        return
    for choice in field.choices:
        _check_name(choice, f"a choice of “{field.name}”")
    if not 2 <= len(field.choices) <= MOST_CHOICES:
        raise _refused(f"“{field.name}” needs 2 to {MOST_CHOICES} choices")
    if len({choice.casefold() for choice in field.choices}) != len(field.choices):
        raise _refused(f"“{field.name}” has the same choice twice")


def _refused(reason: str) -> Refused:
    return Refused(reason, hint=_EXAMPLE)


def _short(text: str) -> str:
    shown = "".join(each if each.isprintable() else "\ufffd" for each in text)
    return shown if len(shown) <= 30 else shown[:30] + "…"


# --- columns and cells ------------------------------------------------------------------------


def _property(field: Field) -> dict[str, Any]:
    made = (
        {"type": ["string", "null"], "enum": [*field.choices, None]}
        if field.kind == "choice"
        else _TYPES[field.kind]
    )
    return {**made, "description": field.description} if field.description else dict(made)


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
