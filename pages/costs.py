"""Costs: what was spent, on which day and on which model, and the rows of the ledger behind it.

A visitor wants to see what today and this month came to, what made it so, and that nothing is missing.
"""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import streamlit as st

from core.types import LedgerRow
from pages.ui import charts, say, session
from pages.ui.markdown import label

_DAYS = 30
_ROWS = 2_000

# --- state and ask -------------------------------------------------------------------------------

bench = session.workbench()
now = datetime.now(UTC)
midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
wanted = session.query("turn")
spent = bench.ledger.by_day(session.user(), midnight - timedelta(days=_DAYS - 1))
rows = bench.ledger.rows(session.user(), _ROWS, turn_id=wanted or None)


# --- draw ----------------------------------------------------------------------------------------


def draw_sums() -> None:
    """Today, this month, and the last thirty days, with their calls and tokens."""
    spans = (
        ("Today", midnight.date()),
        ("This month", midnight.date().replace(day=1)),
        (f"Last {_DAYS} days", (midnight - timedelta(days=_DAYS - 1)).date()),
    )
    for column, (name, since) in zip(st.columns(len(spans)), spans, strict=True):
        days = [each for each in spent if each.day >= since]
        known = sum((each.cost for each in days if each.cost is not None), Decimal(0))
        calls = sum(each.calls for each in days)
        tokens = sum(each.input_tokens + each.output_tokens for each in days)
        column.metric(name, label(say.money(known)))
        column.caption(f"{calls:,} call{'' if calls == 1 else 's'}, {say.tokens(tokens)}")
    unpriced = sum(each.unpriced_calls for each in spent)
    if unpriced:
        st.warning(
            f"{unpriced:,} call{'' if unpriced == 1 else 's'} went to models without a known price; "
            "what they cost is not in these sums.",
            icon=":material/help:",
        )


def draw_days() -> None:
    """Spend by day and model; tokens where nothing cost anything."""
    free = not any(each.cost for each in spent)
    st.header("Day by day", anchor=False)
    if free:
        st.caption("Local and quoted answers cost nothing; these are their tokens.")
    amounts = [
        (
            each.day,
            each.model,
            float(each.input_tokens + each.output_tokens) if free else float(each.cost or 0),
        )
        for each in spent
    ]
    figure = charts.by_day(
        amounts,
        "tokens" if free else "US dollars",
        session.theme(),
        money=not free,
        days=((midnight - timedelta(days=_DAYS - 1)).date(), midnight.date()),
    )
    st.plotly_chart(figure, config={"displayModeBar": False}, key="days")


def draw_rows(rows: Sequence[LedgerRow]) -> None:
    """The ledger, newest first: every attempt that could cost money is a row."""
    st.header("The ledger", anchor=False)
    if wanted:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("The rows of one answer.", width="content")
            st.page_link("costs.py", label="Show all rows", icon=":material/list:")
            st.page_link(
                "traces.py",
                label="Its trace",
                icon=":material/account_tree:",
                query_params={"turn": wanted},
            )
    models = sorted({row.model for row in rows})
    chosen = st.multiselect("Models", models, placeholder="all models") if len(models) > 1 else []
    shown = [row for row in rows if not chosen or row.model in chosen]
    st.dataframe(
        [_as_shown(row) for row in shown],
        hide_index=True,
        column_config={
            "When": st.column_config.DatetimeColumn(format="D MMM, HH:mm:ss"),
            "Trace": st.column_config.LinkColumn(display_text="open"),
        },
        key="ledger",
    )
    more = f"the {_ROWS:,} newest rows · " if len(rows) == _ROWS else ""
    st.caption(
        f"{more}reserved is the worst case that was set aside before sending; an open row has not "
        "been settled yet"
    )
    st.download_button(
        f"Download {len(shown):,} row{'' if len(shown) == 1 else 's'} as CSV", _csv(shown), "ledger.csv", "text/csv",
        icon=":material/download:",
    )  # fmt: skip


def _as_shown(row: LedgerRow) -> dict[str, object]:
    usage = row.usage
    return {
        "When": row.created_at,
        "Model": row.model,
        "State": "open" if row.state == "reserved" else row.state,
        "Cost": "open" if row.state == "reserved" else say.money(row.cost),
        "Reserved": say.money(row.reserved),
        "Tokens in": usage.input_tokens if usage else None,
        "Cached": usage.cached_tokens if usage else None,
        "Tokens out": usage.output_tokens if usage else None,
        "Counted by": {"reported": "the vendor", "estimated": "us, an estimate"}[usage.source]
        if usage
        else "",
        "Trace": f"/traces?turn={row.turn_id}",
    }


def _csv(rows: Sequence[LedgerRow]) -> str:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(
        ["when", "turn", "model", "state", "cost_usd", "reserved_usd", "tokens_in", "cached",
         "tokens_out", "source"]
    )  # fmt: skip
    for row in rows:
        usage = row.usage
        counts = (
            [usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.source]
            if usage
            else ["", "", "", ""]
        )
        money = ["" if each is None else f"{each:f}" for each in (row.cost, row.reserved)]
        writer.writerow(
            [row.created_at.isoformat(), row.turn_id, row.model, row.state, *money, *counts]
        )
    return written.getvalue()


st.title("Costs", anchor=False)
if not rows and not spent:
    st.info("Nothing was asked yet, so nothing was spent.", icon=":material/payments:")
    st.page_link("chat.py", label="Ask a first question", query_params={"c": "new"})
else:
    draw_sums()
    draw_days()
    draw_rows(rows)
