"""Documents that are no files: a web page by its address, a text that is pasted."""

import streamlit as st

from core.bootstrap import Workbench
from core.errors import FootlightsError
from core.types import Document
from pages.documents import collections
from pages.ui import say
from pages.ui.markdown import label
from pages.ui.session import user


def draw(bench: Workbench) -> None:
    """Two buttons, each with its form."""
    with st.container(horizontal=True, gap="small", key="sources"):
        # Another key is another element: what was taken in is not to stay behind an open form.
        page, text = _key("page_open"), _key("text_open")
        with st.popover("Add a web page", icon=":material/language:", type="tertiary", key=page):
            _page(bench)
        with st.popover("Paste a text", icon=":material/content_paste:", type="tertiary", key=text):
            _text(bench)


def _page(bench: Workbench) -> None:
    with st.form("add_page", border=False):
        url = st.text_input(
            "Address of the page", placeholder="https://", max_chars=2000, key=_key("page_url")
        )
        st.caption("Fetched once, from the open internet alone; nothing of yours is sent with it.")
        if not st.form_submit_button("Fetch it", type="primary"):
            return
    try:
        with st.spinner("Fetching the page, at most 20 s"):
            document, is_new = bench.bridge.run(bench.documents.add_page(user(), url))
    except FootlightsError as error:
        say.problem(error)
    else:
        _told(bench, document, is_new)


def _text(bench: Workbench) -> None:
    with st.form("add_text", border=False):
        name = st.text_input(
            "Name", placeholder="after its first words", max_chars=100, key=_key("text_name")
        )
        text = st.text_area("Text or Markdown", height=200, key=_key("text_body"))
        if not st.form_submit_button("Keep it", type="primary"):
            return
    try:
        document, is_new = bench.documents.add_text(user(), name, text)
    except FootlightsError as error:
        say.problem(error)
    else:
        _told(bench, document, is_new)


def _key(name: str) -> str:
    # The fields are emptied by what was taken in, and by nothing else: what is refused stands there still.
    return f"{name}_{st.session_state.get('sources_taken', 0)}"


def _told(bench: Workbench, document: Document, is_new: bool) -> None:
    if document.status == "refused":
        st.error(f"**{label(document.name)}** was not taken: {label(document.reason)}")
        return
    collections.put(bench, document)
    st.session_state["sources_taken"] = st.session_state.get("sources_taken", 0) + 1
    if is_new:
        st.toast(f"{label(document.name)} is being read.", icon=":material/description:")
    else:
        st.toast(f"{label(document.name)} is here already.", icon=":material/check:")
    st.rerun()
