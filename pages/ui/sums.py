"""A row of sums: what was counted, in large, with what it is made of below; it wraps on a phone."""

from collections.abc import Sequence

import streamlit as st

from pages.ui.markdown import label


def row(sums: Sequence[tuple[str, str, str]], key: str) -> None:
    """Draw `(name, value, note)` beside each other; an empty note takes no room."""
    st.html(f"<style>.st-key-{key} {{ row-gap: .75rem; column-gap: 2.5rem; }}</style>")
    with st.container(horizontal=True, key=key):
        for name, value, note in sums:
            with st.container(width="content", gap=None):
                st.metric(name, label(value), width="content")
                if note:
                    st.caption(label(note))
