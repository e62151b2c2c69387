"""What made the spending so: by model, use, conversation and prompt; tokens by kind; how far it can be trusted."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from html import escape

import pandas as pd
import streamlit as st

from core.bootstrap import OTHERS, Dimension, Sent, Spend, Workbench
from pages.costs import cheaper_view, cost_answers, cost_table
from pages.ui import cost_charts, palette, say
from pages.ui.markdown import label
from pages.ui.session import theme, user

_SPANS = {"7 days": 7, "30 days": 30, "90 days": 90, "a year": 365, "everything": None}
_NAMES: dict[Dimension, str] = {
    "model": "Model",
    "use": "Use",
    "conversation": "Conversation",
    "prompt": "Prompt version",
    "tool": "Tool",
    "link": "Link",
}
_NOTES: dict[Dimension, str] = {
    "tool": "A call is booked on the tools whose results it was the first to read; those of one step are "
    "named together. The other calls stand under “none”.",
    "link": "What was asked by nobody's link stands under “none”.",
    "prompt": "The version of the answer's prompt when the call was booked. Calls before the window was put "
    "together, as the rewriting of a question, stand under “none”.",
}
_NAMED = 7
_KINDS = (
    ("fresh", "fresh", "sources"),
    ("cached", "from a cache", "history"),
    ("written", "written to a cache", "summary"),
    ("reasoning", "reasoning", "tools"),
    ("answered", "answered", "prompt"),
)
_COLUMNS = {
    "cost": st.column_config.TextColumn("Cost", alignment="right", width=108),
    "share": st.column_config.ProgressColumn(
        "Of all", min_value=0, max_value=1, format="percent", width=84
    ),
    "calls": st.column_config.NumberColumn("Calls", format="localized"),
    "sent": st.column_config.NumberColumn("Tokens in", format="localized"),
    "cached": st.column_config.NumberColumn("of them cached", format="localized"),
    "answered": st.column_config.NumberColumn("Tokens out", format="localized"),
}


def draw(bench: Workbench, today: date) -> None:
    """The whole part, for a span of days that is chosen on top of it or by dragging over the chart."""
    st.header("Over time", anchor=False)
    dimension, first = _chosen(bench, today)
    found = bench.spending.by(user(), dimension, first, today)
    if not found:
        st.caption("No call in this time. Choose a longer one.")
        return
    with st.container(key="cost_split"):
        chart, table = st.columns([3, 2], gap="medium")
    with chart:
        dragged = _chart(bench, dimension, found, (first, today))
    since, until = dragged or (first, today)
    if dragged:
        found = bench.spending.by(user(), dimension, since, until)
    found += bench.spending.others(user(), dimension, since, until, found)
    with table:
        if dragged:
            _dragged(*dragged)
        if found:
            _table(found, dimension)
    st.caption(f"Days are those of UTC. {_NOTES.get(dimension, '')}")
    if not found:
        return
    _kinds(found)
    sent = bench.spending.windows(user(), since, until, cheaper_view.NEWEST)
    _trust(bench, since, until, sent)
    cost_answers.draw(bench, since, until)
    cheaper_view.draw(bench, since, until, sent)


def _chosen(bench: Workbench, today: date) -> tuple[Dimension, date]:
    """By what the money is told apart, and from which day on."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="cost_by"):
        dimension: Dimension = st.segmented_control(
            "By",
            list(_NAMES),
            default="model",
            format_func=lambda name: _NAMES[name],
            key="cost_dimension",
            required=True,
        )
        span = st.segmented_control(
            "In the last", list(_SPANS), default="30 days", key="cost_span", required=True
        )
    days = _SPANS[span]
    first = bench.spending.began(user()) or today
    return dimension, today - timedelta(days=days - 1) if days else first


def _chart(
    bench: Workbench, dimension: Dimension, found: Sequence[Spend], span: tuple[date, date]
) -> tuple[date, date] | None:
    """The bars; the days that were dragged over, if any."""
    keys = [each.key for each in found[:_NAMED]]
    names = cost_table.names(found)
    rows = bench.spending.by_day(user(), dimension, *span, keys)
    money = any(spend.cost for _, _, spend in rows)
    amounts: dict[str, list[tuple[date, float]]] = {names[key]: [] for key in keys}
    for day, key, spend in rows:
        amount = float(spend.cost or 0) if money else spend.input_tokens + spend.output_tokens
        amounts.setdefault(OTHERS if key is None else names[key], []).append((day, amount))
    amounts = {name: days for name, days in amounts.items() if any(each for _, each in days)}
    why = "Local and quoted answers cost nothing"
    if any(each.unpriced for each in found):
        why = "No price is known for these calls"
    if not amounts:
        st.markdown(f"{why}, and no tokens were sent: there is nothing to draw.")
        return None
    if not money:
        st.markdown(f"{why}: these are their tokens.")
    told = "; ".join(f"{names[each.key]} {say.money(each.cost)}" for each in found[:_NAMED])
    event = st.plotly_chart(
        cost_charts.over_time(amounts, *span, theme(), money=money),
        config=cost_charts.CONFIG,
        key=f"cost_chart_{dimension}_{span[0]}_{st.session_state.get('cost_clears', 0)}",
        on_select="rerun",
        selection_mode="box",
        alt=f"By {_NAMES[dimension].lower()}: {told}",
    )
    boxes = event.selection.get("box", []) if event else []
    if not boxes:
        st.caption("Drag over the chart to see some of its days alone.")
    return cost_table.days_of(boxes[0]["x"], *span) if boxes else None


def _dragged(since: date, until: date) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{since:%-d %b} to {until:%-d %b %Y}**", width="content")
        st.button(
            "All days", key="cost_clear", type="tertiary", icon=":material/close:", on_click=_clear
        )


def _clear() -> None:
    # A chart keeps what was dragged on it: a new one has nothing.
    st.session_state["cost_clears"] = st.session_state.get("cost_clears", 0) + 1


def _table(found: Sequence[Spend], dimension: Dimension) -> None:
    whole = sum((each.cost or Decimal(0) for each in found), Decimal(0))
    tokens = sum(each.input_tokens + each.output_tokens for each in found)
    rows, names = [], cost_table.names(found)
    for each in found:
        own = each.input_tokens + each.output_tokens
        share = float((each.cost or Decimal(0)) / whole) if whole else own / max(1, tokens)
        rows.append(
            {
                _NAMES[dimension]: names[each.key],
                "cost": "unknown" if each.cost is None else say.money(each.cost),
                "share": share,
                "calls": each.calls,
                "sent": each.input_tokens,
                "cached": each.cached_tokens,
                "answered": each.output_tokens,
            }
        )
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        # Narrow enough for the share of all to be seen beside the chart.
        column_config={**_COLUMNS, _NAMES[dimension]: st.column_config.TextColumn(width=128)},
        height="auto" if len(rows) < 9 else 353,
        key="cost_table",
    )
    of = "cost" if whole else "tokens, since no cost is known above $0"
    st.caption(f"“Of all” is the share of the {of}.")
    st.download_button(
        "Download as CSV",
        cost_table.as_csv(found),
        f"costs-by-{dimension}.csv",
        "text/csv",
        icon=":material/download:",
        type="tertiary",
    )


def _kinds(found: Sequence[Spend]) -> None:
    """One bar: what the tokens were."""
    amounts = {
        "fresh": sum(each.fresh_tokens for each in found),
        "cached": sum(each.cached_tokens for each in found),
        "written": sum(each.cache_write_tokens for each in found),
        "reasoning": sum(each.reasoning_tokens for each in found),
        "answered": sum(max(0, each.output_tokens - each.reasoning_tokens) for each in found),
    }
    whole = max(1, sum(amounts.values()))
    shown = [(amounts[key], words, colour) for key, words, colour in _KINDS if amounts[key]]
    if not shown:
        return
    parts = "".join(
        f'<span class="fl-part" title="{words}: {amount:,} tokens" style="width:{amount / whole:.2%};'
        f'background-color:{palette.region(colour, theme())}"></span>'
        for amount, words, colour in shown
    )
    legend = "".join(
        f'<li><i style="background-color:{palette.region(colour, theme())}"></i>{escape(words)} '
        f"<b>{amount:,}</b></li>"
        for amount, words, colour in shown
    )
    told = ", ".join(f"{words} {amount:,}" for amount, words, _ in shown)
    st.html(
        f'<div class="fl-window"><div class="fl-bar" role="img" aria-label="Tokens: {escape(told)}">{parts}'
        f'</div><ul class="fl-legend">{legend}</ul></div>'
    )


def _trust(bench: Workbench, since: date, until: date, sent: Sequence[Sent]) -> None:
    """How far the sums can be trusted."""
    rows = bench.spending.agreement(user(), since, until)
    reported = "is booked as the provider reported it"
    if rows.reported != 1:
        reported = "are booked as the provider reported them"
    parts = [f"{rows.reported:,} of these calls {reported}"]
    if rows.estimated:
        parts.append(f"{rows.estimated:,} at our estimate, which is never below the bill")
    if rows.unpriced:
        have = "has" if rows.unpriced == 1 else "have"
        parts.append(f"{rows.unpriced:,} {have} no known price: enter one on *Models*")
    if rows.open:
        parts.append(f"{rows.open:,} {'is' if rows.open == 1 else 'are'} not ended yet")
    words = label("; ".join(parts)).replace("\\*Models\\*", "*Models*")
    st.caption(f"{words}. {label(cost_table.of_counts(sent))}")
