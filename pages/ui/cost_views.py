"""What made the spending so: by model, use, conversation and prompt; tokens by kind; the dearest answers."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import escape

import pandas as pd
import streamlit as st

from core.bootstrap import Dimension, Spend, Workbench
from core.errors import FootlightsError
from pages.ui import palette, say, turn_picker
from pages.ui.markdown import label
from pages.ui.session import theme, user

_BEGIN = datetime(2000, 1, 1, tzinfo=UTC)
_SPANS = {"7 days": 7, "30 days": 30, "90 days": 90, "everything": None}
_NAMES: dict[Dimension, str] = {
    "model": "Model",
    "use": "Use",
    "conversation": "Conversation",
    "prompt": "Prompt version",
}
_KINDS = (
    ("fresh", "fresh", "sources"),
    ("cached", "from a cache", "history"),
    ("written", "written to a cache", "summary"),
    ("reasoning", "reasoning", "tools"),
    ("answered", "answered", "prompt"),
)
_COLUMNS = {
    "cost": st.column_config.TextColumn("Cost", alignment="right"),
    "share": st.column_config.ProgressColumn(
        "Of all", min_value=0, max_value=1, format="percent", width="small"
    ),
    "calls": st.column_config.NumberColumn("Calls", format="localized"),
    "sent": st.column_config.NumberColumn("Tokens in", format="localized"),
    "cached": st.column_config.NumberColumn("of them cached", format="localized"),
    "answered": st.column_config.NumberColumn("Tokens out", format="localized"),
}


def draw(bench: Workbench) -> None:
    """The whole part, for a span of time that is chosen on top of it."""
    st.header("What made it so", anchor=False)
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
    until = datetime.now(UTC) + timedelta(seconds=1)
    days = _SPANS[span]
    since = until - timedelta(days=days) if days else _BEGIN
    found = bench.spending.by(user(), dimension, since, until)
    if not found:
        st.caption("No call in this time.")
        return
    _table(found, dimension)
    _kinds(found)
    _trust(bench, since, until)
    _dearest(bench, since, until)


def _table(found: Sequence[Spend], dimension: Dimension) -> None:
    whole = sum((each.cost or Decimal(0) for each in found), Decimal(0))
    tokens = sum(each.input_tokens + each.output_tokens for each in found)
    rows = []
    for each in found:
        own = each.input_tokens + each.output_tokens
        share = float((each.cost or Decimal(0)) / whole) if whole else own / max(1, tokens)
        rows.append(
            {
                _NAMES[dimension]: each.name or "none",
                "cost": say.money(each.cost),
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
        column_config=_COLUMNS,
        height=min(10, len(rows)) * 35 + 38,
        key="cost_table",
    )
    of = "cost" if whole else "tokens, as nothing cost anything"
    st.caption(f"“Of all” is the share of the {of}. The table's own menu gives it as CSV.")


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


def _trust(bench: Workbench, since: datetime, until: datetime) -> None:
    """How far the sums can be trusted."""
    rows = bench.spending.agreement(user(), since, until)
    parts = [f"{rows.reported:,} of these calls are booked as the provider reported them"]
    if rows.estimated:
        parts.append(f"{rows.estimated:,} at our estimate, which is never below the bill")
    if rows.unpriced:
        parts.append(f"{rows.unpriced:,} have no known price: enter one on *Models*")
    if rows.open:
        parts.append(f"{rows.open:,} are not ended yet")
    st.caption(label("; ".join(parts)).replace("\\*Models\\*", "*Models*") + ".")


def _dearest(bench: Workbench, since: datetime, until: datetime) -> None:
    found = bench.spending.dearest(user(), since, until, 8)
    if not found:
        return
    st.subheader("The dearest answers", anchor=False)
    for turn_id, cost, calls in found:
        try:
            words = turn_picker.question(bench.turn_rows.get(user(), turn_id), 90)
        except FootlightsError:
            words = "a call outside the chat, or one whose conversation was deleted"
        plural = "" if calls == 1 else "s"
        st.page_link(
            "costs.py",
            label=f"**{label(say.money(cost))}** · {label(words)} · {calls} call{plural}",
            icon=":material/payments:",
            query_params={"turn": turn_id},
        )
