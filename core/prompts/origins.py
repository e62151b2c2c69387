"""Which variables an expression of a template may print: a flow of names, on the safe side.

Names are followed through loops, assignments, `with` and macros without regard to order or scope:
whatever a name may hold anywhere, it is taken to hold everywhere. Conditions and comparisons
choose or yield a truth value and hand no text on.
"""

from collections.abc import Iterator, Mapping

from jinja2 import nodes

# The others of a loop are numbers and truth values of its own.
_LOOP_ITEMS = {"previtem", "nextitem"}
_RANK = {"retrieved": 2, "user": 1, "trusted": 0}


class Origins:
    """The flow of one template whose variables have these trusts."""

    def __init__(self, tree: nodes.Template, trusts: Mapping[str, str]) -> None:
        self._trusts = trusts
        self._names: dict[str, set[str]] = {name: {name} for name in trusts}
        self._flows = list(self._edges(tree))
        self._settle()

    def of(self, node: nodes.Node) -> tuple[str, str]:
        """The least trusted variable that the node may print, and its trust; ("", "trusted") if none."""
        reached = set[str]().union(*(self._names.get(name, set()) for name in _read(node)))
        if not reached:
            return "", "trusted"
        worst = min(reached, key=lambda name: (-_RANK[self._trusts[name]], name))
        return worst, self._trusts[worst]

    def _settle(self) -> None:
        changed = True
        while changed:
            changed = False
            for name, sources in self._flows:
                known = self._names.setdefault(name, set())
                before = len(known)
                for source in sources:
                    known |= self._names.get(source, set())
                changed = changed or len(known) > before

    def _edges(self, tree: nodes.Template) -> Iterator[tuple[str, set[str]]]:
        calls = set[str]()
        for call in tree.find_all(nodes.Call):
            calls.update(*(_read(argument) for argument in [*call.args, *call.kwargs]))
        for node in tree.find_all(
            (nodes.Assign, nodes.AssignBlock, nodes.For, nodes.With, nodes.Macro)
        ):
            if isinstance(node, nodes.Macro):
                yield node.name, _read(*node.body)
                for name in [*(argument.name for argument in node.args), "varargs", "kwargs"]:
                    yield name, calls | _read(*node.defaults)
            else:
                for target, sources in _assigned(node):
                    for name in _stored(target):
                        yield name, sources


def _assigned(node: nodes.Node) -> Iterator[tuple[nodes.Node, set[str]]]:
    if isinstance(node, nodes.Assign):
        yield node.target, _read(node.node)
    elif isinstance(node, nodes.AssignBlock):
        yield node.target, _read(*node.body, *([node.filter] if node.filter else []))
    elif isinstance(node, nodes.For):
        yield node.target, _read(node.iter)
        yield nodes.Name("loop", "store"), _read(node.iter)
    elif isinstance(node, nodes.With):
        for target, value in zip(node.targets, node.values, strict=True):
            yield target, _read(value)


def _stored(target: nodes.Node) -> set[str]:
    if isinstance(target, nodes.Name):
        return {target.name}
    return {found.name for found in target.find_all(nodes.Name)}


def _read(*roots: nodes.Node) -> set[str]:
    """The names whose text may come out of these nodes."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if isinstance(node, nodes.Name):
            found.add(node.name)
        elif isinstance(node, nodes.CondExpr):
            waiting += [node.expr1, *([node.expr2] if node.expr2 else [])]
        elif isinstance(node, nodes.Getitem):
            waiting.append(node.node)
        elif isinstance(node, nodes.If):
            waiting += [*node.body, *node.elif_, *node.else_]
        elif not isinstance(node, nodes.Compare | nodes.Test | nodes.Not) and not _counter(node):
            waiting += node.iter_child_nodes()
    return found


def _counter(node: nodes.Node) -> bool:
    """Whether it is loop.index and the like."""
    return (
        isinstance(node, nodes.Getattr)
        and isinstance(node.node, nodes.Name)
        and node.node.name == "loop"
        and node.attr not in _LOOP_ITEMS
    )
