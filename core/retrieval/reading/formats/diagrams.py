"""SmartArt: the texts of a diagram as a list, each below what it belongs to."""

from collections.abc import Iterator
from typing import Any

_NO_TEXT = {"doc", "pres", "parTrans", "sibTrans"}
_MOST_INDENTED = 8


def items(root: Any) -> Iterator[str]:
    """The texts of a diagram's data, in the order in which it is read, as items of a list."""
    points = {each.get("modelId"): each for each in _all(root, "pt")}
    below: dict[str | None, list[tuple[int, str]]] = {}
    for link in _all(root, "cxn"):
        if link.get("type", "parOf") == "parOf":
            order = link.get("srcOrd", "0")
            place = int(order) if order.isdecimal() else 0
            below.setdefault(link.get("srcId"), []).append((place, link.get("destId", "")))
    first = [(each, -1) for each, point in points.items() if point.get("type") == "doc"]
    waiting = [*((each, 0) for each in reversed(points)), *first]
    while waiting:
        identity, depth = waiting.pop()
        point = points.pop(identity, None)
        if point is None:
            continue  # was there already
        if point.get("type", "node") not in _NO_TEXT and (text := _text(point)):
            yield f"{'  ' * min(depth, _MOST_INDENTED)}- {text}"
        inner = sorted(below.get(identity, []), reverse=True)
        waiting += [(each, depth + 1) for _, each in inner]


def _text(point: Any) -> str:
    paragraphs = ("".join(t.text or "" for t in _all(each, "t")) for each in _all(point, "p"))
    return " ".join(" ".join(paragraphs).split())


def _all(root: Any, name: str) -> Iterator[Any]:
    yield from root.iter(f"{{*}}{name}")
