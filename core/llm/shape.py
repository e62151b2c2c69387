"""What an answer must look like: as a model is told, and as it is checked."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, overload

from pydantic import BaseModel, TypeAdapter, ValidationError

from core.errors import Refused
from core.llm.json_text import Kind
from core.llm.strict_schema import Schema, nodes, resolved, strict_schema
from core.llm.unusable import OutputInvalid, OutputTooDeep
from core.llm.wild import fitted, is_wild
from core.types import OutputSchema

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

_MOST_PROBLEMS = 10
_MOST_WORDS = 160
_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_-]+")

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, in words, and where; the path may name branches of a union besides."""

    path: Path
    words: str


class _Misfit(Exception):
    """The data does not fit."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Shape(Generic[T]):
    """A schema with what checks it. `output` is None where no vendor can be held to it; by a `wild` one
    checking may take for ever."""

    schema: Schema
    kind: Kind
    output: OutputSchema | None
    fit: Callable[[Any], T]
    wild: bool = False

    def check(self, data: Any) -> tuple[T, Any]:
        """What the data stands for, and the data as it fits; raises OutputInvalid.

        A null where a value may be left out counts as left out: the strict form of a schema has no
        other way to leave one out. By a wild schema it waits for a process that is killed when it takes
        too long, and raises OutputUnchecked then: it is not to be called on an event loop.
        """
        if self.wild:
            value: Any = fitted(self.schema, data)
            return value, value
        return self.check_here(data)

    def check_here(self, data: Any) -> tuple[T, Any]:
        """The same in this process, however long it takes."""
        try:
            return self._fitted(data)
        except RecursionError as error:
            raise OutputTooDeep("The answer is nested too deep to be checked.") from error

    def _fitted(self, data: Any) -> tuple[T, Any]:
        try:
            return self.fit(data), data
        except _Misfit as misfit:
            problems = misfit.problems
        without = _without_nulls(data, [problem.path for problem in problems])
        if without is not None:
            try:
                return self.fit(without), without
            except _Misfit as misfit:
                problems = misfit.problems
        raise OutputInvalid(tuple(_in_words(problems)))


@overload
def shape(schema: type[M]) -> Shape[M]: ...
@overload
def shape(schema: TypeAdapter[T]) -> Shape[T]: ...
@overload
def shape(schema: Mapping[str, Any]) -> Shape[Any]: ...
def shape(schema: Any) -> Shape[Any]:
    """The shape of a pydantic model, of a type adapter, or of a JSON schema; raises Refused."""
    if isinstance(schema, Mapping):
        written = dict(schema)
        return replace(_shape(written, _by_schema(written)), wild=is_wild(written))
    adapter = schema if isinstance(schema, TypeAdapter) else TypeAdapter(schema)
    return _shape(adapter.json_schema(), _by_type(adapter))


def _shape(schema: Schema, fit: Callable[[Any], Any]) -> Shape[Any]:
    try:
        root = resolved(schema, schema)
        for node in nodes(schema):
            for key in ("$ref", "$dynamicRef"):
                if isinstance(node.get(key), str):
                    resolved({"$ref": node[key]}, schema)
    except (LookupError, TypeError) as error:
        raise _elsewhere(error) from error
    kinds: dict[Any, Kind] = {"object": "object", "array": "array"}
    given = root.get("type")
    form = strict_schema(schema)
    name = _NOT_IN_A_NAME.sub("_", str(root.get("title") or "answer"))[:64].strip("_") or "answer"
    return Shape(
        schema,
        kinds.get(given if isinstance(given, str) else None, "any"),
        OutputSchema(name, form) if form else None,
        fit,
    )


def _elsewhere(ref: object) -> Refused:
    return Refused(
        f"the schema refers to {ref}, which is not in it",
        hint="Put every definition into the schema itself, under $defs.",
    )


# --- the two that check -----------------------------------------------------------------------


def _by_type(adapter: TypeAdapter[T]) -> Callable[[Any], T]:
    def fit(data: Any) -> T:
        try:
            # As JSON, so that a strict model still takes a date that is written as a text.
            return adapter.validate_json(json.dumps(data))
        except ValidationError as error:
            raise _Misfit(
                [
                    Problem(each["loc"], _given(each["msg"], each["input"], each["type"]))
                    for each in error.errors(include_url=False, include_context=False)
                ]
            ) from error

    return fit


def _by_schema(schema: Schema) -> Callable[[Any], Any]:
    # Here, as few answers need it and it takes a tenth of a second.
    from jsonschema import Draft202012Validator, SchemaError  # type: ignore[import-untyped]
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        Draft202012Validator.check_schema(schema)
    except (SchemaError, OverflowError, RecursionError) as error:
        said = error.message if isinstance(error, SchemaError) else str(error)
        raise Refused(
            f"this is not a JSON schema: {_short(said)}",
            hint="Correct the schema; it is read as JSON Schema 2020-12.",
        ) from error
    validator = Draft202012Validator(
        schema,
        # An empty registry: the usual one would fetch what a schema refers to.
        registry=Registry(),
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )

    def fit(data: Any) -> Any:
        try:
            found = [
                Problem(tuple(each.absolute_path), _complaint(each))
                for each in validator.iter_errors(data)
            ]
        except Unresolvable as error:  # an inner $id moves what a reference is relative to
            raise _elsewhere(error.ref) from error
        if found:
            raise _Misfit(found)
        return data

    return fit


def _given(message: str, value: Any, kind: str) -> str:
    if kind == "missing" or isinstance(value, dict | list):
        return message
    return f"{message} (it is {_short(json.dumps(value, ensure_ascii=False, default=str))})"


def _complaint(error: Any) -> str:
    """What is wrong; of a choice of schemas, what each of them finds."""
    inner = [_short(each.message, 60) for each in error.context[:3]]
    return _short(error.message) + (f" ({' | '.join(inner)})" if inner else "")


# --- what is told of it -----------------------------------------------------------------------


def _in_words(problems: list[Problem]) -> Iterable[str]:
    for problem in problems[:_MOST_PROBLEMS]:
        where = "".join(
            f"[{step}]" if isinstance(step, int) else f".{step}" for step in problem.path
        )
        yield f"{where.lstrip('.') or 'the whole'}: {problem.words}"
    if len(problems) > _MOST_PROBLEMS:
        yield f"and {len(problems) - _MOST_PROBLEMS} more"


def _short(text: str, most: int = _MOST_WORDS) -> str:
    # What is wrong stands at the end of most messages, the value at their beginning.
    half = most // 2
    return text if len(text) <= most else f"{text[:half]}…{text[-half:]}"


def _without_nulls(data: Any, paths: list[Path]) -> Any:
    """A copy without the nulls at those places; None when none of them is one in an object."""
    copy, dropped = json.loads(json.dumps(data)), False
    for path in paths:
        parent, key, node = None, None, copy
        for step in path:
            inside = isinstance(node, dict) and step in node
            if inside or (isinstance(node, list) and isinstance(step, int) and step < len(node)):
                parent, key, node = node, step, node[step]
        if isinstance(parent, dict) and key in parent and node is None:
            del parent[key]
            dropped = True
    return copy if dropped else None
