"""Where JSON stands in a text that may not be JSON: every object and list, closed and counted."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from core.llm.unusable import OutputNotJson, OutputNumber, OutputTooDeep

_OPENING = re.compile(r"[{\[]")
_TOKEN = re.compile(r"[{}\[\],:\"'“]|[^\s{}\[\],:\"'“]+")
_CLOSES = {"}": "{", "]": "["}
# The quote that ends a text, or an escape to step over.
_ENDS = {
    '"': re.compile(r'\\.|"', re.S),
    "'": re.compile(r"\\.|'", re.S),
    "“": re.compile(r"\\.|”", re.S),
}
# After the end of a text comes one of these, or the next key where a comma is missing; a quote
# before anything else is a part of the text.
_AFTER = re.compile(r"""\s*(?:[,:}\]]|\Z)|\s+["'][\w $-]{1,60}["']\s*:""")
_LITERAL = re.compile(
    r"true|false|null|True|False|None|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?"
)
_NO_NUMBER = re.compile(r"[-+]?(?:NaN|nan|Infinity|inf)")
_WORD = re.compile(r"[A-Za-z_$][\w$-]*")
_COLON = re.compile(r"\s*:")
_PYTHON = {"True": "true", "False": "false", "None": "null"}
_ESCAPE_OR_QUOTE = re.compile(r'\\(.)|"', re.S)


@dataclass(frozen=True, slots=True)
class Span:
    """Characters [start, end) hold one object or list with so many keys and values in it.

    `leaves` are its texts, numbers and literals in their order, keys included; `broken` says in
    words what no mending of quotes and commas would put right.
    """

    start: int
    end: int
    entries: int
    leaves: tuple[Any, ...]
    broken: str = ""


def scan(text: str, *, most_depth: int, most_digits: int) -> list[Span]:
    """The objects and lists in the text, one after the other; what stands between them is prose.

    Reads valid JSON exactly, and of other text as much as mending needs. Raises OutputNotJson
    where a bracket is not closed: the answer may have been cut there.
    """
    spans: list[Span] = []
    at = 0
    while opening := _OPENING.search(text, at):
        spans.append(_Walk(text, opening.start(), most_depth, most_digits).span())
        at = spans[-1].end
    return spans


@dataclass(slots=True)
class _Open:
    """A bracket that is not closed yet."""

    bracket: str
    entries: int = 0
    colons: int = 0


@dataclass(slots=True)
class _Walk:
    """One pass over one value, from its opening bracket to the one that closes it."""

    text: str
    start: int
    most_depth: int
    most_digits: int
    at: int = field(init=False)
    open: list[_Open] = field(default_factory=list)
    entries: int = 0
    leaves: list[Any] = field(default_factory=list)
    broken: str = ""

    def __post_init__(self) -> None:
        self.at = self.start

    def span(self) -> Span:
        while token := _TOKEN.search(self.text, self.at):
            self.at = token.end()
            self._take(token[0])
            if not self.open:
                return Span(self.start, self.at, self.entries, tuple(self.leaves), self.broken)
        raise self._unclosed()

    def _take(self, token: str) -> None:
        match token:
            case "{" | "[":
                if self.open:
                    self._entry()
                self.open.append(_Open(token))
                if len(self.open) > self.most_depth:
                    raise OutputTooDeep(
                        f"The answer is nested more than {self.most_depth} levels deep."
                    )
            case "}" | "]":
                self._close(token)
            case ":":
                self.open[-1].colons += 1
            case ",":
                pass
            case '"' | "'" | "“":
                self._entry()
                self._quoted(token)
            case _:
                self._entry()
                self._bare(token)

    def _entry(self) -> None:
        self.open[-1].entries += 1
        self.entries += 1

    def _close(self, token: str) -> None:
        closed = self.open.pop()
        if closed.bracket != _CLOSES[token]:
            raise OutputNotJson("The answer is not JSON: its brackets do not match.")
        whole = closed.entries == 2 * closed.colons if token == "}" else not closed.colons
        if not whole:
            self.broken = self.broken or "a key without a value, or a value without a key"

    def _bare(self, token: str) -> None:
        if _NO_NUMBER.fullmatch(token):
            raise OutputNumber(f"The answer holds {token}, which is no number in JSON.")
        if len(token) > self.most_digits and _LITERAL.fullmatch(token):
            raise too_many_digits(token)
        if _WORD.fullmatch(token) and _COLON.match(self.text, self.at):
            self.leaves.append(token)
        elif _LITERAL.fullmatch(token):
            self.leaves.append(json.loads(_PYTHON.get(token, token)))
        else:
            self.broken = self.broken or f"“{token[:40]}” stands there without quotes"

    def _quoted(self, quote: str) -> None:
        begin = self.at
        for found in _ENDS[quote].finditer(self.text, begin):
            if found[0][0] != "\\" and _AFTER.match(self.text, found.end()):
                self.at = found.end()
                self._text(self.text[begin : found.start()])
                return
        raise self._unclosed()

    def _text(self, raw: str) -> None:
        try:
            self.leaves.append(json.loads(f'"{_ESCAPE_OR_QUOTE.sub(_escaped, raw)}"', strict=False))
        except ValueError:
            self.broken = self.broken or f"“{raw[:40]}” holds an escape that is none"

    def _unclosed(self) -> OutputNotJson:
        return OutputNotJson(
            "The answer is not JSON: it ends before its last bracket or quote is closed."
        )


def too_many_digits(digits: str) -> OutputNumber:
    """What a number of that many characters amounts to."""
    return OutputNumber(f"The answer holds a number of {len(digits)} digits: {digits[:20]}…")


def _escaped(found: re.Match[str]) -> str:
    """The escape or the bare quote as JSON writes it."""
    match found[1]:
        case None:
            return '\\"'
        case "'":
            return "'"
        case _:
            return found[0]
