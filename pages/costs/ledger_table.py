"""Rows of the ledger as a table to read and as CSV to take away."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date

import streamlit as st

from core.types import LedgerRow, LedgerState, Usage
from pages.ui import say

STATES: dict[LedgerState, str] = {
    "reserved": "open",
    "settled": "booked",
    "released": "not billed",
}
_SOURCES = {"reported": "provider", "estimated": "our estimate"}
_ROW, _MOST_ROWS = 35, 12
_COLUMNS = (
    "when", "turn", "purpose", "model", "state", "cost_usd", "reserved_usd", "tokens_in", "cached",
    "tokens_out", "source", "cache_written", "reasoning",
)  # fmt: skip
# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def draw(rows: Sequence[LedgerRow], questions: Mapping[str, str], key: str = "ledger") -> None:
    """The rows, newest first, with the `questions` of the turns that are known; without any, no such column."""
    number = st.column_config.NumberColumn
    st.dataframe(
        [_as_shown(row, questions) for row in rows],
        height=_ROW * (1 + min(len(rows), _MOST_ROWS)) + 2,
        hide_index=True,
        column_config={
            "When": st.column_config.DatetimeColumn(
                format="D MMM, HH:mm:ss", timezone=st.context.timezone or "UTC", width=120
            ),
            "Trace": st.column_config.LinkColumn(display_text="open", width=50),
            "Question": st.column_config.TextColumn(width=140),
            "Model": st.column_config.TextColumn(width=130),
            "State": st.column_config.TextColumn(width=70),
            "Cost": st.column_config.TextColumn(alignment="right", width=108),
            "Reserved": st.column_config.TextColumn(
                alignment="right", width=108, help="The worst case, set aside before sending"
            ),
            "Tokens in": number(format="localized", width=75),
            "Cached": number(format="localized", width=60, help="Of the tokens in"),
            "Tokens out": number(format="localized", width=80),
            "Counted by": st.column_config.TextColumn(width=95),
            "To cache": number(
                format="localized", width=70, help="Of the tokens in, written to the vendor's cache"
            ),
            "Thought": number(
                format="localized", width=65, help="Of the tokens out, what the model thought"
            ),
        },
        placeholder="–",
        key=key,
        alt="Every call that could cost money, newest first",
    )


def day(row: LedgerRow) -> date:
    """The UTC day of the row, as the sums by day have it."""
    return row.created_at.astimezone(UTC).date()


def _as_shown(row: LedgerRow, questions: Mapping[str, str]) -> dict[str, object]:
    usage = row.usage
    asked = {"Question": questions.get(row.turn_id, "")} if questions else {}
    return {
        "When": row.created_at,
        "Trace": f"/traces?turn={row.turn_id}",
        **asked,
        "Model": row.model,
        "State": STATES[row.state],
        "Cost": "open" if row.state == "reserved" else say.money(row.cost),
        "Reserved": say.money(row.reserved),
        "Tokens in": usage.input_tokens if usage else None,
        "Cached": usage.cached_tokens if usage else None,
        "Tokens out": usage.output_tokens if usage else None,
        "Counted by": _SOURCES[usage.source] if usage else "",
        "To cache": usage.cache_write_tokens if usage else None,
        "Thought": usage.reasoning_tokens if usage else None,
    }


def _counts(usage: Usage) -> tuple[object, ...]:
    return (
        usage.input_tokens,
        usage.cached_tokens,
        usage.output_tokens,
        usage.source,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
    )


def plain(text: str) -> str:
    """The text as no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_csv(rows: Iterable[LedgerRow]) -> str:
    """The rows as CSV; money as exact decimals, empty where the price is unknown."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(_COLUMNS)
    for row in rows:
        usage = row.usage
        counts = _counts(usage) if usage else ("",) * 6
        money = ("" if each is None else f"{each:f}" for each in (row.cost, row.reserved))
        writer.writerow(
            [
                row.created_at.isoformat(),
                row.turn_id,
                row.purpose,
                plain(row.model),
                row.state,
                *money,
                *counts,
            ]
        )
    return written.getvalue()
