"""Partials: the tags that name one are replaced by what it holds, before anything is checked or compiled.

A name is looked up among the partials that came with the request and nowhere else; so the checks, the
flow of names and the marks of origin see one tree, as if the text had been written in its place.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jinja2 import nodes
from jinja2.environment import Environment
from jinja2.exceptions import TemplateSyntaxError
from jinja2.visitor import NodeTransformer

from core.prompts.faults import Fault

LINES = 1_000_000
"""Lines of the n-th partial are counted from n times this on."""
MAX_USES = 50
"""Partials that one template may include and import, those of its partials too."""
_HINT = 'Write the exact name of a prompt of kind partial: {% include "rules" %}.'


@dataclass(frozen=True, slots=True)
class Partial:
    """A partial as it came: its source, and the refs of the partials that it names itself."""

    source: str
    pins: Mapping[str, str]


class Partials:
    """Those of one template, by ref; `place` says in which of them a line is."""

    def __init__(self, environment: Environment, given: Mapping[str, Partial]) -> None:
        self._environment = environment
        self._given = given
        self._refs = sorted(given)
        self._uses = 0
        self._hoisted: dict[str, dict[str, nodes.Macro]] = {}

    def expand(self, tree: nodes.Template, pins: Mapping[str, str]) -> nodes.Template:
        """The tree without include and import. Fault for a name that is not there."""
        self._resolve(tree, pins, ())
        macros = [macro for found in self._hoisted.values() for macro in found.values()]
        tree.body = [*macros, *tree.body]
        return tree

    def _resolve(self, tree: nodes.Node, pins: Mapping[str, str], within: tuple[str, ...]) -> None:
        names = dict(self._imports(tree, pins, within))
        modules = {alias: found for alias, found in names.items() if isinstance(found, dict)}
        single = {alias: found for alias, found in names.items() if isinstance(found, str)}
        _Places(self, pins, within, modules, single).visit(tree)

    def included(
        self, node: nodes.Include, pins: Mapping[str, str], within: tuple[str, ...]
    ) -> nodes.Scope:
        """What stands in the place of an include."""
        if node.ignore_missing or not node.with_context:
            raise Fault(
                "an include stands by itself: without `ignore missing`, `without context`",
                node.lineno,
            )
        ref = self._ref(node.template, node.lineno, pins, within)
        tree = self._parsed(ref)
        self._resolve(tree, self._given[ref].pins, (*within, ref))
        return nodes.Scope(tree.body, lineno=node.lineno)

    def _imports(
        self, tree: nodes.Node, pins: Mapping[str, str], within: tuple[str, ...]
    ) -> Iterator[tuple[str, dict[str, str] | str]]:
        """Each name that an import gives, and the macro or the macros that it stands for."""
        kinds = (nodes.Import, nodes.FromImport)
        found = [node for node in tree.find_all(kinds) if isinstance(node, kinds)]
        for node in found:
            ref = self._ref(node.template, node.lineno, pins, within)
            macros = self._macros(ref, within)
            if isinstance(node, nodes.Import):
                yield node.target, macros
                continue
            for name in node.names:
                name, alias = name if isinstance(name, tuple) else (name, name)
                if name not in macros:
                    raise no_macro(ref, name, node.lineno, macros)
                yield alias, macros[name]

    def _macros(self, ref: str, within: tuple[str, ...]) -> dict[str, str]:
        """The macros of a partial, renamed so that they meet no other name."""
        at = self._refs.index(ref) + 1
        if ref not in self._hoisted:
            tree = self._parsed(ref)
            found = {each.name: each for each in tree.body if isinstance(each, nodes.Macro)}
            for each in tree.body:
                if not isinstance(
                    each, nodes.Macro | nodes.Import | nodes.FromImport
                ) and not _is_blank(each):
                    raise Fault("a partial that is imported holds macros alone", each.lineno)
            self._hoisted[ref] = {}
            self._resolve(tree, self._given[ref].pins, (*within, ref))
            own = {name: f"_m{at}_{name}" for name in found}
            for name, macro in found.items():
                taken = {argument.name for argument in macro.args}
                _Renamed({old: new for old, new in own.items() if old not in taken}).visit(macro)
                macro.name = own[name]
            del self._hoisted[ref]  # behind those that it uses itself
            self._hoisted[ref] = found
        return {name: f"_m{at}_{name}" for name in self._hoisted[ref]}

    def _ref(
        self, named: nodes.Expr, line: int, pins: Mapping[str, str], within: tuple[str, ...]
    ) -> str:
        if not isinstance(named, nodes.Const) or not isinstance(named.value, str):
            raise Fault("a partial is named by its exact name", line, hint=_HINT)
        ref = pins.get(named.value, "")
        if ref not in self._given:
            problem = f"there is no partial {named.value[:80]!r} to include or import"
            raise Fault(problem, line, named.value, _HINT)
        if ref in within:
            raise Fault(f"{ref} includes itself", line, named.value)
        self._uses += 1
        if self._uses > MAX_USES:
            raise Fault(f"more than {MAX_USES} partials are used", line, named.value)
        return ref

    def _parsed(self, ref: str) -> nodes.Template:
        offset = (self._refs.index(ref) + 1) * LINES
        try:
            tree = self._environment.parse(self._given[ref].source)
        except TemplateSyntaxError as error:
            raise Fault(error.message or "not a template", error.lineno + offset) from None
        for node in tree.find_all(nodes.Node):
            if node.lineno is not None:  # calls of ours stand on no line
                node.lineno += offset
        return tree


def place(line: int, refs: list[str]) -> tuple[str, int]:
    """The partial in which this line is ("": the template itself), and the line in it."""
    number, line = divmod(line, LINES)
    return (refs[number - 1] if number else ""), line


def no_macro(ref: str, name: str, line: int, macros: Mapping[str, str]) -> Fault:
    known = ", ".join(sorted(macros)) or "none"
    return Fault(f"{ref} has no macro {name!r}", line, name, f"It has: {known}.")


def _is_blank(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Output) and all(
        isinstance(each, nodes.TemplateData) and not each.data.strip() for each in node.nodes
    )


class _Places(NodeTransformer):
    """Puts what was included into its place, and the macros' own names where they are called."""

    def __init__(
        self,
        partials: Partials,
        pins: Mapping[str, str],
        within: tuple[str, ...],
        modules: Mapping[str, dict[str, str]],
        single: Mapping[str, str],
    ) -> None:
        self._partials = partials
        self._pins = pins
        self._within = within
        self._modules = modules
        self._single = single

    def visit_Include(self, node: nodes.Include) -> nodes.Node:
        return self._partials.included(node, self._pins, self._within)

    def visit_Import(self, node: nodes.Import) -> None:
        return None

    def visit_FromImport(self, node: nodes.FromImport) -> None:
        return None

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:
        if isinstance(node.node, nodes.Name) and node.node.name in self._modules:
            macros = self._modules[node.node.name]
            if node.attr not in macros:
                raise no_macro(node.node.name, node.attr, node.lineno, macros)
            return nodes.Name(macros[node.attr], "load", lineno=node.lineno)
        return self.generic_visit(node)

    def visit_Name(self, node: nodes.Name) -> nodes.Node:
        if node.name in self._modules:
            raise Fault(
                f"{node.name!r} is an imported partial: write {node.name}.macro(...)",
                node.lineno,
                node.name,
            )
        return _renamed(node, self._single)


class _Renamed(NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: nodes.Name) -> nodes.Node:
        return _renamed(node, self._names)


def _renamed(node: nodes.Name, names: Mapping[str, str]) -> nodes.Node:
    if node.ctx == "load" and node.name in names:
        return nodes.Name(names[node.name], "load", lineno=node.lineno)
    return node
