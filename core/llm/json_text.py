"""One JSON value from what a model wrote: strictly, else mended, and never guessed."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Literal

from core.llm.json_scan import Span, scan, too_many_digits
from core.llm.unusable import (
    OutputBareValue,
    OutputBrokenText,
    OutputDuplicateKey,
    OutputEmpty,
    OutputNotJson,
    OutputNumber,
    OutputSeveral,
    OutputTooDeep,
    OutputWrongShape,
    UnusableOutput,
)

Kind = Literal["object", "array", "any"]

MOST_DEPTH = 64
"""Levels of nesting. The readers of Python and Rust give up at about 1,000 and 200."""
MOST_DIGITS = 100
"""Characters of one number; a float has 17 digits that mean something."""
MOST_MENDED = 200_000
"""Characters. Mending costs milliseconds per kilobyte."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_OPENING = {"object": "{", "array": "["}
_NAMES = {"object": "an object", "array": "a list"}


def read(text: str, kind: Kind, *, mend: bool = True) -> tuple[Any, bool]:
    """The one value in the text, and whether it had to be mended; raises UnusableOutput.

    Mended are fences and prose around the value, quotes and commas. Nothing is added: brackets
    that were not closed, and values that are not there, are refused.
    """
    text = text.strip().removeprefix("\ufeff")
    if not text:
        raise OutputEmpty("The answer is empty.")
    try:
        value, mended = strict(text), False
    except json.JSONDecodeError as error:
        if not mend:
            raise OutputNotJson(f"The answer is not JSON: {error}.") from error
        value, mended = _mended(text, kind), True
    _expect(value, kind)
    return value, mended


def strict(text: str) -> Any:
    """The value of JSON as the standard has it; JSONDecodeError is left to whoever can mend."""
    found = _Found()
    try:
        value = json.loads(
            text,
            object_pairs_hook=found.object,
            parse_int=found.int,
            parse_float=found.float,
            parse_constant=found.constant,
        )
    except RecursionError as error:
        raise _too_deep() from error
    if found.fault is not None:
        raise found.fault
    _inspect(value)
    return value


def _mended(text: str, kind: Kind) -> Any:
    if len(text) > MOST_MENDED:
        raise OutputNotJson(f"The answer is not JSON, and {len(text):,} characters long.")
    span = _only(text, scan(text, most_depth=MOST_DEPTH, most_digits=MOST_DIGITS), kind)
    piece = text[span.start : span.end]
    try:
        return strict(piece)
    except json.JSONDecodeError as error:
        if span.broken:
            raise OutputNotJson(f"The answer is not JSON: {span.broken}.") from error
    import json_repair  # here, as few answers need it

    try:
        value = strict(json.dumps(json_repair.loads(piece, skip_json_loads=True)))
    except (ValueError, RecursionError) as error:
        raise OutputNotJson(f"The answer is not JSON, and cannot be mended: {error}.") from error
    # It drops, doubles and makes up: 10:30 becomes 10, and "it's" may keep a quote too many.
    if _entries(value) != span.entries or tuple(_leaves(value)) != span.leaves:
        raise OutputNotJson(
            "The answer is not JSON, and cannot be mended without losing a part of it; perhaps a "
            "key is there twice, or a quote inside a text lacks its backslash."
        )
    return value


def _only(text: str, spans: list[Span], kind: Kind) -> Span:
    fitting = [span for span in spans if _OPENING.get(kind) in (None, text[span.start])]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise OutputSeveral(f"The answer holds {len(fitting)} JSON values instead of one.")
    if spans:
        raise _wrong_shape(kind)
    raise OutputNotJson(f"The answer holds no JSON; it begins with “{text[:60]}”.")


def _expect(value: Any, kind: Kind) -> None:
    match value:
        case dict():
            fits = kind != "array"
        case list():
            fits = kind != "object"
        case _ if kind != "any":
            raise OutputBareValue(
                f"The answer is {_name(value)} alone, where {_NAMES[kind]} was asked for."
            )
        case _:
            fits = True
    if not fits:
        raise _wrong_shape(kind)


def _wrong_shape(kind: Kind) -> OutputWrongShape:
    given, asked = ("a list", "an object") if kind == "object" else ("an object", "a list")
    return OutputWrongShape(f"The answer is {given}, where {asked} was asked for.")


def _too_deep() -> OutputTooDeep:
    return OutputTooDeep(f"The answer is nested more than {MOST_DEPTH} levels deep.")


def _name(value: Any) -> str:
    match value:
        case str():
            return "a text"
        case bool() | None:
            return json.dumps(value)
        case _:
            return "a number"


# --- what strict JSON lets through and we do not ----------------------------------------------


class _Found:
    """What the reader meets. The first fault is kept until it is known that the text is JSON: what
    stands before the value may begin with a NaN too."""

    def __init__(self) -> None:
        self.fault: UnusableOutput | None = None

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
            self._note(
                OutputDuplicateKey(f"The answer has the key {twice[:60]!r} twice in one object.")
            )
        return found

    def int(self, digits: str) -> Any:
        return int(digits) if self._short(digits) else None

    def float(self, digits: str) -> Any:
        value = float(digits) if self._short(digits) else 0.0
        if math.isinf(value):
            self._note(OutputNumber(f"The answer holds a number that is too large: {digits}."))
        return value

    def constant(self, name: str) -> None:
        self._note(OutputNumber(f"The answer holds {name}, which is no number in JSON."))

    def _short(self, digits: str) -> bool:
        if len(digits) > MOST_DIGITS:
            self._note(too_many_digits(digits))
        return len(digits) <= MOST_DIGITS

    def _note(self, fault: UnusableOutput) -> None:
        self.fault = self.fault or fault


def _inspect(value: Any) -> None:
    level, depth = [value], 0
    while level:
        if any(isinstance(each, str) and _UNSTORABLE.search(each) for each in level):
            raise OutputBrokenText(
                "The answer holds half a character (a lone surrogate) or a NUL, which no database "
                "and no other reader of JSON can hold."
            )
        depth += any(isinstance(each, dict | list) for each in level)
        if depth > MOST_DEPTH:
            raise _too_deep()
        level = [inner for each in level for inner in _inside(each)]


def _entries(value: Any) -> int:
    """How many keys and values there are, those of every level counted."""
    level, count = [value], 0
    while level:
        level = [inner for each in level for inner in _inside(each)]
        count += len(level)
    return count


def _leaves(value: Any) -> Iterator[Any]:
    match value:
        case dict():
            for key, inner in value.items():
                yield key
                yield from _leaves(inner)
        case list():
            for inner in value:
                yield from _leaves(inner)
        case _:
            yield value


def _inside(value: Any) -> list[Any]:
    match value:
        case dict():
            return [*value, *value.values()]
        case list():
            return value
        case _:
            return []
