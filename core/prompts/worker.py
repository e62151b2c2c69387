"""The process in which templates are compiled and run: `python -m core.prompts.worker MEGABYTES SECONDS`.

It knows no key and holds no file open; whatever a template does to it, it is killed and replaced.
"""

import re
import signal
import sys
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from jinja2 import Template
from jinja2.exceptions import (
    SecurityError,
    TemplateError,
    TemplateSyntaxError,
    UndefinedError,
)

from core.processes import inside
from core.prompts import wire
from core.prompts.compiler import Given, compile_template
from core.prompts.defence import Fence
from core.prompts.environment import SandboxEnvironment
from core.prompts.faults import Fault
from core.prompts.layers import Layers
from core.prompts.lines import column, line_of
from core.prompts.partials import Partial, place
from core.prompts.usage import uses
from core.prompts.weave import Weaver

_OURS = re.compile(r"\b(?:do|sync_do|test|bounded)_(\w+)\(\)")
"""A function as Python's errors call it: a filter, a test or range."""
_KEPT = 32
"""Compiled templates that are kept."""

# None of these but the first is a TemplateError, and a template can cause each.
_TROUBLE = (
    TemplateError,
    Fault,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    NameError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    AssertionError,
)


class Late(BaseException):
    """The time is over; nothing catches it by chance."""


class Renderer:
    """Compiles, keeps and runs templates within some seconds; every trouble becomes an answer in words."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._environment = SandboxEnvironment()
        self._compiled: OrderedDict[tuple[object, ...], Template] = OrderedDict()

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The messages, or {} for a mere check, or what is wrong under `refused`."""
        template: Template | None = None
        try:
            signal.setitimer(signal.ITIMER_REAL, self._seconds)
            given = _given(request)
            if request["op"] == "uses":
                return {"uses": uses(self._environment, given)}
            template = self._template(given)
            if request["op"] == "validate":
                return {}
            fence = Fence(request["boundary"], Layers(**request["layers"]))
            return self._render(given, template, request["values"], fence)
        except (*_TROUBLE, Late) as error:
            return _refusal(error, request, template)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _template(self, given: Given) -> Template:
        key = (
            given.source,
            given.is_partial,
            *sorted(given.trusts.items()),
            *sorted(given.pins.items()),
            *((ref, each.source) for ref, each in sorted(given.partials.items())),
        )
        if key not in self._compiled:
            self._compiled[key] = compile_template(self._environment, given)
            if len(self._compiled) > _KEPT:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(key)
        return self._compiled[key]

    def _render(
        self, given: Given, template: Template, values: dict[str, Any], fence: Fence
    ) -> dict[str, Any]:
        weaver = Weaver(fence)
        pieces: Iterable[str] = template.root_render_func(template.new_context(values))
        for part in pieces:
            weaver.add(part)
        users = any(message["role"] == "user" for message in weaver.messages)
        if not users and not given.is_partial:
            raise Fault(
                "the template came out without a user message",
                hint="With these values nothing is left in it: look at the conditions around it.",
            )
        return {"messages": weaver.messages, "removed": weaver.removed}


def _refusal(
    error: BaseException, request: Mapping[str, Any], template: Template | None
) -> dict[str, Any]:
    problem, word, hint = _words(error)
    line = error.line if isinstance(error, Fault) else line_of(error, template)
    if line:
        problem = f"{_where(request, line, word)}: {problem}"
    elif declared := request["lines"].get(word):
        problem = f"line {declared}, column 1: {problem}"
    # After running out of memory, or being stopped somewhere, this process is worth nothing.
    return {"refused": problem, "hint": hint, "spent": isinstance(error, MemoryError | Late)}


def _given(request: Mapping[str, Any]) -> Given:
    return Given(
        request["source"],
        request["trusts"],
        request["pins"],
        {ref: Partial(each["source"], each["pins"]) for ref, each in request["partials"].items()},
        request["is_partial"],
    )


def _where(request: Mapping[str, Any], line: int, word: str) -> str:
    """The place in the prompt's file, or in that of the partial where it is."""
    ref, line = place(line, sorted(request["partials"]))
    file = request["partials"][ref] if ref else request
    said = f"line {line + file['body_line'] - 1}, column {column(file['source'], line, word)}"
    return f"in {ref}, {said}" if ref else said


def _words(error: BaseException) -> tuple[str, str, str]:
    """The problem in words, the word of the template that it is about, and what to do."""
    said = (str(error).splitlines() or [""])[0][:300].rstrip(".")
    said = _OURS.sub(r"\1()", said)
    if isinstance(error, Fault):
        return said, error.word, error.hint
    quoted = said.split("'")
    if isinstance(error, TemplateSyntaxError):
        return said, quoted[1] if len(quoted) > 2 else "", ""
    if isinstance(error, SecurityError):
        return f"not allowed: {said}", "", "A template sees plain data and nothing else."
    if isinstance(error, UndefinedError):
        word = quoted[-2] if len(quoted) > 2 else ""
        return said, word, "Check the name, or test whether it `is defined`."
    problem, hint = _python(error, said)
    return problem, "", hint


def _python(error: BaseException, said: str) -> tuple[str, str]:
    match error:
        case Late():
            hint = "Look for a loop in a loop, or for a text that grows with every step."
            return said, hint
        case MemoryError():
            hint = "Look for a text that grows with every step, or for a very wide one."
            return "the template needs too much memory", hint
        case RecursionError() | SyntaxError():
            problem = "the template is nested too deeply, or a macro calls itself without end"
            return problem, "Use fewer levels and shorter expressions."
        case ValueError() if "integer string conversion" in said:
            return "a number of more than 4,300 digits", ""
        case OverflowError():
            return f"too much: {said}", ""
        case _:
            return said or type(error).__name__, ""


def _late(seconds: float, *_: object) -> None:
    raise Late(f"the template took more than {seconds:g} s and was stopped")


def main() -> None:
    """Answer requests until the pipe is closed."""
    inside.limit_memory(int(sys.argv[1]))
    seconds = float(sys.argv[2])
    renderer = Renderer(seconds)
    signal.signal(signal.SIGALRM, partial(_late, seconds))
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    sink.write(wire.pack({"ready": True}))
    sink.flush()
    while (request := wire.read(source)) is not None:
        # The sandbox kills soon after the limit; this is for the day when it was killed itself.
        signal.setitimer(signal.ITIMER_PROF, seconds + 1)
        answer = wire.pack(renderer.answer(request))
        signal.setitimer(signal.ITIMER_PROF, 0)
        sink.write(answer)
        sink.flush()


if __name__ == "__main__":
    main()
