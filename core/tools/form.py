"""A form from a JSON schema: one field for each argument, and the arguments from what was filled in."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import Refused

Kind = Literal["text", "whole", "number", "yes_no", "choice", "json"]
_KINDS: dict[str, Kind] = {
    "string": "text",
    "integer": "whole",
    "number": "number",
    "boolean": "yes_no",
}
_LONG = 2_500
"""A text that may be longer than this gets more than one line."""


@dataclass(frozen=True, slots=True)
class Field:
    """One argument: what it is called, what may be filled in, and whether it may be left out."""

    name: str
    kind: Kind
    description: str = ""
    required: bool = True
    default: Any = None
    choices: tuple[Any, ...] = ()
    long: bool = False

    @property
    def hint(self) -> str:
        """What stands in the empty field."""
        if self.kind == "json":
            return "JSON, such as [1, 2] or {}"
        return "" if self.required else "may be left empty"


def fields(parameters: Mapping[str, Any]) -> list[Field]:
    """The fields of the form, in the order of the function's parameters."""
    required = parameters.get("required", ())
    defined = parameters.get("$defs", {})
    return [
        _field(name, node, name in required, defined)
        for name, node in parameters.get("properties", {}).items()
    ]


def _field(name: str, node: Mapping[str, Any], required: bool, defined: Mapping[str, Any]) -> Field:
    about: dict[str, Any] = {
        "description": str(node.get("description", "")),
        "required": required,
        "default": node.get("default"),
    }
    found = _simple(node, defined)
    choices = tuple(found.get("enum", [found["const"]] if "const" in found else []))
    if choices:
        return Field(name, "choice", choices=choices, **about)
    kind = _KINDS.get(str(found.get("type")), "json")
    return Field(name, kind, long=found.get("maxLength", 0) > _LONG, **about)


def _simple(node: Mapping[str, Any], defined: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the node is, null aside."""
    others = [each for each in node.get("anyOf", ()) if each.get("type") != "null"]
    if len(others) == 1:
        return _simple(others[0], defined)
    ref = str(node.get("$ref", ""))
    return defined.get(ref.removeprefix("#/$defs/"), node) if ref else node


def arguments(form: Sequence[Field], values: Mapping[str, Any]) -> str:
    """The arguments as JSON; what was left empty is left out. Raises Refused for a field that cannot be
    read."""
    given = {}
    for field in form:
        value = values.get(field.name)
        blank = isinstance(value, str) and not (value if field.kind == "text" else value.strip())
        if value is None or blank:
            continue
        given[field.name] = _read(field, value)
    return json.dumps(given, ensure_ascii=False)


def _read(field: Field, value: Any) -> Any:
    if not isinstance(value, str) or field.kind in ("text", "choice"):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        what = {"whole": "a whole number", "number": "a number"}.get(field.kind, "JSON")
        raise Refused(
            f"{field.name} is not {what}: {value[:60]!r}", hint="Correct it and run it again."
        ) from error
