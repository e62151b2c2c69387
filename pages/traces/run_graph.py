"""The graph of a run: its tools below each other in the order in which they first came, and arcs from
each to what it led to; arcs back up stand on the other side."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from core.traces.graph import ANSWER, QUESTION, Edge, Node, RunGraph
from pages.ui import palette, say
from pages.ui.charts import escaped
from pages.ui.session import theme

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_ROW = 58
_POINTS = 24
_NAMES = {QUESTION: "your question", ANSWER: "the answer"}
_LONGEST = 34


def draw(graph: RunGraph, key: str, on_select: Callable[[], None]) -> None:
    """The graph; the custom data of a point that is selected is the id of the tool's first span."""
    st.plotly_chart(
        _figure(graph, theme()),
        config={"displayModeBar": False},
        key=key,
        on_select=on_select,
        selection_mode="points",
        alt=in_words(graph),
    )


def in_words(graph: RunGraph) -> str:
    """What the graph shows, for a reader who does not see it."""
    names = [_name(node) for node in graph.nodes]
    led = (
        f"{names[edge.source]} led to {names[edge.target]}"
        + (f" {edge.times} times" if edge.times > 1 else "")
        for edge in graph.edges
    )
    return "; ".join(led)


def _figure(graph: RunGraph, theme: str) -> "Figure":
    import plotly.graph_objects as go

    colours, last = palette.of(theme), len(graph.nodes) - 1
    widest = max(edge.times for edge in graph.edges)
    beside = 0.12 + max((_reach(edge) for edge in graph.edges), default=0.0)
    figure = go.Figure()
    for edge in graph.edges:
        figure.add_scatter(**_arc(edge, widest, colours))
    figure.add_scatter(
        x=[0] * len(graph.nodes),
        y=list(range(len(graph.nodes))),
        mode="markers",
        marker={
            "size": [15 if node.tool else 11 for node in graph.nodes],
            "color": [_colour(node, theme) for node in graph.nodes],
            "line": {"width": 2, "color": colours.background},
            "opacity": 1,
        },
        unselected={"marker": {"opacity": 0.8}},
        customdata=[node.span_id for node in graph.nodes],
        hovertemplate=[f"{escaped(_told(node))}<extra></extra>" for node in graph.nodes],
    )
    figure.update_layout(
        annotations=[
            *(_label(place, node, beside, colours) for place, node in enumerate(graph.nodes)),
            *(_times(edge, colours) for edge in graph.edges if edge.times > 1),
        ],
        height=40 + _ROW * len(graph.nodes),
        margin={"l": 0, "r": 0, "t": 6, "b": 6},
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
    )
    left = min((_reach(edge) for edge in graph.edges), default=0.0) - 0.1
    figure.update_xaxes(range=[left, left + 3.8], visible=False, fixedrange=True)
    figure.update_yaxes(range=[last + 0.5, -0.5], visible=False, fixedrange=True)
    return figure


def _arc(edge: Edge, widest: int, colours: palette.Palette) -> dict[str, object]:
    back = edge.target <= edge.source
    reach = _reach(edge)
    places = [math.pi * step / _POINTS for step in range(_POINTS + 1)]
    low, high = (edge.source, edge.target) if not back else (edge.source + 0.12, edge.target - 0.12)
    middle, half = (low + high) / 2, (high - low) / 2
    return {
        "x": [reach * math.sin(place) for place in places],
        "y": [middle - half * math.cos(place) for place in places],
        "mode": "lines",
        "line": {
            "width": 1.5 + 3 * edge.times / widest,
            "color": colours.accent if back else colours.muted,
            "dash": "dot" if back else "solid",
            "shape": "spline",
        },
        "opacity": 0.75,
        "hoverinfo": "skip",
    }


def _reach(edge: Edge) -> float:
    """How far an arc swings out: forward to the left, back to the right of the line."""
    span = abs(edge.target - edge.source)
    out = min(0.16 + 0.13 * span, 0.7)
    return out if edge.target <= edge.source else (-out if span > 1 else 0.0)


def _label(place: int, node: Node, beside: float, colours: palette.Palette) -> dict[str, object]:
    return {
        "x": beside,
        "y": place,
        "xanchor": "left",
        "align": "left",
        "showarrow": False,
        "text": f"{escaped(_name(node))}<br><span style='font-size:11px; color:{colours.muted}'>"
        f"{_figures(node)}</span>"
        if node.tool
        else _name(node),
        "font": {"color": colours.text if node.tool else colours.muted, "size": 13},
    }


def _times(edge: Edge, colours: palette.Palette) -> dict[str, object]:
    return {
        "x": _reach(edge),
        "y": (edge.source + edge.target) / 2,
        "showarrow": False,
        "text": f"{edge.times}×",
        "bgcolor": colours.background,
        "font": {"color": colours.muted, "size": 11},
    }


def _colour(node: Node, theme: str) -> str:
    colours = palette.of(theme)
    if not node.tool:
        return colours.muted
    return colours.bad if node.failed == node.calls else palette.span("tool", theme)


def _name(node: Node) -> str:
    if not node.tool:
        return _NAMES[node.name]
    return node.name if len(node.name) <= _LONGEST else f"{node.name[: _LONGEST - 1]}…"


def _told(node: Node) -> str:
    return f"{_name(node)} · {_figures(node)}" if node.tool else _name(node)


def _figures(node: Node) -> str:
    calls = f"{node.calls} call{'' if node.calls == 1 else 's'}"
    failed = f", {node.failed} failed" if node.failed else ""
    return f"{calls}, {say.seconds(node.ns / 1e9)}{failed}"
