"""Documents by their names: with many of them, a field that narrows the list."""

from collections.abc import Sequence

import streamlit as st

from core.types import Document
from pages.ui.markdown import label

_FROM = 9


def searched(documents: Sequence[Document], key: str) -> Sequence[Document]:
    """Those with the name that is looked for, all when they are few; draws the field, of this key, and says
    when there are none."""
    if len(documents) < _FROM:
        return documents
    wanted = st.text_input(
        "Search documents",
        placeholder="Search by name",
        icon=":material/search:",
        label_visibility="collapsed",
        key=key,
    ).strip()
    found = [each for each in documents if wanted.casefold() in each.name.casefold()]
    if not found:
        st.caption(f"No document has “{label(wanted)}” in its name.")
    return found
