"""What went over the wire for one call of a model: the body as it was sent, and what came in the vendor's words."""

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.traces.export import as_sent


def draw(found: Mapping[str, Any]) -> None:
    """Both, closed; nothing when nothing went over a wire, or it was not noted."""
    if not (body := as_sent(found)):
        return
    length = int(found.get("sent_length") or 0)
    size = f"{length:,} characters"
    if cut := length > len(body):
        size = f"the first {len(body):,} of {size}"
    with st.expander(f"Raw request: {size}", type="compact"):
        st.caption("The body as it was sent, without headers and keys.")
        if cut:
            st.code(body, language=None, wrap_lines=True)
        else:
            st.json(body, expanded=2)
    pieces, number = found.get("received") or (), int(found.get("received_pieces") or 0)
    events = f"{number:,} event{'' if number == 1 else 's'}"
    shown = (
        f"the first and the last {len(pieces) - 1} of {events}" if number > len(pieces) else events
    )
    with st.expander(f"Raw response: {shown}", type="compact"):
        st.caption("As the vendor sent it, without headers and keys; the text between is above.")
        for piece in pieces:
            st.code(_laid_out(piece), language="json", wrap_lines=True)


def _laid_out(piece: str) -> str:
    """On several lines where it is JSON, else as it is."""
    try:
        return json.dumps(json.loads(piece), indent=1, ensure_ascii=False)
    except ValueError:
        return piece
