"""One version of a prompt: what its file says, as a value."""

import hashlib
import math
import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from core.errors import Refused
from core.prompts.front_matter import Head, split

VariableType = Literal["text", "long_text", "number", "choice", "yes_no", "list", "json"]
Trust = Literal["trusted", "user", "retrieved"]

MAX_SOURCE = 65_536
"""Characters of a prompt file."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
# Words of Jinja2: a variable of this name could not be printed, or would hide something.
_TAKEN = frozenset(
    (
        *("and", "as", "caller", "context", "else", "false", "if", "import", "in", "is", "kwargs"),
        *("loop", "none", "not", "or", "range", "recursive", "self", "super", "true", "varargs"),
        *("with", "without"),
    )
)
_KEYS = {"description", "message", "variables"}
_VARIABLE_KEYS = {"name", "type", "trust", "required", "default", "choices", "description"}
_EMPTY: dict[str, Any] = {"text": "", "long_text": "", "yes_no": False, "list": [], "choice": ""}


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

    @property
    def initial(self) -> Any:
        """What it is when nobody gives it: the default, else the empty value of its type."""
        return _EMPTY.get(self.type) if self.default is None else self.default


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """Version `version` of prompt `name`: `source` is the Jinja2 body, `raw` the whole file."""

    name: str
    version: int
    description: str
    variables: tuple[Variable, ...]
    source: str
    raw: str
    sha256: str
    message: str = ""
    """Why this version was made."""
    body_line: int = 1
    """The line of the file on which the body begins."""

    @property
    def ref(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"

    @property
    def answers(self) -> bool:
        """Whether a question, and the passages found for it, are all that it must be given."""
        needed = {variable.name for variable in self.variables if variable.required}
        return self.takes("question") and needed <= {"question", "passages"}

    def takes(self, name: str) -> bool:
        """Whether a variable of this name is declared."""
        return any(variable.name == name for variable in self.variables)


def parse(name: str, version: int, raw: str) -> PromptTemplate:
    """The template that the file holds; Refused with the place of the first fault.

    It reads the front matter alone: the body is compiled by the sandbox's worker and nowhere else.
    """
    if len(raw) > MAX_SOURCE:
        raise Refused(
            f"the template has {len(raw):,} characters: at most {MAX_SOURCE:,}",
            hint="Give long texts as variables.",
        )
    raw = raw.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    head = split(raw)
    if unknown := sorted(set(head.data) - _KEYS):
        raise Refused(_at(head, unknown[0], f"unknown key {unknown[0]!r}"), hint=_one_of(_KEYS))
    return PromptTemplate(
        name=name,
        version=version,
        description=_text(head, "description"),
        variables=_variables(head),
        source=head.body,
        raw=raw,
        sha256=hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest(),
        message=_text(head, "message"),
        body_line=head.body_line,
    )


def fault(variable: Variable, value: Any) -> str:
    """What is wrong with this value for the variable, or ""."""
    match variable.type:
        case "text" | "long_text":
            return "" if isinstance(value, str) else "is not a text"
        case "number":
            number = isinstance(value, int | float) and not isinstance(value, bool)
            return "" if number and math.isfinite(value) else "is not a number"
        case "choice":
            return "" if value in variable.choices else f"is none of {', '.join(variable.choices)}"
        case "yes_no":
            return "" if isinstance(value, bool) else "is neither true nor false"
        case "list":
            return "" if isinstance(value, list | tuple) else "is not a list"
        case "json":
            return ""


def _variables(head: Head) -> tuple[Variable, ...]:
    given = head.data.get("variables")
    if given is None:
        return ()
    if not isinstance(given, list):
        raise Refused(_at(head, "variables", "`variables` is not a list"))
    found: list[Variable] = []
    for number, item in enumerate(given):
        try:
            found.append(_variable(item))
        except Refused as error:
            raise Refused(_at(head, f"variables.{number}", str(error)), hint=error.hint) from None
        if any(found[-1].name == other.name for other in found[:-1]):
            raise Refused(_at(head, f"variables.{number}", f"{found[-1].name!r} is declared twice"))
    return tuple(found)


def _variable(item: Any) -> Variable:
    if not isinstance(item, dict):
        raise Refused("a variable is written as `- name: ...`")
    name = item.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _TAKEN:
        raise Refused(
            f"{name!r} cannot be the name of a variable",
            hint="Use small letters, digits and _; the words of Jinja2 are taken.",
        )
    if unknown := sorted(str(key) for key in set(item) - _VARIABLE_KEYS):
        raise Refused(
            f"variable {name!r}: unknown key {unknown[0]!r}", hint=_one_of(_VARIABLE_KEYS)
        )
    choices = item.get("choices") or []
    if not isinstance(choices, list):
        raise Refused(f"variable {name!r}: `choices` is not a list")
    variable = Variable(
        name=name,
        type=_choice(item, name, "type", "text", get_args(VariableType)),
        trust=_choice(item, name, "trust", "user", get_args(Trust)),
        required=item.get("required", False),
        default=item.get("default"),
        description=str(item.get("description") or ""),
        choices=tuple(str(choice) for choice in choices),
    )
    _check(variable)
    return variable


def _check(variable: Variable) -> None:
    problem = ""
    if not isinstance(variable.required, bool):
        problem = "`required` is neither true nor false"
    elif (variable.type == "choice") != bool(variable.choices):
        problem = "`choices` belong to the type choice, and it needs them"
    elif variable.default is not None and variable.required:
        problem = "it is required, so its default would never be used"
    elif variable.default is not None and (wrong := fault(variable, variable.default)):
        problem = f"the default {wrong}"
    if problem:
        raise Refused(f"variable {variable.name!r}: {problem}")


def _choice(item: dict[str, Any], name: str, key: str, default: str, allowed: Any) -> Any:
    value = item.get(key, default)
    if value not in allowed:
        raise Refused(f"variable {name!r}: unknown {key} {value!r}", hint=_one_of(allowed))
    return value


def _text(head: Head, key: str) -> str:
    value = head.data.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(_at(head, key, f"{key!r} is not a text"))
    return value.strip()


def _at(head: Head, key: str, problem: str) -> str:
    return f"line {head.lines.get(key, 1)}, column 1: {problem}"


def _one_of(words: Any) -> str:
    return f"It is one of: {', '.join(sorted(words))}."
