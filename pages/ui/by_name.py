"""Things by their names: with many of them, a field that narrows the list."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from core.types import Document
from pages.ui.markdown import label

T = TypeVar("T")
_FROM = 9


def searched(documents: Sequence[Document], key: str) -> Sequence[Document]:
    """The documents with the name that is looked for; see `narrowed`."""
    none = "No document has “{}” in its name."
    return narrowed(documents, key, lambda each: each.name, "documents", "name", none)


def narrowed(
    items: Sequence[T], key: str, text: Callable[[T], str], noun: str, where: str, none: str
) -> Sequence[T]:
    """Those whose text has what is looked for, all when they are few; draws the field, of this key, and says
    when there are none."""
    if len(items) < _FROM:
        return items
    wanted = st.text_input(
        f"Search {noun}",
        placeholder=f"Search by {where}",
        icon=":material/search:",
        label_visibility="collapsed",
        key=key,
    ).strip()
    found = [each for each in items if wanted.casefold() in text(each).casefold()]
    if not found:
        st.caption(none.format(label(wanted)))
    return found
