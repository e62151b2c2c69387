"""The passages that a search found, in a trace."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.types import Source, Turn
from pages.ui import said, say
from pages.ui.markdown import label


def draw(hits: Sequence[Mapping[str, Any]], turn: Turn) -> None:
    """The passages of a search, best first, with what became of each and the way to its document."""
    if not hits:
        st.markdown("No passage was found: there are no documents, or none was to be searched.")
        return
    st.caption(f"the best {len(hits)} by similarity to the question, 1 would be the same words")
    cited = {citation.number for citation in turn.citations}
    for rank, hit in enumerate(hits, 1):
        source = _source(hit, turn)
        state = ""
        if source:
            state = f" · cited as {source.number}" if source.number in cited else " · not cited"
        elif turn.sources:
            state = " · left out of the window"
        where = say.place(source.hit.unit if source else "page", hit.get("page", 0))
        title = f"{rank}. {hit.get('document')}, {where} · {hit.get('score', 0):.2f}{state}"
        with st.expander(label(title), type="compact"):
            st.html(said.box(str(hit.get("text")), f"Passage {rank}"))
            if source:
                st.page_link(
                    "documents/page.py",
                    label="In its document",
                    icon=":material/description:",
                    query_params={"d": source.hit.document_id, "passage": str(source.hit.chunk_id)},
                )


def _source(hit: Mapping[str, Any], turn: Turn) -> Source | None:
    for source in turn.sources:
        if source.hit.chunk.text == hit.get("text") and source.hit.name == hit.get("document"):
            return source
    return None
