"""Data to figures, in the theme's colours; readable without colour by their labels."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.types import Span
from pages.ui import palette, say

if TYPE_CHECKING:
    from plotly.graph_objects import Bar, Figure


# A span of a few milliseconds is still to be seen beside one of a minute.
_LEAST_SHARE = 0.006
_ROW = 46
_ABOVE = 0.37  # of a row, from a bar to its name
_INDENT = "\u2003"
_LONGEST_NAME = 28
_LONGEST_TICK = 16
_SIGNS = ("circle", "diamond", "square", "cross", "triangle-up", "star")
STATES = {"ok": "", "error": "failed", "stopped": "stopped"}


def timeline(spans: Sequence[tuple[int, Span]], theme: str, *, equal: bool = False) -> "Figure":
    """The spans of a turn, with their depth, as bars from its beginning in seconds, the first on top;
    `equal` gives each step the same width, in the order of their starts.

    Each bar has its name above it, which a phone has room for; its custom data is its span's id.
    """
    import plotly.graph_objects as go

    begin = min(span.start_ns for _, span in spans)
    whole = max(max(span.end_ns for _, span in spans) - begin, 1) / 1e9
    places, widths = _to_scale(spans, begin, whole)
    if equal:
        places, widths, whole = _equal(spans), [0.9] * len(spans), float(len(spans))
    figure = go.Figure(_bars(spans, places, widths, theme))
    _name_above(figure, spans, theme)
    figure.update_layout(showlegend=False)
    figure.update_yaxes(range=[len(spans) - 0.6, -0.75], visible=False, fixedrange=True)
    figure.update_xaxes(
        title="steps in their order" if equal else "seconds since the question",
        range=[0, whole * 1.02],
        fixedrange=True,
    )
    return laid_out(figure, theme, height=70 + _ROW * len(spans))


def _bars(
    spans: Sequence[tuple[int, Span]], places: Sequence[float], widths: Sequence[float], theme: str
) -> "Bar":
    import plotly.graph_objects as go

    return go.Bar(
        base=places,
        x=widths,
        y=list(range(len(spans))),
        width=0.3,
        orientation="h",
        marker={
            "color": [palette.span(span.kind, theme) for _, span in spans],
            "cornerradius": 3,
        },
        unselected={"marker": {"opacity": 0.55}},
        customdata=[span.span_id for _, span in spans],
        text=[_named(span) for _, span in spans],
        textposition="none",
        hovertemplate="%{text}<extra></extra>",
    )


def _name_above(figure: "Figure", spans: Sequence[tuple[int, Span]], theme: str) -> None:
    # As points of text: an annotation for each takes the browser twice as long as all the rest.
    ink = palette.of(theme).text
    figure.add_scatter(
        x=[0] * len(spans),
        y=[row - _ABOVE for row in range(len(spans))],
        mode="text",
        text=[_INDENT * depth + escaped(_named(span)) for depth, span in spans],
        textposition="middle right",
        textfont={"color": ink, "size": 12},
        unselected={"textfont": {"color": ink}},
        hoverinfo="skip",
        cliponaxis=False,
    )


def _to_scale(
    spans: Sequence[tuple[int, Span]], begin: int, whole: float
) -> tuple[list[float], list[float]]:
    begun = [(span.start_ns - begin) / 1e9 for _, span in spans]
    return begun, [max(_seconds(span), whole * _LEAST_SHARE) for _, span in spans]


def _equal(spans: Sequence[tuple[int, Span]]) -> list[float]:
    order = sorted(range(len(spans)), key=lambda at: spans[at][1].start_ns)
    place = {at: float(number) for number, at in enumerate(order)}
    return [place[at] for at in range(len(spans))]


def timeline_in_words(spans: Sequence[tuple[int, Span]]) -> str:
    """What the timeline shows, for a reader who does not see it."""
    return "The steps in their order: " + "; ".join(_named(span) for _, span in spans)


def drift(rows: Sequence[tuple[datetime, str, float]], theme: str) -> "Figure":
    """Points of `(when, model, error)`, the error a share of what was reported, a colour and a sign for
    each model."""
    import plotly.graph_objects as go

    colours = palette.of(theme).chart
    figure = go.Figure()
    for number, model in enumerate(sorted({model for _, model, _ in rows})):
        mine = [(at, error) for at, each, error in rows if each == model]
        figure.add_scatter(
            x=[at for at, _ in mine],
            y=[error for _, error in mine],
            mode="markers",
            marker={
                "color": colours[number % len(colours)],
                "symbol": _SIGNS[number % len(_SIGNS)],
                "size": 9,
            },
            name=escaped(_short(model)),
            hovertemplate="%{x|%-d %b %H:%M}: %{y:+.1%}"
            + f"<extra>{escaped(_short(model))}</extra>",
        )
    figure.update_layout(showlegend=True)
    figure.update_xaxes(fixedrange=True)
    figure.update_yaxes(title="our count is off by", tickformat="+.0%", fixedrange=True)
    return laid_out(figure, theme, height=260)


def named(name: str) -> str:
    """A name as Plotly's texts take it: short, and no tag."""
    return escaped(_short(name))


def _named(span: Span) -> str:
    state = STATES[span.status]
    return f"{_short(span.name)} · {say.seconds(_seconds(span))}{f' · {state}' if state else ''}"


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def escaped(text: str) -> str:
    """Plotly reads a few tags in its texts; a model's name is none."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _seconds(span: Span) -> float:
    return (span.end_ns - span.start_ns) / 1e9


def laid_out(figure: "Figure", theme: str, *, height: int) -> "Figure":
    """The figure with the grid, the text and the margins that all of ours have."""
    colours = palette.of(theme)
    # Streamlit's own template has a fainter colour for these than can be read.
    axis = {"tickfont": {"color": colours.muted}, "title_font": {"color": colours.muted}}
    figure.update_xaxes(gridcolor=colours.border, zeroline=False, **axis)
    figure.update_yaxes(gridcolor=colours.border, zerolinecolor=colours.border, **axis)
    return figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": colours.text, "family": "Inter, sans-serif", "size": 13},
        legend={"orientation": "h", "y": -0.3, "traceorder": "normal"},
        bargap=0.35,
    )


def plotted(shown: Mapping[str, Any], theme: str) -> "Figure":
    """The chart that a tool declared: its kind, its columns and its rows, and nothing else."""
    import plotly.graph_objects as go

    columns, colours = list(shown["columns"]), palette.of(theme).chart
    across = [row[columns.index(shown["x"])] for row in shown["rows"]]
    # Text stays text: a name that looks like a date or a formula is a name.
    names = [str(each) for each in across if not isinstance(each, int | float)]
    across = [each if isinstance(each, int | float) else escaped(str(each)) for each in across]
    figure = go.Figure()
    for place, name in enumerate(shown["y"]):
        up = [row[columns.index(name)] for row in shown["rows"]]
        colour = colours[place % len(colours)]
        if shown["chart"] == "bar":
            figure.add_bar(x=across, y=up, name=escaped(name), marker_color=colour)
        else:
            mode = "lines+markers" if shown["chart"] == "line" else "markers"
            figure.add_scatter(x=across, y=up, name=escaped(name), mode=mode, marker_color=colour)
    figure.update_xaxes(title=escaped(shown["x"]), fixedrange=True)
    if names:  # a long one would take the room of the bars
        long = (each for each in names if len(each) > _LONGEST_TICK)
        short = {escaped(each): f"{escaped(each[:_LONGEST_TICK])}…" for each in long}
        figure.update_xaxes(type="category", labelalias=short)
    figure.update_yaxes(title=escaped(", ".join(shown["y"])), fixedrange=True)
    laid = laid_out(figure, theme, height=340)
    return laid.update_layout(
        title={"text": escaped(shown["title"]), "font": {"size": 15}},
        margin={"t": 44},
        showlegend=len(shown["y"]) > 1,
    )
