"""How a template uses each name: enough to offer a declaration for one that has none."""

from jinja2 import nodes

from core.prompts.compiler import Given, names_used, whole_tree
from core.prompts.environment import SandboxEnvironment

_RETRIEVED = {"passages", "passage", "documents", "document", "sources", "context", "page"}
_LONG = {"question", "text", "answer", "context", "document", "rubric", "instructions", "summary"}


def uses(environment: SandboxEnvironment, given: Given) -> dict[str, dict[str, str]]:
    """Every variable of the template in alphabetical order, with the type and trust that it seems to
    have. Fault, or any error of Jinja2, when the template cannot be read."""
    tree = whole_tree(environment, given)
    lists, histories, switches, numbers = _kinds(tree)

    def kind(name: str) -> str:
        if name in histories:
            return "messages"
        if name in lists:
            return "list"
        if name in numbers:
            return "number"
        if name in switches and not _printed(tree, name):
            return "yes_no"
        return "long_text" if name in _LONG else "text"

    return {
        name: {"type": kind(name), "trust": "retrieved" if name in _RETRIEVED else "user"}
        for name in sorted(names_used(tree))
    }


def _kinds(tree: nodes.Template) -> tuple[set[str], set[str], set[str], set[str]]:
    lists, histories = set[str](), set[str]()
    for loop in tree.find_all(nodes.For):
        if isinstance(loop.iter, nodes.Name):
            said = isinstance(loop.target, nodes.Name) and loop.target.name == "_said"
            (histories if said else lists).add(loop.iter.name)
    switches = {each.test.name for each in _tests(tree) if isinstance(each.test, nodes.Name)}
    numbers = {
        side.name
        for sum_ in tree.find_all((nodes.Add, nodes.Sub, nodes.Mul, nodes.Div))
        for side in (sum_.left, sum_.right)
        if isinstance(side, nodes.Name)
    }
    return lists, histories, switches, numbers


def _tests(tree: nodes.Template) -> list[nodes.If | nodes.CondExpr]:
    return list(tree.find_all((nodes.If, nodes.CondExpr)))


def _printed(tree: nodes.Template, name: str) -> bool:
    return any(
        isinstance(part, nodes.Name) and part.name == name
        for output in tree.find_all(nodes.Output)
        for part in output.nodes
    )
