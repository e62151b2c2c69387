"""Why this answer: every passage that was considered for it, and what became of each."""

from typing import Any

import pandas as pd
import streamlit as st

from core.turns.endings import NOT_FOUND
from core.types import Item, Turn
from pages.ui import say
from pages.ui.markdown import label
from pages.ui.passage import passage
from pages.ui.session import user, workbench

_COLUMNS = {
    "rank": st.column_config.NumberColumn("#", width="small", help="Its place in the order."),
    "passage": st.column_config.TextColumn("Passage", width="medium"),
    "became": st.column_config.TextColumn("What became of it", width="medium"),
    "read": st.column_config.ProgressColumn(
        "Read",
        min_value=0,
        max_value=1,
        format="%.2f",
        help="What the cross-encoder made of the passage, read with the question; it decides the order.",
    ),
    "fused": st.column_config.ProgressColumn(
        "Fused",
        min_value=0,
        max_value=1,
        format="%.2f",
        help="Meaning and words together, 0 to 1 among those considered.",
    ),
    "meaning": st.column_config.TextColumn(
        "By meaning", help="Place and cosine: 1 is the same meaning, 0 has nothing to do with it."
    ),
    "words": st.column_config.TextColumn(
        "By words", help="Place and BM25 score; 0 shares no word with the question."
    ),
}


def button(turn: Turn) -> None:
    """The button that opens the drawer."""
    has_reasons = turn.request.use_documents is not False or turn.taint
    if has_reasons and st.button(
        "Why", type="tertiary", icon=":material/manage_search:", key=f"why_{turn.id}"
    ):
        _drawer(turn)


@st.dialog("Why this answer", width="large")
def _drawer(turn: Turn) -> None:
    if turn.taint:
        st.caption(
            f":material/shield: The window holds {label(turn.taint)}: text that others wrote. Tools with "
            "effects ask each time."
        )
    spans = workbench().traces.read(user(), turn.id)
    window = next((span.attributes for span in spans if span.kind == "window"), {})
    if "defence" in window:
        st.caption(f"Layers of the defence: {label(window['defence'] or 'none')}.")
    told = next((span.attributes for span in spans if span.kind == "retrieval"), None)
    if told is None:
        st.info("No search was made for this answer, or its trace is not there yet.")
        return
    candidates: list[dict[str, Any]] = told.get("candidates", [])
    st.markdown(f"Looked for: **{label(str(told['query']))}**")
    if not candidates:
        st.info("Nothing was found: there was no passage to search.")
        return
    near = float(told.get("nearness", 0))
    st.caption(
        f"{told['considered']:,} passages were considered, the best {len(candidates)} are shown. The nearest "
        f"has a cosine of {told['cosine']:.2f} and {told['coverage']:.0%} of the question's words, "
        f"by weight: {near:.0%} sure that your documents bear on it."
    )
    frame = _frame(candidates, _became(turn, candidates))
    picked = st.dataframe(
        frame,
        hide_index=True,
        column_config=_COLUMNS,
        on_select="rerun",
        selection_mode="single-row",
        height=min(12, len(frame)) * 35 + 37,
        key=f"why_table_{turn.id}",
    )
    rows = picked.selection.rows
    _text(turn, candidates[rows[0] if rows else 0])


def _frame(candidates: list[dict[str, Any]], became: dict[str, str]) -> pd.DataFrame:
    """A row for each candidate, in their order."""
    was_read = any("read" in each for each in candidates)
    rows = [
        {
            "rank": rank,
            "passage": f"{each['document']} {say.place(each['unit'], each['page'])}",
            "became": became[each["chunk_id"]],
            **({"read": each.get("read")} if was_read else {}),
            "fused": each["fused"],
            "meaning": _place(each["dense_rank"], each["dense_score"]),
            "words": _place(each["word_rank"], each["word_score"]),
        }
        for rank, each in enumerate(candidates, 1)
    ]
    return pd.DataFrame(rows)


def _text(turn: Turn, candidate: dict[str, Any]) -> None:
    """The passage that was picked, word for word as it was sent when it was sent."""
    sent = {str(source.hit.chunk_id): source for source in turn.sources}
    source = sent.get(candidate["chunk_id"])
    text = source.hit.chunk.text if source else candidate["text"]
    where = f"{label(candidate['document'])}, {candidate['unit']} {candidate['page']}"
    st.markdown(
        f"**{where}**"
        + (f" · sent as [{source.number}]" if source and turn.stop_reason != NOT_FOUND else "")
    )
    st.html(passage(text, 0, 0))
    if source is None:
        st.caption("The beginning of the passage; it was not sent.")
    with st.container(horizontal=True):
        st.page_link(
            "documents/page.py",
            label="In the document",
            icon=":material/article:",
            query_params={"d": candidate["document_id"], "passage": str(candidate["seq"])},
        )
        st.page_link(
            "tokens/page.py",
            label="The whole window as it was sent",
            icon=":material/data_usage:",
            query_params={"turn": turn.id},
        )


def _became(turn: Turn, candidates: list[dict[str, Any]]) -> dict[str, str]:
    cited = {citation.number for citation in turn.citations}
    sent = {str(source.hit.chunk_id): source.number for source in turn.sources}
    flagged = {source.number: source.suspicion for source in turn.sources if source.flagged}
    dropped = {item.ref: item.reason for item in _dropped(turn)}
    places = {each["chunk_id"]: rank for rank, each in enumerate(candidates, 1)}
    told = {}
    for each in candidates:
        number = sent.get(each["chunk_id"])
        if number is not None and turn.stop_reason == NOT_FOUND:
            told[each["chunk_id"]] = "among the nearest, not sent"
        elif number is not None:
            told[each["chunk_id"]] = f"sent as [{number}]" + (", cited" if number in cited else "")
            if number in flagged:
                told[each["chunk_id"]] += f", reads like an instruction: {flagged[number]:.0%}"
        elif each["chunk_id"] in dropped:
            told[each["chunk_id"]] = f"no room: {dropped[each['chunk_id']]}"
        elif each["duplicate_of"]:
            first = places.get(each["duplicate_of"])
            told[each["chunk_id"]] = f"says the same as #{first}" if first else "said elsewhere"
        else:
            told[each["chunk_id"]] = "not among the first"
    return told


def _dropped(turn: Turn) -> list[Item]:
    budget = workbench().turn_rows.budget(user(), turn.id)
    if budget is None:
        return []
    return [
        item
        for part in budget.slices
        if part.region == "sources"
        for item in part.items
        if not item.kept
    ]


def _place(rank: int | None, score: float) -> str:
    return f"{rank} · {score:.2f}" if rank else f"– · {score:.2f}"
