"""The variables of a prompt: their types, whose words they hold, and what a value must be."""

import json
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from core.errors import Refused

VariableType = Literal[
    "text", "long_text", "number", "choice", "yes_no", "list", "json", "messages"
]
Trust = Literal["trusted", "user", "retrieved"]

MAX_DEPTH = 64
"""Levels of lists and objects in a value."""
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
SAID_BY = ("user", "assistant")
"""Who may have said a message that comes as a value; what the system says stands in the template."""
# Words of Jinja2: a variable of this name could not be printed, or would hide something. Filters and
# tests are names of their own, so a variable may be called like one.
_TAKEN = frozenset(
    (
        *("and", "as", "caller", "context", "else", "false", "if", "import", "in", "is", "kwargs"),
        *("loop", "none", "not", "or", "range", "recursive", "self", "super", "true", "varargs"),
        *("with", "without"),
    )
)
_KEYS = {"name", "type", "trust", "required", "default", "choices", "description"}
_EMPTY: dict[str, Any] = {
    "text": "",
    "long_text": "",
    "yes_no": False,
    "list": [],
    "choice": "",
    "messages": [],
}


@dataclass(frozen=True, slots=True)
class Variable:
    """A value that a template takes; `trust` says whose words it holds."""

    name: str
    type: VariableType = "text"
    trust: Trust = "user"
    required: bool = False
    default: Any = None
    description: str = ""
    choices: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)
    """Where the file declares it."""

    @property
    def initial(self) -> Any:
        """What it is when nobody gives it: the default, else the empty value of its type."""
        return _EMPTY.get(self.type) if self.default is None else self.default


def is_name(name: object) -> bool:
    """Whether a variable may be called so."""
    return isinstance(name, str) and bool(NAME.fullmatch(name)) and name not in _TAKEN


def is_number(value: object) -> bool:
    """Whether it is one that a float can hold: no infinity, nor a whole number beyond all bounds."""
    largest = sys.float_info.max
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and -largest <= value <= largest
    )


def fault(variable: Variable, value: Any) -> str:
    """What is wrong with this value for the variable, or ""."""
    match variable.type:
        case "text" | "long_text":
            return "" if isinstance(value, str) else "is not a text"
        case "number":
            return "" if is_number(value) else "is not a number"
        case "choice":
            return "" if value in variable.choices else f"is none of {', '.join(variable.choices)}"
        case "yes_no":
            return "" if isinstance(value, bool) else "is neither true nor false"
        case "list":
            return _depth_fault(value) if isinstance(value, list | tuple) else "is not a list"
        case "messages":
            return _messages_fault(value)
        case "json":
            return _depth_fault(value)


def _depth_fault(value: Any) -> str:
    """Whoever keeps a value and reads it again does so level by level, and would run out of stack."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [item for each in level for item in _items(each)]
        if not level:
            return ""
    return f"is nested more than {MAX_DEPTH} levels deep"


def _items(value: Any) -> Iterable[Any]:
    match value:
        case dict():
            return value.values()
        case list() | tuple():
            return value
        case _:
            return ()


def _messages_fault(value: Any) -> str:
    if not isinstance(value, list | tuple):
        return "is not a list of messages"
    for number, each in enumerate(value, 1):
        if not isinstance(each, dict) or set(each) != {"role", "text"}:
            return f"is not a list of messages: number {number} is not a role and a text"
        if each["role"] not in SAID_BY:
            return f"has a message (number {number}) that is neither of user nor of assistant"
        if not isinstance(each["text"], str):
            return f"has a message (number {number}) whose text is not a text"
    return ""


def read(item: Any) -> Variable:
    """The variable that an entry under `variables` declares. Refused when it makes no sense."""
    if not isinstance(item, dict):
        raise Refused("a variable is written as `- name: ...`")
    name = item.get("name")
    if not isinstance(name, str) or not is_name(name):
        raise Refused(
            f"{name!r} cannot be the name of a variable",
            hint="Use small letters, digits and _; the words of Jinja2 are taken.",
        )
    if unknown := sorted(str(key) for key in set(item) - _KEYS):
        raise Refused(f"variable {name!r}: unknown key {unknown[0]!r}", hint=one_of(_KEYS))
    variable = Variable(
        name=name,
        type=_choice(item, name, "type", "text", get_args(VariableType)),
        trust=_choice(item, name, "trust", "user", get_args(Trust)),
        required=item.get("required", False),
        default=item.get("default"),
        description=str(item.get("description") or ""),
        choices=_choices(item, name),
    )
    _check(variable)
    return variable


def one_of(words: Any) -> str:
    """The hint that names what there is."""
    return f"It is one of: {', '.join(sorted(words))}."


def _check(variable: Variable) -> None:
    problem = ""
    if not isinstance(variable.required, bool):
        problem = "`required` is neither true nor false"
    elif (variable.type == "choice") != bool(variable.choices):
        problem = "`choices` belong to the type choice, and it needs them"
    elif variable.default is not None and variable.required:
        problem = "it is required, so its default would never be used"
    elif variable.default is not None and (wrong := _default_fault(variable)):
        problem = f"the default {wrong}"
    if problem:
        raise Refused(f"variable {variable.name!r}: {problem}")


def _default_fault(variable: Variable) -> str:
    # YAML has dates, sets and bytes; a template is given what JSON has.
    try:
        json.dumps(variable.default, allow_nan=False)
    except (TypeError, ValueError) as error:
        return f"is not plain data: {error}"
    return fault(variable, variable.default)


def _choices(item: dict[str, Any], name: str) -> tuple[str, ...]:
    given = item.get("choices") or []
    if not isinstance(given, list):
        raise Refused(f"variable {name!r}: `choices` is not a list")
    for choice in given:
        if not isinstance(choice, str) and not is_number(choice):
            raise Refused(
                f"variable {name!r}: the choice {choice!r} is not a text",
                hint="Write it in quotes: YAML takes yes, no, on and off for true and false.",
            )
    return tuple(str(choice) for choice in given)


def _choice(item: dict[str, Any], name: str, key: str, default: str, allowed: Any) -> Any:
    value = item.get(key, default)
    if not isinstance(value, str) or value not in allowed:
        raise Refused(f"variable {name!r}: unknown {key} {value!r}", hint=one_of(allowed))
    return value
