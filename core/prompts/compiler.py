"""From the source of a template to what can be run: checked, with every output marked by its origin.

It runs in the worker alone: parsing and compiling a hostile template may take all time and memory.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import Template, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.meta import find_undeclared_variables
from jinja2.visitor import NodeTransformer

from core.prompts.environment import SandboxEnvironment
from core.prompts.messages import Messages, block, called
from core.prompts.origins import Origins

MAX_NESTING = 40
_ABSENT: tuple[tuple[type[nodes.Node], str], ...] = (
    (nodes.Include, "{% include %}"),
    (nodes.Import, "{% import %}"),
    (nodes.FromImport, "{% from %}"),
    (nodes.Extends, "{% extends %}"),
    (nodes.Block, "{% block %}"),
    (nodes.CallBlock, "{% call %}"),
    (nodes.ScopedEvalContextModifier, "{% autoescape %}"),
)
_BUFFERED = (nodes.Macro, nodes.AssignBlock, nodes.FilterBlock)


class Fault(Exception):
    """What is wrong with a template, at a line of its body (0: nowhere) and about a word of it."""

    def __init__(self, problem: str, line: int = 0, word: str = "", hint: str = "") -> None:
        super().__init__(problem)
        self.line = line
        self.word = word
        self.hint = hint


def compile_template(
    environment: SandboxEnvironment, source: str, trusts: Mapping[str, str]
) -> Template:
    """The template, ready to run. Fault, or any error of Jinja2 and Python, when it is not to be."""
    tree = environment.parse(source)
    _check_nesting(tree)
    _check_tags(tree)
    _check_names(environment, tree)
    _check_places(tree, "outside")
    _check_variables(tree, trusts)
    origins = Origins(tree, trusts)
    marked = _Marks(environment.messages, origins).visit(tree)
    code = environment.compile(marked)
    return Template.from_code(environment, code, environment.globals)


def column(source: str, line: int, word: str) -> int:
    """Where the word stands in the line, else where its first tag begins; from 1."""
    lines = source.split("\n")
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    named = re.search(rf"(?<![\w.'\"]){re.escape(word)}(?!\w)", text) if word else None
    found = named or re.search(r"\{[{%#]", text)
    return found.start() + 1 if found else 1


def _check_nesting(tree: nodes.Template) -> None:
    level: list[nodes.Node] = [tree]
    for _ in range(MAX_NESTING * 2):  # a statement and its expression are two levels of the tree
        level = [child for node in level for child in node.iter_child_nodes()]
        if not level:
            return
    raise Fault("the template is nested too deeply", level[0].lineno)


def _check_tags(tree: nodes.Template) -> None:
    for kind, tag in _ABSENT:
        if (found := tree.find(kind)) is not None:
            raise Fault(f"{tag} is not available in a prompt", found.lineno)
    for loop in tree.find_all(nodes.For):
        if loop.recursive:
            raise Fault("a recursive loop is not available in a prompt", loop.lineno)


def _check_names(environment: SandboxEnvironment, tree: nodes.Template) -> None:
    # Jinja2 leaves an unknown filter inside a condition to be found out when it runs.
    for used in tree.find_all((nodes.Filter, nodes.Test)):
        is_filter = isinstance(used, nodes.Filter)
        known = environment.filters if is_filter else environment.tests
        if used.name not in known:
            word = "filter" if is_filter else "test"
            raise Fault(
                f"there is no {word} '{used.name}'",
                used.lineno,
                used.name,
                f"There are: {', '.join(sorted(known))}.",
            )


def _check_places(node: nodes.Node, where: str) -> None:
    """Messages stand outside of everything but loops and conditions, fenced parts inside a message."""
    for child in node.iter_child_nodes():
        kind = block(child)
        if kind:
            if (where, kind) not in {("outside", "message"), ("message", "fenced")}:
                raise Fault(
                    f"{{% {kind} %}} cannot stand here: it is inside of another block", child.lineno
                )
            _check_places(child, kind)
        elif isinstance(child, nodes.Output) and where == "outside":
            _check_blank(child)
        else:
            _check_places(child, "buffered" if isinstance(child, _BUFFERED) else where)


def _check_blank(output: nodes.Output) -> None:
    for child in output.nodes:
        if isinstance(child, nodes.TemplateData) and not child.data.strip():
            continue
        line = child.lineno
        if isinstance(child, nodes.TemplateData):
            line += len(child.data[: len(child.data) - len(child.data.lstrip())].split("\n")) - 1
        raise Fault(
            "text outside of a message",
            line,
            hint='Put it between {% message "system" %} or {% message "user" %} and {% endmessage %}.',
        )


def _check_variables(tree: nodes.Template, declared: Mapping[str, str]) -> None:
    if not any(_roles(tree)):
        raise Fault(
            "the template has no user message",
            hint='Write {% message "user" %}{{ question }}{% endmessage %}, say.',
        )
    used = find_undeclared_variables(tree) | _references(tree)
    for name in sorted(used - set(declared)):
        line = next((found.lineno for found in tree.find_all(nodes.Name) if found.name == name), 0)
        raise Fault(
            f"{name!r} is used, but not declared",
            line,
            name,
            "Declare it under `variables` in the front matter.",
        )
    for name in sorted(set(declared) - used):
        raise Fault(f"{name!r} is declared, but not used", hint="Use it, or remove it.")


def _references(tree: nodes.Template) -> set[str]:
    """Names that Jinja2 would fill itself; here they are as unknown as any other."""
    return {name.name for name in tree.find_all(nodes.Name)} & {"self", "super", "caller"}


def _roles(tree: nodes.Template) -> Iterator[bool]:
    for output in tree.find_all(nodes.With):
        if block(output) == "message" and isinstance(output.body[0], nodes.Output):
            call = output.body[0].nodes[0]
            yield isinstance(call, nodes.Call) and call.args[1] == nodes.Const("user")


class _Marks(NodeTransformer):
    """Makes every output that reaches the message say which variable it comes from."""

    def __init__(self, messages: Messages, origins: Origins) -> None:
        self._messages = messages
        self._origins = origins
        self._blocks = 0

    def visit_Output(self, node: nodes.Output) -> nodes.Output:
        node.nodes = [
            child
            if isinstance(child, nodes.TemplateData) or called(child)
            else self._printed(child)
            for child in node.nodes
        ]
        return node

    def visit_Macro(self, node: nodes.Macro) -> nodes.Macro:
        return node  # what it says is marked where it is printed

    def visit_AssignBlock(self, node: nodes.AssignBlock) -> nodes.AssignBlock:
        return node

    def visit_FilterBlock(self, node: nodes.FilterBlock) -> list[nodes.Node]:
        """A filtered part is first kept, then printed, so that the filter sees text without marks."""
        self._blocks += 1
        name = f"_filtered_{self._blocks}"
        variable, trust = self._origins.of(node)
        kept = nodes.AssignBlock(
            nodes.Name(name, "store"), node.filter, node.body, lineno=node.lineno
        )
        value = nodes.Name(name, "load", lineno=node.lineno)
        return [
            kept,
            nodes.Output([self._messages.printed(value, variable, trust)], lineno=node.lineno),
        ]

    def _printed(self, expression: nodes.Expr) -> nodes.Expr:
        return self._messages.printed(expression, *self._origins.of(expression))


def line_of(error: BaseException, template: Template | None) -> int:
    """The line of the body on which the error arose, 0 when it cannot be told."""
    if isinstance(error, TemplateSyntaxError):
        return error.lineno
    line = 0
    frame: Any = error.__traceback__
    while template is not None and frame is not None:
        if frame.tb_frame.f_code.co_filename == "<template>":
            line = template.get_corresponding_lineno(frame.tb_lineno)
        frame = frame.tb_next
    return line
