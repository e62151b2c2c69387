"""From the source of a template to what can be run: checked, with every output marked by its origin.

It runs in the worker alone: parsing and compiling a hostile template may take all time and memory.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from jinja2 import Template, nodes
from jinja2.meta import TrackingCodeGenerator
from jinja2.visitor import NodeTransformer

from core.prompts.environment import SandboxEnvironment, Uncomputed
from core.prompts.faults import Fault
from core.prompts.messages import Messages, block, called, role
from core.prompts.origins import Origins
from core.prompts.partials import Partial, Partials

MAX_NESTING = 40
_ABSENT: tuple[tuple[type[nodes.Node], str], ...] = (
    (nodes.Extends, "{% extends %}"),
    (nodes.Block, "{% block %}"),
    (nodes.CallBlock, "{% call %}"),
    (nodes.ScopedEvalContextModifier, "{% autoescape %}"),
)
_SETS = (nodes.Assign, nodes.AssignBlock, nodes.Macro)
_BUFFERED = (nodes.Macro, nodes.AssignBlock, nodes.FilterBlock)


@dataclass(frozen=True, slots=True)
class Given:
    """What a template is compiled from: its body, the trust of each variable, and its partials by ref;
    `pins` says which ref each of their names means."""

    source: str
    trusts: Mapping[str, str]
    pins: Mapping[str, str] = field(default_factory=dict)
    partials: Mapping[str, Partial] = field(default_factory=dict)
    is_partial: bool = False


def compile_template(environment: SandboxEnvironment, given: Given) -> Template:
    """The template, ready to run. Fault, or any error of Jinja2 and Python, when it is not to be."""
    tree = whole_tree(environment, given)
    if not given.is_partial and not any(_may_be_the_users(tree)):
        raise Fault(
            "the template has no user message",
            hint='Write {% message "user" %}{{ question }}{% endmessage %}, say.',
        )
    _check_variables(tree, given.trusts)
    origins = Origins(tree, given.trusts)
    marked = _Marks(environment.messages, origins).visit(tree)
    code = environment.compile(marked)
    return Template.from_code(environment, code, environment.globals)


def whole_tree(environment: SandboxEnvironment, given: Given) -> nodes.Template:
    """The tree with every partial in its place, checked but for its variables."""
    tree = environment.parse(given.source)
    tree = Partials(environment, given.partials).expand(tree, given.pins)
    _check_nesting(tree)
    _check_tags(tree)
    _check_names(environment, tree)
    _check_python(tree)
    if given.is_partial and not any(block(node) == "message" for node in tree.find_all(nodes.With)):
        tree.body = [environment.messages.wrapped(tree.body)]
    _check_places(tree, "outside")
    return tree


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


def _check_python(tree: nodes.Template) -> None:
    """What Jinja2 takes and Python does not: an argument given twice or with Python's own name, a number
    without end."""
    for node in tree.find_all((nodes.Macro, nodes.Call)):
        given = node.args if isinstance(node, nodes.Macro) else []
        names = [each.name for each in given]
        names += [each.key for each in node.kwargs] if isinstance(node, nodes.Call) else []
        if len(set(names)) < len(names):
            twice = next(name for at, name in enumerate(names) if name in names[:at])
            raise Fault(f"the argument {twice!r} is given twice", node.lineno, twice)
        if "__debug__" in names:
            raise Fault("no argument is called '__debug__'", node.lineno, "__debug__")
    for number in tree.find_all(nodes.Const):
        if isinstance(number.value, float) and not math.isfinite(number.value):
            raise Fault("a number that is too large", number.lineno)


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
    used = names_used(tree)
    for name in sorted(used - set(declared)):
        read = (each for each in tree.find_all(nodes.Name) if each.ctx == "load")
        line = next((each.lineno for each in read if each.name == name), 0)
        raise Fault(
            f"{name!r} is used, but not declared",
            line,
            name,
            "Declare it under `variables` in the front matter.",
        )
    for name in sorted(set(declared) - used):
        raise Fault(f"{name!r} is declared, but not used", 0, name, "Use it, or remove it.")


def names_used(tree: nodes.Template) -> set[str]:
    """The variables that a tree needs from outside."""
    assert tree.environment is not None  # the parser sets it
    found = _Names(tree.environment)
    found.optimizer = None  # it computes constants, and some bombs go off there
    found.visit(tree)
    return (found.undeclared_identifiers - _set_in_branches(tree)) | _references(tree)


def _set_in_branches(tree: nodes.Template) -> set[str]:
    """Names that a condition sets before anything reads them: Jinja2 looks for such outside, too."""
    branches = [node for each in tree.find_all(nodes.If) for node in each.find_all(_SETS)]
    names = {each.name for node in branches for each in _names(node) if each.ctx == "store"}
    first: dict[str, str] = {}
    for each in _names(tree):
        first.setdefault(each.name, each.ctx)
    return {name for name in names if first[name] == "store"}


def _names(node: nodes.Node) -> Iterator[nodes.Name]:
    """The names below a node as they come about: what is set is read before."""
    if isinstance(node, nodes.Name):
        yield node
    elif isinstance(node, nodes.Macro):
        yield nodes.Name(node.name, "store")
    children = list(node.iter_child_nodes())
    for child in reversed(children) if isinstance(node, nodes.Assign) else children:
        yield from _names(child)


def _references(tree: nodes.Template) -> set[str]:
    """Names that Jinja2 would fill itself; here they are as unknown as any other."""
    return {name.name for name in tree.find_all(nodes.Name)} & {"self", "super", "caller"}


def _may_be_the_users(tree: nodes.Template) -> Iterator[bool]:
    for node in tree.find_all(nodes.With):
        yield block(node) == "message" and role(node) in ("user", "")


class _Names(Uncomputed, TrackingCodeGenerator):
    """Finds the names that come from outside."""


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
