"""The fields of a table that is asked for: read from a line, checked, and the schema that they make."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from core.errors import Refused

FieldKind = Literal["text", "number", "yes/no", "date", "choice"]

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


def _property(field: Field) -> dict[str, Any]:
    made = (
        {"type": ["string", "null"], "enum": [*field.choices, None]}
        if field.kind == "choice"
        else _TYPES[field.kind]
    )
    return {**made, "description": field.description} if field.description else dict(made)
