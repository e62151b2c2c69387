"""The tags that are ours: {% message "user" %}...{% endmessage %}, {% fenced %}...{% endfenced %} and
{% messages history %}."""

from typing import Any

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from core.prompts.pieces import Kind, Piece, mark, piece
from core.prompts.variables import SAID_BY

ROLES = ("system", "user", "assistant")
BLOCKS = ("message", "fenced")
_SAID = "_said"


class Messages(Extension):
    """Each tag becomes a scope whose first and last output are marks; nothing is buffered, so that
    every piece of text reaches the worker with its origin."""

    tags = {*BLOCKS, "messages"}  # noqa: RUF012 (Jinja2 declares it so)

    def parse(self, parser: Parser) -> nodes.Node:
        token = next(parser.stream)
        if token.value == "messages":
            return self._history(parser.parse_expression(), token.lineno)
        role = ""
        if token.value == "message":
            role = parser.stream.expect("string").value
            if role not in ROLES:
                parser.fail(f"a message is of {', '.join(ROLES)}, not of '{role}'", token.lineno)
        kind = str(token.value)
        body = parser.parse_statements((f"name:end{kind}",), drop_needle=True)
        return self._block(kind, nodes.Const(role), body, token.lineno)

    def wrapped(self, body: list[nodes.Node]) -> nodes.Node:
        """The nodes as a message of the user."""
        return self._block("message", nodes.Const("user"), body, 1)

    def _history(self, source: nodes.Expr, line: int) -> nodes.Node:
        """One message for each item of the expression, by the item's own role."""

        def of(key: str) -> nodes.Expr:
            return nodes.Getitem(
                nodes.Name(_SAID, "load", lineno=line), nodes.Const(key), "load", lineno=line
            )

        text = nodes.Output([of("text")], lineno=line)
        said = self._block("message", of("role"), [text], line)
        target = nodes.Name(_SAID, "store", lineno=line)
        return nodes.For(target, source, [said], [], None, False, lineno=line)

    def _block(self, kind: str, role: nodes.Expr, body: list[nodes.Node], line: int) -> nodes.Node:
        first = nodes.Output([self._call("mark", nodes.Const(kind), role)], lineno=line)
        last = nodes.Output(
            [self._call("mark", nodes.Const(f"end{kind}"), nodes.Const(""))], lineno=line
        )
        return nodes.With([], [], [first, *body, last], lineno=line)

    def printed(self, expression: nodes.Expr, variable: str, trust: str) -> nodes.Call:
        """The call that prints the expression with its origin."""
        call = self._call("piece", expression, nodes.Const(variable), nodes.Const(trust))
        call.lineno = expression.lineno
        return call

    def _call(self, function: str, *arguments: nodes.Expr) -> nodes.Call:
        told = bool(arguments) and function == "mark" and not isinstance(arguments[1], nodes.Const)
        name = "said" if told else function
        return nodes.Call(self.attr(name), list(arguments), [], None, None)

    # What the compiled template calls; no name in a template reaches these.

    def mark(self, kind: Kind, role: str) -> Piece:
        return mark(kind, role)

    def said(self, kind: Kind, role: Any) -> Piece:
        """The mark of a message whose role is a value: no value may speak for the system."""
        if role not in SAID_BY:
            raise ValueError("a message that comes as a value is of user or assistant")
        return mark(kind, role)

    def piece(self, value: Any, variable: str, trust: str) -> Piece:
        return piece(value, variable, trust)


def called(expression: nodes.Node) -> str:
    """The function of ours that this expression calls, or ""."""
    if isinstance(expression, nodes.Call) and isinstance(expression.node, nodes.ExtensionAttribute):
        return expression.node.name
    return ""


def block(node: nodes.Node) -> str:
    """Which of our tags this node is, or ""."""
    if isinstance(node, nodes.With) and node.body and isinstance(node.body[0], nodes.Output):
        first = node.body[0].nodes[0]
        if called(first) in ("mark", "said") and isinstance(first, nodes.Call):
            argument = first.args[0]
            return str(argument.value) if isinstance(argument, nodes.Const) else ""
    return ""


def role(node: nodes.Node) -> str:
    """The role of a message, "" when a value says it or the node is none."""
    if block(node) == "message" and isinstance(node, nodes.With):
        first = node.body[0]
        if isinstance(first, nodes.Output) and isinstance(first.nodes[0], nodes.Call):
            given = first.nodes[0].args[1]
            return str(given.value) if isinstance(given, nodes.Const) else ""
    return ""
