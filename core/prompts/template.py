"""One version of a prompt: what its file says, as a value."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from core.errors import Refused
from core.prompts import hints, switches
from core.prompts import variables as declared
from core.prompts.front_matter import Head, split
from core.prompts.hints import ModelHints as ModelHints
from core.prompts.layers import USUAL, Layers
from core.prompts.variables import Trust as Trust  # the aliases: what a template is made of
from core.prompts.variables import Variable as Variable
from core.prompts.variables import fault as fault
from core.prompts.variables import one_of

Kind = Literal["prompt", "partial"]

MAX_SOURCE = 65_536
"""Characters of a prompt file."""
MAX_VERSION = 999_999
_GIVEN = frozenset({"question", "passages"})
_FILLED = _GIVEN | {"tools", "steps"}
"""What the chat gives by itself; the last two when tools are chosen."""
_FIELDS = frozenset({"text", "long_text", "number", "choice", "yes_no"})
_KEYS = {
    *("kind", "description", "message", "used_by", "variables", "model", "output", "partials"),
    "defence",
}


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
    kind: Kind = "prompt"
    """A partial is no prompt by itself: others include it, or import its macros."""
    used_by: str = ""
    """Where the app uses it, in words."""
    model: ModelHints = hints.NONE
    output: Mapping[str, Any] | None = None
    """The JSON schema of the answer, None for words."""
    layers: Layers = USUAL
    """The layers of the defence that its answers are made with."""
    pins: tuple[tuple[str, int], ...] = ()
    """The version of each partial that it uses, so that it means the same for ever."""
    partials: tuple["PromptTemplate", ...] = ()
    """Every partial that it needs, those of its partials too; the library fills them in."""

    @property
    def ref(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"

    @property
    def answers(self) -> bool:
        """Whether a question, and the passages found for it, are all that it must be given."""
        asked = self.kind == "prompt" and self.takes("question")
        return asked and all(each.name in _GIVEN for each in self.variables if each.required)

    @property
    def asks(self) -> tuple[Variable, ...]:
        """The variables that somebody who asks gives himself: those that the chat does not fill, and
        that have a field in a small form."""
        own = (each for each in self.variables if each.name not in _FILLED)
        return tuple(each for each in own if each.trust != "retrieved" and each.type in _FIELDS)

    @property
    def can_be_asked(self) -> bool:
        """Whether a question, the passages and what its form asks for are all that it must be given."""
        given = _GIVEN | {each.name for each in self.asks}
        asked = self.kind == "prompt" and self.takes("question")
        return asked and all(each.name in given for each in self.variables if each.required)

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
        raise Refused(_at(head, unknown[0], f"unknown key {unknown[0]!r}"), hint=one_of(_KEYS))
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
        kind=_kind(head),
        used_by=_text(head, "used_by"),
        model=_hints(head),
        output=_output(head),
        layers=_layers(head),
        pins=_pins(head),
    )


def _variables(head: Head) -> tuple[Variable, ...]:
    given = head.data.get("variables")
    if given is None:
        return ()
    if not isinstance(given, list):
        raise Refused(_at(head, "variables", "`variables` is not a list"))
    found: list[Variable] = []
    for number, item in enumerate(given):
        try:
            line = head.lines.get(f"variables.{number}", 0)
            found.append(replace(declared.read(item), line=line))
        except Refused as error:
            raise Refused(_at(head, f"variables.{number}", str(error)), hint=error.hint) from None
        if any(found[-1].name == other.name for other in found[:-1]):
            raise Refused(_at(head, f"variables.{number}", f"{found[-1].name!r} is declared twice"))
    return tuple(found)


def _kind(head: Head) -> Kind:
    match head.data.get("kind", "prompt"):
        case "prompt":
            return "prompt"
        case "partial":
            return "partial"
        case other:
            raise Refused(
                _at(head, "kind", f"unknown kind {other!r}"), hint="It is one of: partial, prompt."
            )


def _hints(head: Head) -> ModelHints:
    try:
        return hints.read(_mapping(head, "model") or {})
    except Refused as error:
        raise Refused(_at(head, "model", str(error)), hint=error.hint) from None


def _output(head: Head) -> Mapping[str, Any] | None:
    schema = _mapping(head, "output")
    if schema is None:
        return None
    try:
        # Dates and the like are YAML and no JSON.
        return dict(json.loads(json.dumps(schema, allow_nan=False)))
    except (TypeError, ValueError) as error:
        raise Refused(_at(head, "output", f"output: not a JSON schema: {error}")) from None


def _pins(head: Head) -> tuple[tuple[str, int], ...]:
    given = _mapping(head, "partials") or {}
    for name, version in given.items():
        if not isinstance(name, str) or type(version) is not int or not 0 < version <= MAX_VERSION:
            raise Refused(
                _at(head, "partials", f"partials: {name!r} has no version"),
                hint="Write the name of each partial and its version, `rules: 3`; or leave it out: "
                "saving fills it in.",
            )
    return tuple(sorted(given.items()))


def _layers(head: Head) -> Layers:
    given = _mapping(head, "defence")
    if given is not None and head.data.get("kind") == "partial":
        raise Refused(
            _at(head, "defence", "defence: a partial is sent with the layers of who uses it"),
            hint="Write `defence` into the prompts that use it.",
        )
    try:
        return switches.read(given or {})
    except switches.UnknownLayer as error:
        at = f"defence.{error.name}" if f"defence.{error.name}" in head.lines else "defence"
        raise Refused(_at(head, at, str(error)), hint=error.hint) from None


def _mapping(head: Head, key: str) -> dict[Any, Any] | None:
    value = head.data.get(key)
    if value is not None and not isinstance(value, dict):
        raise Refused(_at(head, key, f"{key!r} is not a list of `key: value`"))
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
