"""A tool from a Python function: its type hints and its docstring, and nothing else."""

import ast
import inspect
import json
import re
import textwrap
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NotRequired, Required

from docstring_parser import parse
from pydantic import ConfigDict, Field, PydanticUserError, TypeAdapter
from pydantic.errors import PydanticSchemaGenerationError
from typing_extensions import TypedDict

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,63}")
_EFFECTS = re.compile(r"^[ \t]*Effects:[ \t]*(?P<words>.+)$", re.MULTILINE | re.IGNORECASE)
_EXAMPLE = "Write it like “city: str”, and its meaning in the docstring."
_LONGEST = 1_000
"""Characters of a description; each of them is paid for with every question."""


class NotATool(Exception):
    """Why a function cannot be one; `parameter` is the one that it is about, "" for the whole."""

    def __init__(self, message: str, hint: str = "", parameter: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class Described:
    """What a function says of itself; `adapter` checks its arguments, given as an object."""

    name: str
    description: str
    signature: str
    parameters: dict[str, Any]
    effects: str
    adapter: TypeAdapter[Any]


def describe(function: Callable[..., Any], *, skip: Sequence[str] = ()) -> Described:
    """The tool that the function is; parameters in `skip` are given by us and not by the model.

    Raises NotATool, with the parameter that it is about.
    """
    name = function.__name__
    if not _NAME.fullmatch(name):
        raise NotATool(
            f"{name!r} is no name that a model can call",
            "Use up to 64 letters of English, digits and underscores.",
        )
    signature = inspect.signature(function)
    hints = _hints(function)
    said = inspect.cleandoc(function.__doc__ or "")
    effects = _EFFECTS.search(said)
    docs = parse(_EFFECTS.sub("", said))
    told = {each.arg_name: (each.description or "").strip() for each in docs.params}
    summary = "\n".join(filter(None, (docs.short_description, docs.long_description))).strip()
    if not summary:
        raise NotATool(
            f"{name} has no docstring",
            "Say in one sentence what it does: a model reads nothing else.",
        )
    fields = {
        each.name: _field(each, hints, told)
        for each in signature.parameters.values()
        if each.name not in skip
    }
    adapter = _adapter(name, fields)
    return Described(
        name,
        summary[:_LONGEST],
        _shown(function, skip),
        _tidied(adapter.json_schema()),
        effects["words"].strip() if effects else "",
        adapter,
    )


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except (NameError, AttributeError, TypeError, SyntaxError) as error:
        wrong = _unresolved(function)
        raise NotATool(
            f"a type hint of {function.__name__} is unknown: {error}",
            "Import the type, or use one of Python's own.",
            wrong,
        ) from error


def _unresolved(function: Callable[..., Any]) -> str:
    """The parameter whose hint cannot be read."""
    module = getattr(function, "__globals__", {})
    for name, hint in getattr(function, "__annotations__", {}).items():
        if isinstance(hint, str):
            try:
                typing.get_type_hints(type("_", (), {"__annotations__": {name: hint}}), module)
            except (NameError, AttributeError, TypeError, SyntaxError):
                return str(name)
    return ""


def _field(parameter: inspect.Parameter, hints: dict[str, Any], told: dict[str, str]) -> Any:
    name = parameter.name
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        raise NotATool(f"{parameter} stands for any number of arguments", _EXAMPLE, name)
    if parameter.kind is parameter.POSITIONAL_ONLY:
        raise NotATool(f"{name} cannot be given by its name", "Leave out the “/”.", name)
    if name not in hints:
        raise NotATool(f"the parameter {name} has no type hint", _EXAMPLE, name)
    about: dict[str, Any] = {"description": told[name][:_LONGEST]} if told.get(name) else {}
    if parameter.default is parameter.empty:
        kind: Any = Required
    else:
        kind = NotRequired
        if (default := _plain(hints[name], parameter.default)) is not None:
            about["json_schema_extra"] = {"default": default}
    try:
        hint: Any = Annotated[hints[name], Field(**about)] if about else hints[name]
        _adapter("f", {name: kind[hint]}).json_schema()
    except (PydanticSchemaGenerationError, PydanticUserError, TypeError, ImportError) as error:
        raise NotATool(
            f"the type of {name}, {_short(hints[name])}, is not one that a model can write",
            "Use str, int, float, bool, a list, a dict, an Enum, a Literal, a date, a dataclass or a "
            "pydantic model.",
            name,
        ) from error
    return kind[hint]


def _short(hint: Any) -> str:
    """The type as its author wrote it, without the module that it is from."""
    return hint.__name__ if isinstance(hint, type) else inspect.formatannotation(hint)


def _plain(hint: Any, default: Any) -> Any:
    """The default as JSON; None where it is none, or is nothing that JSON can say."""
    if default is None:
        return None
    try:
        plain = TypeAdapter(hint).dump_python(default, mode="json", warnings=False)
        json.dumps(plain, allow_nan=False)
    except (ValueError, TypeError, OverflowError, ImportError, PydanticUserError):
        return None
    return plain


def _adapter(name: str, fields: dict[str, Any]) -> TypeAdapter[Any]:
    make: Any = TypedDict  # made of names that are known only now
    arguments = make(name, fields)
    arguments.__pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)
    return TypeAdapter(arguments)


def _tidied(schema: Any) -> Any:
    """The schema without the titles that pydantic makes of the names: they only cost tokens."""
    if isinstance(schema, dict):
        named = isinstance(schema.get("title"), str)
        return {
            key: {name: _tidied(each) for name, each in value.items()}
            if key in ("properties", "$defs") and isinstance(value, dict)
            else _tidied(value)
            for key, value in schema.items()
            if not (key == "title" and named)
        }
    if isinstance(schema, list):
        return [_tidied(each) for each in schema]
    return schema


def _plain_names(function: Callable[..., Any]) -> dict[str, str]:
    """The types of the parameters whose hint has bounds, without these: the schema tells them."""
    bounded, plain = (
        typing.get_type_hints(function, include_extras=each) for each in (True, False)
    )
    return {
        name: inspect.formatannotation(hint)
        for name, hint in plain.items()
        if hint != bounded[name]
    }


def _shown(function: Callable[..., Any], skip: Sequence[str]) -> str:
    """The function's head as it is written in its file, but with the types of its own short names."""
    plain = _plain_names(function)
    try:
        node = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    except (OSError, SyntaxError, IndexError, TypeError):
        node = None
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return f"{function.__name__}{inspect.signature(function)}"
    given = node.args
    for each in (*given.args, *given.kwonlyargs):
        if each.arg in plain and isinstance(each.annotation, ast.Name):
            each.annotation = ast.Name(plain[each.arg])
    given.posonlyargs = [each for each in given.posonlyargs if each.arg not in skip]
    given.args = [each for each in given.args if each.arg not in skip]
    given.kwonlyargs = [each for each in given.kwonlyargs if each.arg not in skip]
    back = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(given)}){back}"
