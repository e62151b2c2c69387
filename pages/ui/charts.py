"""Data to figures, in the theme's colours; readable without colour by their labels."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from core.types import Span
from pages.ui import palette, say

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

# A span of a few milliseconds is still to be seen beside one of a minute.
_LEAST_SHARE = 0.006
_DAY_MS = 86_400_000


def timeline(spans: Sequence[Span], theme: str) -> "Figure":
    """The spans of a turn as bars from its beginning, in seconds, the first on top."""
    import plotly.graph_objects as go

    begin = min(span.start_ns for span in spans)
    whole = max(max(span.end_ns for span in spans) - begin, 1) / 1e9
    lengths = [max((span.end_ns - span.start_ns) / 1e9, whole * _LEAST_SHARE) for span in spans]
    words = [say.seconds((span.end_ns - span.start_ns) / 1e9) for span in spans]
    figure = go.Figure(
        go.Bar(
            base=[(span.start_ns - begin) / 1e9 for span in spans],
            x=lengths,
            y=[f"{number}. {span.name[:40]}" for number, span in enumerate(spans, 1)],
            orientation="h",
            marker_color=[palette.span(span.kind, theme) for span in spans],
            text=words,
            textposition="auto",
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", title=None)
    figure.update_xaxes(title="seconds since the question", rangemode="tozero")
    return _laid_out(figure, theme, height=90 + 34 * len(spans))


def by_day(
    rows: Sequence[tuple[date, str, float]],
    unit: str,
    theme: str,
    *,
    money: bool,
    days: tuple[date, date],
) -> "Figure":
    """Stacked bars of `(day, model, amount)`, a colour for each model, over all days of the range."""
    import plotly.graph_objects as go

    colours = palette.of(theme).chart
    models = sorted({model for _, model, _ in rows})
    figure = go.Figure()
    for number, model in enumerate(models):
        mine = [(day, amount) for day, each, amount in rows if each == model]
        shape = "$%{y:.6f}" if money else "%{y:,.0f} " + unit
        figure.add_bar(
            x=[day for day, _ in mine],
            y=[amount for _, amount in mine],
            width=_DAY_MS * 0.7,
            name=model,
            marker_color=colours[number % len(colours)],
            hovertemplate="%{x}: " + shape + "<extra>" + model[:40] + "</extra>",
        )
    figure.update_layout(barmode="stack", showlegend=True)
    half = timedelta(hours=12)
    first, last = (datetime.combine(day, time()) for day in days)
    figure.update_xaxes(
        type="date", title=None, range=[first - half, last + half], tickformat="%d %b"
    )
    figure.update_yaxes(title=unit, rangemode="tozero", tickprefix="$" if money else "")
    return _laid_out(figure, theme, height=320)


def _laid_out(figure: "Figure", theme: str, *, height: int) -> "Figure":
    colours = palette.of(theme)
    return figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": colours.text, "family": "Inter, sans-serif", "size": 13},
        legend={"orientation": "h", "y": -0.2},
        bargap=0.35,
    )
