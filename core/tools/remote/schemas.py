"""The schema of a server's tool, made harmless: what is known is copied, within bounds, and nothing else."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

_MOST_WORDS = 300
_MOST_DEPTH = 8
_MOST_NODES = 300
_MOST_SCHEMA = 12_000
_MOST_CHOICES = 100
_PROPERTY = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_NUMBERS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
_SIZES = frozenset({"minLength", "maxLength", "minItems", "maxItems"})
_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})

Clean = Callable[[str], str]


class Unusable(Exception):
    """Why a tool cannot be called."""


def parameters(schema: Any, clean: Clean) -> dict[str, Any]:
    """The schema of the arguments as a model may be told it. Raises Unusable.

    References are written out, so that to check an argument takes no longer than the schema is long;
    patterns are left out, since a hostile one never ends. The server checks what it is sent itself.
    """
    if not isinstance(schema, dict):
        raise Unusable("its arguments are not described")
    made = _Walk(schema, clean).node({**schema, "type": "object"}, 0, frozenset())
    made.setdefault("properties", {})
    if len(json.dumps(made)) > _MOST_SCHEMA:
        raise Unusable(f"its schema has more than {_MOST_SCHEMA:,} characters")
    return made


class _Walk:
    """Walks a schema from its root, and counts."""

    def __init__(self, root: Mapping[str, Any], clean: Clean) -> None:
        self._root = root
        self._clean = clean
        self._nodes = 0

    def node(self, given: Any, depth: int, within: frozenset[str]) -> dict[str, Any]:
        """One schema inside the schema; `within` are the references that led to it."""
        self._nodes += 1
        if self._nodes > _MOST_NODES or depth > _MOST_DEPTH:
            raise Unusable(f"its schema has more than {_MOST_NODES} parts or {_MOST_DEPTH} levels")
        if not isinstance(given, dict):
            return {}
        if isinstance(ref := given.get("$ref"), str):
            # What holds itself may be anything from there on.
            return {} if ref in within else self.node(self._at(ref), depth, within | {ref})
        made = {**self._said(given), **self._choices(given)}
        for key in ("anyOf", "oneOf", "allOf"):
            if several := _list(given.get(key)):
                made[key] = [self.node(each, depth + 1, within) for each in several]
        return {
            **made,
            **self._elements(given, depth, within),
            **self._properties(given, depth, within),
        }

    def _elements(
        self, given: Mapping[str, Any], depth: int, within: frozenset[str]
    ) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key in ("items", "additionalProperties"):
            if isinstance(value := given.get(key), bool):
                made[key] = value
            elif isinstance(value, dict):
                made[key] = self.node(value, depth + 1, within)
        return made

    def _properties(
        self, given: Mapping[str, Any], depth: int, within: frozenset[str]
    ) -> dict[str, Any]:
        inside = given.get("properties")
        if not isinstance(inside, dict):
            return {}
        for name in inside:
            if not _PROPERTY.fullmatch(name):
                raise Unusable(f"an argument is called {self._clean(name)[:40]!r}")
        made = {name: self.node(each, depth + 1, within) for name, each in inside.items()}
        required = [
            each
            for each in _list(given.get("required"))
            if isinstance(each, str) and each in inside
        ]
        return {"properties": made, **({"required": required} if required else {})}

    def _at(self, ref: str) -> Any:
        found: Any = self._root
        if not ref.startswith("#"):
            raise Unusable("its schema refers to one elsewhere")
        for step in filter(None, ref[1:].split("/")):
            found = found.get(step) if isinstance(found, dict) else None
        return found

    def _said(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The type, the words and the bounds that stand in the node itself."""
        made: dict[str, Any] = {}
        kind = given.get("type")
        kinds = [kind] if isinstance(kind, str) else _list(kind)
        if kinds and all(isinstance(each, str) and each in _TYPES for each in kinds):
            made["type"] = kind
        if isinstance(about := given.get("description"), str):
            made["description"] = self._clean(about)[:_MOST_WORDS]
        for key, value in given.items():
            whole = isinstance(value, int) and not isinstance(value, bool)
            if (key in _SIZES and whole) or (
                key in _NUMBERS and (whole or isinstance(value, float))
            ):
                made[key] = value
        return made

    def _choices(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What must be one of a few values, and what is taken where none is given."""
        made: dict[str, Any] = {}
        if choices := _list(given.get("enum")):
            if len(choices) > _MOST_CHOICES:
                raise Unusable(f"an argument has {len(choices):,} choices")
            made["enum"] = [self._as_it_is(each) for each in choices]
        if "const" in given:
            made["const"] = self._as_it_is(given["const"])
        default = given.get("default")
        if isinstance(default, str | int | float):
            made["default"] = self._as_it_is(default)
        return made

    def _as_it_is(self, value: Any) -> Any:
        """A value that must be sent back to the letter: so it is shown to the letter, or not at all."""
        odd = isinstance(value, str) and (len(value) > _MOST_WORDS or self._clean(value) != value)
        if odd or isinstance(value, dict | list):
            raise Unusable("a choice of an argument is too long, or holds what cannot be shown")
        return value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
