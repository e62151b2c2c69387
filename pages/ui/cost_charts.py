"""Money over time and by answer as figures, in the theme's colours."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from core.bootstrap import Distribution
from pages.ui import charts, palette, say

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_DAY_MS = 86_400_000
_MOST_DAILY = 120
# One button, which gives the picture; dragging chooses days and zooms nothing.
CONFIG: dict[str, Any] = {
    "displayModeBar": True,
    "displaylogo": False,
    "modeBarButtons": [["toImage"]],
    "toImageButtonOptions": {"format": "png", "filename": "costs", "scale": 2},
}

Amounts = Mapping[str, Sequence[tuple[date, float]]]
"""By name, the dearest first: what it took on each day."""


def over_time(amounts: Amounts, first: date, last: date, theme: str, *, money: bool) -> "Figure":
    """Stacked bars, a colour for each name, by day or, beyond four months, by week; dragging chooses days."""
    import plotly.graph_objects as go

    weekly = (last - first).days >= _MOST_DAILY
    colours, figure = palette.of(theme).chart, go.Figure()
    for number, (name, days) in enumerate(amounts.items()):
        bars = _by_week(days) if weekly else dict(days)
        shape = "$%{y:.6~f}" if money else "%{y:,.0f} tokens"
        figure.add_bar(
            x=[_noon(day) for day in bars],
            y=list(bars.values()),
            width=_DAY_MS * (7 if weekly else 1) * 0.72,
            name=charts.named(name),
            marker={"color": colours[number % len(colours)], "cornerradius": 2},
            hovertemplate=("week of " if weekly else "")
            + "%{x|%-d %b %Y}: "
            + shape
            + f"<extra>{charts.named(name)}</extra>",
        )
    half = timedelta(hours=12)
    figure.update_xaxes(
        range=[_noon(first) - half, _noon(last) + half], tickangle=0, nticks=7, fixedrange=True
    )
    figure.update_xaxes(tickformat="%b\n%Y" if weekly else "%-d\n%b", showgrid=False)
    figure.update_yaxes(
        title="US dollars" if money else "tokens",
        rangemode="tozero",
        tickprefix="$" if money else "",
        nticks=6,
        fixedrange=True,
    )
    figure = charts.laid_out(figure, theme, height=340)
    return figure.update_layout(
        barmode="stack",
        showlegend=True,
        dragmode="select",
        selectdirection="h",
        margin={"t": 30},
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": palette.of(theme).muted},
        legend={"y": -0.22, "yanchor": "top"},
    )


def by_answer(found: Distribution, theme: str) -> "Figure":
    """How many answers cost how much: a bar for each bin, those that cost nothing first."""
    import plotly.graph_objects as go

    names = [f"{_short(low)} to {_short(high)}" for low, high, _ in found.bins]
    counts = [count for _, _, count in found.bins]
    if found.free:
        names, counts = ["nothing", *names], [found.free, *counts]
    colours = palette.of(theme)
    figure = go.Figure(
        go.Bar(
            x=counts,
            y=names,
            orientation="h",
            text=[f"{count:,}" for count in counts],
            textposition="outside",
            cliponaxis=False,
            marker={"color": colours.chart[1], "cornerradius": 3},
            hovertemplate="%{y}: %{x:,} answers<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", fixedrange=True, showgrid=False)
    figure.update_xaxes(visible=False, fixedrange=True, range=[0, max(counts, default=1) * 1.18])
    figure = charts.laid_out(figure, theme, height=70 + 30 * len(names))
    return figure.update_layout(
        margin={"t": 30}, modebar={"bgcolor": "rgba(0,0,0,0)", "color": colours.muted}
    )


def _by_week(days: Sequence[tuple[date, float]]) -> dict[date, float]:
    weeks: dict[date, float] = {}
    for day, amount in days:
        monday = day - timedelta(days=day.weekday())
        weeks[monday] = weeks.get(monday, 0.0) + amount
    return weeks


def _short(amount: Decimal) -> str:
    return say.money(amount) if amount < 1 else f"${amount:,.0f}"


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12)
