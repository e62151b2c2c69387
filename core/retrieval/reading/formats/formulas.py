"""Formulas on one line: what stands above, below or under a root is told by signs, not by its place."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.retrieval.reading.formats.elements import attribute, local

_ONE = re.compile(r"[\w.]*|\([^()]*\)")
_MOST_NESTED = 30
_OPERANDS = {
    "f": ("num", "den"),
    "sSup": ("e", "sup"),
    "sSub": ("e", "sub"),
    "sSubSup": ("e", "sub", "sup"),
    "sPre": ("sub", "sup", "e"),
    "rad": ("deg", "e"),
    "nary": ("sub", "sup", "e"),
    "limLow": ("e", "lim"),
    "limUpp": ("e", "lim"),
}

_ROWS = {
    **{"eqArr": ("", "; ", ""), "m": ("[", "; ", "]"), "mr": ("", ", ", "")},
    **{"mtable": ("[", "; ", "]"), "mtr": ("", ", ", ""), "mtext": (" ", " ", " ")},
}


def over(above: str, below: str) -> str:
    """A fraction: `1/2`, `(a+b)/c`."""
    return f"{_closed(above)}/{_closed(below)}"


def scripts(base: str, below: str = "", above: str = "") -> str:
    """What stands lower and higher behind the base: `x_1^2`."""
    lower = f"_{_closed(below)}" if below else ""
    higher = f"^{_closed(above)}" if above else ""
    return f"{base}{lower}{higher}"


def root(inner: str, degree: str = "") -> str:
    """`√(x+1)`, `3√8`."""
    return f"{degree}√{_closed(inner)}"


def _closed(text: str) -> str:
    return text if _ONE.fullmatch(text) else f"({text})"


def of_word(element: Any, depth: int = 0) -> str:
    """A formula of Office (OMML)."""
    name = local(element)
    if depth > _MOST_NESTED:
        return "".join(element.itertext())
    if name == "t":
        return element.text or ""
    if name in _OPERANDS:
        return _joined(name, element, [_part(element, each, depth) for each in _OPERANDS[name]])
    parts = (of_word(child, depth + 1) for child in element if not local(child).endswith("Pr"))
    inner = list(filter(None, parts))
    if name == "d":
        return _bracketed(element, inner)
    before, between, after = _ROWS.get(name, ("", "", ""))
    return f"{before}{between.join(inner)}{after}"


@dataclass(slots=True)
class _Node:
    tag: str
    parts: list["_Node | str"] = field(default_factory=list)


class OfWeb:
    """Takes the tags of a formula on a web page (MathML) and writes it when it is whole."""

    def __init__(self) -> None:
        self._open: list[_Node] = []
        self._too_deep = 0

    def start(self, tag: str) -> None:
        """A tag opens."""
        if len(self._open) > _MOST_NESTED:
            self._too_deep += 1
            return
        node = _Node(tag)
        if self._open:
            self._open[-1].parts.append(node)
        self._open.append(node)

    def data(self, text: str) -> None:
        """Text between tags."""
        self._open[-1].parts.append(text)

    def end(self) -> str | None:
        """A tag closes; the formula, when that was the last one."""
        if self._too_deep:
            self._too_deep -= 1
            return None
        node = self._open.pop()
        return None if self._open else _of_web(node)


def _of_web(node: _Node | str) -> str:
    if isinstance(node, str):
        return " ".join(node.split())
    inner = [text for part in node.parts if (text := _of_web(part))]
    if node.tag.startswith("annotation"):
        return ""  # the same again, in TeX
    if written := _WRITTEN.get((node.tag, len(inner))):
        return written(*inner)
    if node.tag == "msqrt":
        return root("".join(inner))
    before, between, after = _ROWS.get(node.tag, ("", "", ""))
    return f"{before}{between.join(inner)}{after}"


def _raised(base: str, above: str) -> str:
    return scripts(base, above=above)


_WRITTEN: Mapping[tuple[str, int], Callable[..., str]] = {
    ("mfrac", 2): over,
    ("mroot", 2): root,
    **dict.fromkeys((("msup", 2), ("mover", 2)), _raised),
    **dict.fromkeys((("msub", 2), ("munder", 2), ("msubsup", 3), ("munderover", 3)), scripts),
}
"""How what has so many parts is written; broken formulas have fewer or more."""


def _joined(name: str, element: Any, parts: Sequence[str]) -> str:
    match name:
        case "f":
            is_stack = _property(element, "type") == "noBar"
            return f"({parts[0]} over {parts[1]})" if is_stack else over(*parts)
        case "sSup" | "limUpp":
            return scripts(parts[0], above=parts[1])
        case "sSub" | "limLow":
            return scripts(parts[0], below=parts[1])
        case "sSubSup":
            return scripts(*parts)
        case "sPre":
            return f"{scripts('', parts[0], parts[1])}{parts[2]}"
        case "rad":
            return root(parts[1], parts[0])
        case _:
            sign = _property(element, "chr")
            return f"{scripts('∫' if sign is None else sign, parts[0], parts[1])} {parts[2]}"


def _bracketed(element: Any, inner: Sequence[str]) -> str:
    begin, end, between = (_property(element, each) for each in ("begChr", "endChr", "sepChr"))
    texts = ("|" if between is None else between).join(inner)
    return f"{'(' if begin is None else begin}{texts}{')' if end is None else end}"


def _part(element: Any, name: str, depth: int) -> str:
    return "".join(of_word(child, depth + 1) for child in element if local(child) == name)


def _property(element: Any, name: str) -> str | None:
    """What a property of this part of a formula says; None when it is not there."""
    for properties in element:
        for each in properties if local(properties).endswith("Pr") else ():
            if local(each) == name:
                return attribute(each, "val")
    return None
