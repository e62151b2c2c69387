"""A JSON schema in the form that vendors can hold a model to, where it has one.

The rules are those that OpenAI's and Anthropic's structured outputs have in common: the root is an
object, every property is required, nothing may be added, and few keywords are known. What is left
out here is still checked by us when the answer comes.
"""

import re
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

# Anthropic answers 400 beyond; a property that may be null counts as one.
MOST_UNIONS = 16
_PROPERTY = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_FORMATS = {
    *("date-time", "time", "date", "duration", "email"),
    *("hostname", "uri", "ipv4", "ipv6", "uuid"),
}
_TOLD = (
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems"),
)
_TYPES: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}
_SCALARS = {"string", "integer", "number", "boolean", "null"}
_NULL = {"type": "null"}


class _Beyond(Exception):
    """The schema says something that the strict form has no words for."""


def strict_schema(schema: Schema) -> Schema | None:
    """The schema in the strict form; None when it has none, and the model must be told in words."""
    root = resolved(schema, schema)
    if "anyOf" in root or "oneOf" in root or is_recursive(schema):
        return None
    try:
        made = _strict(root)
        for place in ("$defs", "definitions"):
            if place in schema:
                made[place] = {name: _strict(each) for name, each in schema[place].items()}
    except _Beyond:
        return None
    unions = sum("anyOf" in node for node in nodes(made))
    return made if made.get("type") == "object" and unions <= MOST_UNIONS else None


def resolved(node: Any, root: Schema) -> Any:
    """The node that a chain of local references leads to; raises LookupError where it leads nowhere."""
    seen: set[str] = set()
    while isinstance(node, dict) and isinstance(ref := node.get("$ref"), str):
        if ref in seen or not (ref == "#" or ref.startswith("#/")):
            raise LookupError(ref)
        seen.add(ref)
        node = root
        for step in ref[2:].split("/") if ref != "#" else ():
            node = node[step.replace("~1", "/").replace("~0", "~")]
    return node


def nodes(schema: Any) -> Iterator[Schema]:
    """Every object in the schema, itself included."""
    rest = [schema]
    while rest:
        node = rest.pop()
        if isinstance(node, dict):
            yield node
            rest += node.values()
        elif isinstance(node, list):
            rest += node


def is_recursive(schema: Schema) -> bool:
    """Whether something is defined by itself, as a tree is."""
    defined = {
        f"#/{place}/{name}": {
            node["$ref"] for node in nodes(each) if isinstance(node.get("$ref"), str)
        }
        for place in ("$defs", "definitions")
        for name, each in schema.get(place, {}).items()
    }
    # What leads only to what leads nowhere is taken away; a circle stays.
    while leaves := [name for name, refs in defined.items() if not refs & defined.keys()]:
        for name in leaves:
            del defined[name]
    return bool(defined) or any(node.get("$ref") == "#" for node in nodes(schema))


def _strict(node: Any) -> Schema:
    if not isinstance(node, dict):
        raise _Beyond
    if "$ref" in node:
        return {"$ref": node["$ref"]}
    if "allOf" in node:
        node = _merged(node)
    if branches := node.get("anyOf") or node.get("oneOf"):
        made: Schema = {"anyOf": [_strict(each) for each in branches]}
    else:
        typed = [_typed(each, node) for each in _types(node)]
        made = typed[0] if len(typed) == 1 else {"anyOf": typed}
    if description := _description(node):
        made["description"] = description
    return made


def _merged(node: Schema) -> Schema:
    if len(node["allOf"]) != 1:
        raise _Beyond
    (inner,) = node["allOf"]
    rest = {key: value for key, value in node.items() if key != "allOf"}
    return {**inner, **rest} if "$ref" not in inner else inner


def _types(node: Schema) -> list[str]:
    given = node.get("type")
    if given is None:
        values = node.get("enum", [node["const"]] if "const" in node else [])
        if any(type(value) not in _TYPES for value in values):
            raise _Beyond
        given = list(dict.fromkeys(_TYPES[type(value)] for value in values))
    types = [given] if isinstance(given, str) else list(given)
    if not types:
        raise _Beyond
    return types


def _typed(kind: str, node: Schema) -> Schema:
    match kind:
        case "object":
            return _object(node)
        case "array":
            if "items" not in node or "prefixItems" in node:
                raise _Beyond
            return {"type": "array", "items": _strict(node["items"])}
        case _ if kind in _SCALARS:
            return _scalar(kind, node)
        case _:
            raise _Beyond


def _object(node: Schema) -> Schema:
    properties = node.get("properties") or {}
    # A map from any name to something cannot be said with a fixed list of names.
    if not properties or isinstance(node.get("additionalProperties"), dict):
        raise _Beyond
    if "patternProperties" in node or not all(map(_PROPERTY.fullmatch, properties)):
        raise _Beyond
    required = node.get("required", ())
    made = {
        name: _strict(each) if name in required else _or_null(_strict(each))
        for name, each in properties.items()
    }
    return {
        "type": "object",
        "properties": made,
        "required": list(made),
        "additionalProperties": False,
    }


def _or_null(made: Schema) -> Schema:
    if made == _NULL or _NULL in made.get("anyOf", ()):
        return made
    described = {"description": made.pop("description")} if "description" in made else {}
    return {"anyOf": [*made.get("anyOf", [made]), _NULL], **described}


def _scalar(kind: str, node: Schema) -> Schema:
    made: Schema = {"type": kind}
    values = node.get("enum", [node["const"]] if "const" in node else None)
    if values is not None and kind != "null":
        fitting = [value for value in values if _TYPES.get(type(value)) in _accepted(kind)]
        if not fitting:
            raise _Beyond
        made["enum"] = fitting
    if kind == "string" and node.get("format") in _FORMATS:
        made["format"] = node["format"]
    return made


def _accepted(kind: str) -> tuple[str, ...]:
    return ("integer", "number") if kind == "number" else (kind,)


def _description(node: Schema) -> str:
    told = [f"{key} {node[key]}" for key in _TOLD if key in node]
    if node.get("format", "date") not in _FORMATS:
        told.append(f"format {node['format']}")
    return " ".join(
        part
        for part in (node.get("description", ""), f"({', '.join(told)})" if told else "")
        if part
    )
