"""Where in a template something is wrong."""

import re
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from jinja2 import Template, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.parser import Parser


def column(source: str, line: int, word: str) -> int:
    """Where the word stands in the line, else where its first tag begins; from 1."""
    lines = source.split("\n")
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    named = re.search(rf"(?<![\w.'\"]){re.escape(word)}(?!\w)", text) if word else None
    found = named or re.search(r"\{[{%#]", text)
    return found.start() + 1 if found else 1


def line_of(error: BaseException, template: Template | None) -> int:
    """The line of the body on which the error arose, or that was being read, 0 when it cannot be told."""
    if isinstance(error, TemplateSyntaxError):
        return error.lineno
    line = offset = 0
    frame = error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == "<template>" and template is not None:
            line = template.get_corresponding_lineno(_at(frame))
        elif template is None:
            known = frame.tb_frame.f_locals
            offset = known["offset"] if frame.tb_frame.f_code.co_name == "_parsed" else offset
            line = _read(known) or line
        frame = frame.tb_next
    return line + offset if line else 0


def _at(place: TracebackType) -> int:
    """The line of the code there; between two lines, where a signal may come, that of the one before."""
    code, at = place.tb_frame.f_code, place.tb_lasti
    before = [line for start, _, line in code.co_lines() if line is not None and start <= at]
    return before[-1] if before else 0


def _read(known: Mapping[str, Any]) -> int:
    """The line at which a function with these locals reads a template, 0 for one that reads none."""
    match known:
        case {"node": nodes.Node(lineno=int(line))} | {"self": nodes.Node(lineno=int(line))}:
            return line
        case {"self": Parser() as parser}:
            return parser.stream.current.lineno
        case {"lineno": int(line), "stream": _}:
            return line
        case _:
            return 0
