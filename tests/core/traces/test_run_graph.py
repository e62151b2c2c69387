"""Which tool led to which."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.traces.graph import ANSWER, MOST_TOOLS, QUESTION, Edge, Node, run_graph
from core.types import Span


def call(name: str, step: int, number: int = 0, *, failed: bool = False) -> Span:
    begun = step * 1_000 + number
    status = "error" if failed else "ok"
    return Span(
        "t", f"{name}{begun}", "r", name, "tool", begun, begun + 5, status, {"step": step}, ()
    )


def test_a_run_without_tools_has_no_graph() -> None:
    assert run_graph([Span("t", "m", None, "gpt", "model", 0, 9)]) is None


def test_a_call_leads_to_every_call_of_the_next_step() -> None:
    graph = run_graph(
        [
            call("search", 1, 0),
            call("search", 1, 1, failed=True),
            call("read", 3),  # a step without a tool lies between
            call("search", 4),
        ]
    )
    assert graph
    assert graph.nodes == (
        Node(QUESTION, tool=False),
        Node("search", 3, 1, 15, "search1000"),
        Node("read", 1, 0, 5, "read3000"),
        Node(ANSWER, tool=False),
    )
    assert graph.edges == (Edge(0, 1, 2), Edge(1, 2, 2), Edge(1, 3, 1), Edge(2, 1, 1))


def test_a_tool_may_be_named_as_the_ends_are() -> None:
    graph = run_graph([call(QUESTION, 1), call(ANSWER, 2)])
    assert graph
    assert [node.name for node in graph.nodes] == [QUESTION, QUESTION, ANSWER, ANSWER]
    assert graph.edges == (Edge(0, 1, 1), Edge(1, 2, 1), Edge(2, 3, 1))


def test_many_tools_are_as_many_as_can_be_seen_and_a_node_for_the_others() -> None:
    spans = [call(f"t{number}", 1, number) for number in range(500)] + [
        call("t7", 2),
        call("t7", 3),
    ]
    graph = run_graph(spans)
    assert graph
    assert len(graph.nodes) == MOST_TOOLS + 3
    assert [node.calls for node in graph.nodes if node.name == "480 other tools"] == [480]
    assert [node.calls for node in graph.nodes if node.name == "t7"] == [3]


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=3), min_size=1, max_size=6))
def test_every_call_has_come_from_somewhere_and_has_led_somewhere(steps: list[list[str]]) -> None:
    spans = [
        call(name, step, number)
        for step, names in enumerate(steps, 1)
        for number, name in enumerate(names)
    ]
    graph = run_graph(spans)
    assert graph
    assert sum(node.calls for node in graph.nodes) == len(spans)
    last = len(graph.nodes) - 1
    for edge in graph.edges:
        assert edge.source != last
        assert edge.target != 0
    wide = [1, *map(len, steps), 1]
    pairs = sum(one * other for one, other in pairwise(wide))
    assert sum(edge.times for edge in graph.edges) == pairs
