"""How one link was used, day by day: what its visitors cost, or how many calls they caused for nothing."""

from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from core.bootstrap import Share, Workbench
from pages.ui import cost_charts, say
from pages.ui.session import theme, user


def draw(bench: Workbench, share: Share) -> None:
    """A chart with its numbers beside it, made when it is opened."""
    link = share.link
    opened = st.expander(
        "Day by day", icon=":material/bar_chart:", key=f"use_{link.id}", on_change="rerun"
    )
    if not opened.open:
        return
    today = datetime.now(UTC).date()
    first = link.created_at.date()
    rows = bench.spending.by_day(user(), "link", first, today, [link.id])
    days = [(day, spend) for day, key, spend in rows if key == link.id]
    with opened:
        if not days:
            st.caption("No call is booked on it yet.")
            return
        money = any(spend.cost for _, spend in days)
        amounts = [(day, float(spend.cost or 0) if money else spend.calls) for day, spend in days]
        chart, table = st.columns([3, 2], gap="medium")
        chart.plotly_chart(
            cost_charts.by_day(amounts, first, today, theme(), money=money),
            config=cost_charts.CONFIG,
            key=f"use_chart_{link.id}",
            alt="; ".join(f"{day:%-d %b}: {spend.calls} calls" for day, spend in days[-30:]),
        )
        shown = [
            {"Day (UTC)": day, "Calls": spend.calls, "Cost": say.money(spend.cost)}
            for day, spend in reversed(days)
        ]
        table.dataframe(
            pd.DataFrame(shown), hide_index=True, height="auto" if len(shown) < 6 else 213,
            key=f"use_table_{link.id}",
            column_config={
                "Day (UTC)": st.column_config.DateColumn(format="D MMM YYYY"),
                "Cost": st.column_config.TextColumn(alignment="right"),
            },
        )  # fmt: skip
