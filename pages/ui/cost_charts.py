"""Money over time and by answer as figures, in the theme's colours."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from core.bootstrap import Distribution
from core.pace import Pace
from pages.ui import charts, palette, say

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_DAY_MS = 86_400_000
_HALF = timedelta(hours=12)
_DAY = "%-d\n%b"
_DOLLARS = "US dollars"
_SUM = "%{x|%-d %b}: $%{y:.4~f}"
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
    first = min(first, last - timedelta(days=6))  # the bar of a first day is no wall
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
    form = "%b\n%Y" if weekly else _DAY
    figure.update_xaxes(**_dates(_noon(first) - _HALF, _noon(last) + _HALF, form))
    figure.update_yaxes(**_amounts(_DOLLARS if money else "tokens", nticks=6))
    figure = charts.laid_out(figure, theme, height=340)
    return figure.update_layout(
        barmode="stack",
        showlegend=True,
        dragmode="select",
        selectdirection="h",
        margin={"t": 30},
        **_of_the_page(theme),
        legend={"y": -0.22, "yanchor": "top"},
    )


def by_day(
    days: Sequence[tuple[date, float]], first: date, last: date, theme: str, *, money: bool
) -> "Figure":
    """One bar a day, in dollars or in calls."""
    import plotly.graph_objects as go

    colours = palette.of(theme)
    figure = go.Figure(
        go.Bar(
            x=[_noon(day) for day, _ in days],
            y=[amount for _, amount in days],
            width=_DAY_MS * 0.72,
            marker={"color": colours.chart[1], "cornerradius": 2},
            hovertemplate="%{x|%-d %b %Y}: "
            + ("$%{y:.6~f}" if money else "%{y:,.0f} calls")
            + "<extra></extra>",
        )
    )
    first = min(first, last - timedelta(days=6))
    figure.update_xaxes(**_dates(_noon(first) - _HALF, _noon(last) + _HALF))
    figure.update_yaxes(**_amounts(_DOLLARS if money else "calls", nticks=4))
    figure = charts.laid_out(figure, theme, height=210)
    return figure.update_layout(margin={"t": 30}, **_of_the_page(theme))


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
    figure.update_xaxes(
        title="answers",
        showticklabels=False,
        showgrid=False,
        fixedrange=True,
        range=[0, max(counts, default=1) * 1.18],
    )
    figure = charts.laid_out(figure, theme, height=90 + 30 * len(names))
    return figure.update_layout(margin={"t": 30}, **_of_the_page(theme))


def month(
    spent: Mapping[date, float], today: date, last: date, pace: Pace, cap: float | None, theme: str
) -> "Figure":
    """The month's spending in sum, a band from today to what its end may come to, and its cap."""
    import plotly.graph_objects as go

    figure, colour = go.Figure(), palette.of(theme).chart[1]
    days = [today.replace(day=day) for day in range(1, today.day + 1)]
    sums = list(accumulate(spent.get(day, 0.0) for day in days))
    if today < last:
        _ahead(figure, today, last, sums[-1], pace, colour)
    figure.add_scatter(
        x=days,
        y=sums,
        mode="lines",
        line={"color": colour, "width": 2.5, "shape": "hv"},
        name="spent",
        hovertemplate=f"{_SUM}<extra>spent so far</extra>",
    )
    # A cap far above would press the rest flat.
    near = cap if cap is not None and cap <= 4 * pace.high else None
    if near is not None:
        _ceiling(figure, near, theme)
    top = max(sums[-1], pace.high, near or 0.0)
    figure.update_xaxes(**_dates(days[0], last))
    figure.update_yaxes(**_amounts(_DOLLARS, nticks=5))
    if top:  # a line at the very edge is cut in half
        figure.update_yaxes(range=[0, 1.06 * top])
    figure = charts.laid_out(figure, theme, height=230)
    return figure.update_layout(
        showlegend=True,
        margin={"t": 30},
        **_of_the_page(theme),
        legend={"y": -0.36, "yanchor": "top"},
    )


def _ahead(
    figure: "Figure", today: date, last: date, spent: float, pace: Pace, colour: str
) -> None:
    """What the end of the month may come to: a band, and a line at this pace."""
    figure.add_scatter(
        x=[today, last, last],
        y=[spent, pace.high, pace.low],
        mode="lines",
        fill="toself",
        fillcolor=_faint(colour),
        line={"width": 0},
        hoverinfo="skip",
        name="four cases of five",
    )
    figure.add_scatter(
        x=[today, last],
        y=[spent, pace.middle],
        mode="lines",
        line={"color": colour, "width": 2, "dash": "dot"},
        name="at this pace",
        hovertemplate=f"{_SUM}<extra>at this pace</extra>",
    )


def _ceiling(figure: "Figure", cap: float, theme: str) -> None:
    line = {"color": palette.of(theme).bad, "width": 1.5, "dash": "dash"}
    figure.add_hline(y=cap, line=line)
    figure.add_annotation(
        x=0, xref="paper", y=cap, text="cap", showarrow=False, yshift=9, font={"size": 11}
    )


def _dates(first: date, last: date, form: str = _DAY) -> dict[str, Any]:
    """The axis of days."""
    return {
        "range": [first, last],
        "tickformat": form,
        "nticks": 7,
        "tickangle": 0,
        "showgrid": False,
        "fixedrange": True,
    }


def _amounts(unit: str, nticks: int) -> dict[str, Any]:
    """The axis of what it came to, from nothing upwards."""
    is_money = unit == _DOLLARS
    return {
        "title": unit,
        "tickprefix": "$" if is_money else "",
        "exponentformat": "none" if is_money else "SI",
        "rangemode": "tozero",
        "nticks": nticks,
        "fixedrange": True,
    }


def _of_the_page(theme: str) -> dict[str, Any]:
    """The page's own ground, since a picture of the chart has no page behind it, and its button."""
    colours = palette.of(theme)
    return {
        "paper_bgcolor": colours.background,
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": colours.muted},
    }


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.2)"


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
