"""A tool is its signature and its docstring: what a model is told, and what comes back as values."""

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Any, Final, Literal, Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, EmailStr, Field, TypeAdapter

from core.errors import ModelMisbehaved
from core.llm.shape import shape
from core.tools.schema import NotATool, describe


class Mood(Enum):
    CALM = "calm"
    WILD = "wild"


@dataclass
class Lamp:
    watts: int
    name: str = "spare"


class Rig(BaseModel):
    lamps: list[Lamp]
    mood: Mood = Mood.CALM


def everything(
    name: str,
    when: date,
    rig: Rig,
    kind: Literal["spot", "flood"] = "spot",
    mood: Mood = Mood.CALM,
    level: Annotated[int, Field(ge=0, le=100)] = 50,
    note: Optional[str] = None,  # noqa: UP045
    size: int | float | str = 1,
    tags: list[str] = [],  # noqa: B006
    schema: dict[str, float] = {},  # noqa: B006
) -> str:
    """Set up a light.

    It stays until it is taken down.

    Args:
        name: What it is called.
        level: How bright, in per cent.
    """
    return name


def test_every_kind_of_hint_becomes_its_json_schema() -> None:
    found = describe(everything)
    properties = found.parameters["properties"]
    assert found.parameters["required"] == ["name", "when", "rig"]
    assert found.parameters["additionalProperties"] is False
    assert properties["name"] == {"type": "string", "description": "What it is called."}
    assert properties["when"] == {"type": "string", "format": "date"}
    assert properties["kind"] == {"enum": ["spot", "flood"], "type": "string", "default": "spot"}
    assert properties["level"] == {
        "type": "integer",
        "minimum": 0,
        "maximum": 100,
        "default": 50,
        "description": "How bright, in per cent.",
    }
    assert properties["mood"] == {"$ref": "#/$defs/Mood", "default": "calm"}
    assert properties["note"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert [each["type"] for each in properties["size"]["anyOf"]] == ["integer", "number", "string"]
    assert found.parameters["$defs"]["Mood"] == {"enum": ["calm", "wild"], "type": "string"}
    assert found.parameters["$defs"]["Rig"]["properties"]["lamps"]["type"] == "array"
    assert found.description == "Set up a light.\nIt stays until it is taken down."


def test_the_signature_is_told_as_it_stands_in_the_file() -> None:
    def dim(level: int = 3, *, slowly: bool = False) -> str:
        """Dim it."""
        return ""

    assert describe(dim).signature == "dim(level: int=3, *, slowly: bool=False) -> str"


Level = Annotated[int, Field(ge=0, le=9)]


def test_a_short_name_of_a_bounded_type_is_told_as_its_type() -> None:
    def fade(level: Level, steps: list[Level], mood: "Level | None" = None) -> str:
        """Fade it."""
        return ""

    found = describe(fade)
    assert found.signature.startswith("fade(level: int, steps: list[Level], ")
    assert found.parameters["properties"]["level"]["maximum"] == 9


def test_what_a_tool_changes_is_declared_in_its_docstring_and_is_not_part_of_the_description() -> (
    None
):
    def mail(to: str) -> str:
        """Send a letter.

        Effects: sends an e-mail in your name.

        Args:
            to: Whom.
        """
        return to

    found = describe(mail)
    assert found.effects == "sends an e-mail in your name."
    assert found.description == "Send a letter."
    assert found.parameters["properties"]["to"]["description"] == "Whom."


def test_the_strict_form_for_vendors_requires_everything_and_lets_optionals_be_null() -> None:
    def light(level: int = 3, note: str = "") -> str:
        """Light it."""
        return ""

    checks = shape(describe(light).adapter)
    assert checks.output
    strict = checks.output.schema
    assert strict["required"] == ["level", "note"]
    assert {"type": "null"} in strict["properties"]["note"]["anyOf"]
    value, data = checks.check({"level": 4, "note": None})
    assert value == data == {"level": 4}


def test_two_nested_types_of_the_same_name_are_kept_apart() -> None:
    def outer() -> Callable[..., str]:
        class Lamp(BaseModel):
            colour: str

        def both(one: Lamp, other: list[Lamp]) -> str:
            """Take both."""
            return ""

        both.__annotations__ = {"one": Lamp, "other": Rig, "return": str}
        return both

    definitions = describe(outer()).parameters["$defs"]
    lamps = [each for name, each in definitions.items() if "Lamp" in name]
    assert sorted("watts" in each["properties"] for each in lamps) == [False, True]


class Unknown:
    pass


def no_hint(city) -> str:  # type: ignore[no-untyped-def]
    """Look."""
    return str(city)


def unknown_type(thing: Unknown) -> str:
    """Look."""
    return ""


def unfitting(city: Final[str] = "Rome") -> str:  # type: ignore[valid-type]
    """Look."""
    return city


def not_installed(sender: EmailStr) -> str:
    """Look."""
    return sender


def star(*cities: str) -> str:
    """Look."""
    return ""


def silent(city: str) -> str:
    return city


def lost(city: "Nowhere") -> str:  # type: ignore[name-defined]  # noqa: F821
    """Look."""
    return ""


def grüße(city: str) -> str:
    """Look."""
    return ""


@pytest.mark.parametrize(
    ("function", "parameter", "words"),
    [
        (no_hint, "city", "city has no type hint"),
        (unknown_type, "thing", "not one that a model can write"),
        (unfitting, "city", "not one that a model can write"),
        (not_installed, "sender", "not one that a model can write"),
        (star, "cities", "any number of arguments"),
        (silent, "", "no docstring"),
        (lost, "city", "is unknown"),
        (grüße, "", "no name that a model can call"),
    ],
)
def test_a_function_that_is_no_tool_says_why_and_what_to_do(
    function: Callable[..., Any], parameter: str, words: str
) -> None:
    with pytest.raises(NotATool, match=words) as failed:
        describe(function)
    assert failed.value.parameter == parameter
    assert failed.value.hint


@pytest.mark.parametrize("default", [float("nan"), float("inf"), 10**400])
def test_a_default_that_json_cannot_say_is_told_to_no_model(default: float) -> None:
    def dim(level: float = default) -> str:
        """Dim."""
        return str(level)

    parameters = describe(dim).parameters
    assert parameters["properties"] == {"level": {"type": "number"}}
    assert "required" not in parameters


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"level": "many"},
        {"level": 101},
        {"level": 1, "colour": "red"},
        {"level": 1.5},
        [],
        {"level": 1, "level ": 2},
    ],
)
def test_arguments_that_do_not_fit_are_never_passed_on(given: Any) -> None:
    def dim(level: Annotated[int, Field(le=100)]) -> str:
        """Dim it."""
        return ""

    with pytest.raises(ModelMisbehaved):
        shape(describe(dim).adapter).check(given)


_PLAIN = st.one_of(
    st.tuples(st.just(int), st.integers(-(2**53), 2**53)),
    st.tuples(st.just(float), st.floats(allow_nan=False, allow_infinity=False)),
    st.tuples(st.just(str), st.text(st.characters(exclude_categories=["Cs"]), max_size=20)),
    st.tuples(st.just(bool), st.booleans()),
    st.tuples(st.just(date), st.dates()),
    st.tuples(st.just(Mood), st.sampled_from(Mood)),
)
_NESTED = st.one_of(
    _PLAIN,
    _PLAIN.map(lambda pair: (list[pair[0]], [pair[1]])),  # type: ignore[name-defined]
    _PLAIN.map(lambda pair: (pair[0] | None, pair[1])),
    _PLAIN.map(lambda pair: (dict[str, pair[0]], {"a": pair[1]})),  # type: ignore[name-defined]
)
_NAMES = st.sampled_from(["a", "copy", "json", "schema", "self_", "model_config", "class_", "_x"])


@settings(deadline=None)
@given(st.dictionaries(_NAMES, _NESTED, max_size=6))
def test_what_a_function_is_called_with_comes_back_from_json_as_it_was(
    given: dict[str, tuple[Any, Any]],
) -> None:
    def made(**_: Any) -> str:
        """Take it."""
        return ""

    made.__annotations__ = {name: kind for name, (kind, _) in given.items()}
    parameters = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=kind)
        for name, (kind, _) in given.items()
    ]
    made.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    found = describe(made)
    written = {
        name: TypeAdapter(kind).dump_python(value, mode="json")
        for name, (kind, value) in given.items()
    }
    value, _ = shape(found.adapter).check(json.loads(json.dumps(written)))
    assert value == {name: value for name, (_, value) in given.items()}
    assert shape(found.parameters).check(written)[1] == written
