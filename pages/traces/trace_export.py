"""A trace to take away: as JSON, and as a page that plays without a server."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.traces import export as trace_export
from core.types import LedgerRow, Span, Turn


def draw(turn: Turn, spans: Sequence[Span], rows: Sequence[LedgerRow]) -> None:
    """Two buttons; what they give is made when they are pressed."""
    with st.container(horizontal=True, gap="small", key="take_away"):
        for text, make, end, mime in (
            ("JSON", trace_export.as_json, "json", "application/json"),
            ("Page that plays offline", trace_export.as_html, "html", "text/html"),
        ):
            st.download_button(
                text,
                partial(make, turn, spans, rows),
                f"trace-{turn.id}.{end}",
                mime,
                icon=":material/download:",
                type="tertiary",
                key=f"take_{end}",
                on_click="ignore",
            )
