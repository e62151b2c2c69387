"""The graph of a run: which tool led to which, from the question to the answer."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from core.types import Span

QUESTION, ANSWER = "question", "answer"
MOST_TOOLS = 20
"""Nodes of their own, those that were called most; the others are one."""


@dataclass(frozen=True, slots=True)
class Node:
    """A tool with its calls: how many, how many failed, their nanoseconds, and the span of the first.
    The question and the answer have no calls."""

    name: str
    calls: int = 0
    failed: int = 0
    ns: int = 0
    span_id: str = ""
    tool: bool = True


@dataclass(frozen=True, slots=True)
class Edge:
    """The places of two nodes of which the second followed the first, and how often."""

    source: int
    target: int
    times: int


@dataclass(frozen=True, slots=True)
class RunGraph:
    """The nodes in the order in which they first came, the question first and the answer last; no edge
    leads into the first or out of the last."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def run_graph(spans: Iterable[Span]) -> RunGraph | None:
    """The graph of the tools among the spans; None when no tool was called.

    A call leads to every call of the next step that called any, the question to those of the first,
    and those of the last to the answer.
    """
    calls = sorted(
        (span for span in spans if span.kind == "tool"),
        key=lambda span: (_step(span), span.start_ns),
    )
    if not calls:
        return None
    named = _names(calls)
    of: dict[str, list[Span]] = {}
    steps: dict[int, Counter[str]] = {}
    for span in calls:
        of.setdefault(named[span.name], []).append(span)
        steps.setdefault(_step(span), Counter())[named[span.name]] += 1
    place = {name: number for number, name in enumerate(of, 1)}
    tools = tuple(_node(name, mine) for name, mine in of.items())
    path = [{0: 1}, *({place[n]: times for n, times in each.items()} for each in steps.values())]
    led: Counter[tuple[int, int]] = Counter()
    for here, then in pairwise([*path, {len(of) + 1: 1}]):
        for source, target in product(here, then):
            led[source, target] += here[source] * then[target]
    edges = tuple(Edge(*ends, times) for ends, times in sorted(led.items()))
    ends = Node(QUESTION, tool=False), Node(ANSWER, tool=False)
    return RunGraph((ends[0], *tools, ends[1]), edges)


def _names(calls: Sequence[Span]) -> dict[str, str]:
    """How each tool is named in the graph: by its name, or as one of the others."""
    often = Counter(span.name for span in calls)
    shown = {name for name, _ in often.most_common(MOST_TOOLS)}
    others = f"{len(often) - len(shown)} other tools"
    return {name: name if name in shown else others for name in often}


def _node(name: str, calls: Sequence[Span]) -> Node:
    return Node(
        name,
        len(calls),
        sum(span.status == "error" for span in calls),
        sum(span.end_ns - span.start_ns for span in calls),
        calls[0].span_id,
    )


def _step(span: Span) -> int:
    """The step of the run; a call whose trace does not say it stands in one of its own time."""
    said = span.attributes.get("step")
    return said if isinstance(said, int) else span.start_ns
