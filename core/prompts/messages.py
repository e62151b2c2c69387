"""The tags that are ours: {% message "user" %}...{% endmessage %} and {% fenced %}...{% endfenced %}."""

from typing import Any

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from core.prompts.pieces import Kind, Piece, mark, piece

ROLES = ("system", "user", "assistant")
BLOCKS = ("message", "fenced")


class Messages(Extension):
    """Each tag becomes a scope whose first and last output are marks; nothing is buffered, so that
    every piece of text reaches the worker with its origin."""

    tags = set(BLOCKS)  # noqa: RUF012 (Jinja2 declares it so)

    def parse(self, parser: Parser) -> nodes.Node:
        token = next(parser.stream)
        role = ""
        if token.value == "message":
            role = parser.stream.expect("string").value
            if role not in ROLES:
                parser.fail(f"a message is of {', '.join(ROLES)}, not of '{role}'", token.lineno)
        kind = str(token.value)
        body = parser.parse_statements((f"name:end{kind}",), drop_needle=True)
        first, last = (
            self._mark(kind, role, token.lineno),
            self._mark(f"end{kind}", "", token.lineno),
        )
        return nodes.With([], [], [first, *body, last], lineno=token.lineno)

    def _mark(self, kind: str, role: str, line: int) -> nodes.Output:
        return nodes.Output([self._call("mark", kind, role)], lineno=line)

    def printed(self, expression: nodes.Expr, variable: str, trust: str) -> nodes.Call:
        """The call that prints the expression with its origin."""
        call = self._call("piece", variable, trust)
        return nodes.Call(
            call.node, [expression, *call.args], [], None, None, lineno=expression.lineno
        )

    def _call(self, function: str, *arguments: str) -> nodes.Call:
        constants: list[nodes.Expr] = [nodes.Const(argument) for argument in arguments]
        return nodes.Call(self.attr(function), constants, [], None, None)

    # What the compiled template calls; no name in a template reaches these.

    def mark(self, kind: Kind, role: str) -> Piece:
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
        if called(first) == "mark" and isinstance(first, nodes.Call):
            argument = first.args[0]
            return str(argument.value) if isinstance(argument, nodes.Const) else ""
    return ""
