"""The index of the documents: its passport, and a picture of the passages in two dimensions."""

import streamlit as st

from core.atlas import Map, Passport
from core.bootstrap import Workbench
from core.errors import FootlightsError
from pages.ui import charts, reembed, say
from pages.ui.markdown import label
from pages.ui.session import theme, user


def draw(bench: Workbench) -> None:
    """The passport, a question, and the picture."""
    waits = reembed.draw(bench)
    _passport(bench.atlas.passport(user()))
    if waits:
        return  # a picture of a part would look like one of the whole
    reembed.draw_left(bench)
    question = st.text_input(
        "Question",
        placeholder="A question among them",
        icon=":material/search:",
        key="map_question",
    )
    try:
        with st.spinner("Placing the passages"):
            drawn = bench.atlas.draw(user(), question)
    except FootlightsError as error:
        st.info(f"{error}. {error.hint}")
        return
    _picture(drawn)


def _passport(passport: Passport) -> None:
    files = f"{passport.documents:,} documents ({say.size(passport.document_bytes)})"
    st.markdown(
        f"**{passport.passages:,} passages** of {files}, {say.tokens(passport.tokens)}, "
        f"{say.size(passport.vector_bytes)} of vectors"
    )
    own = f"weights `{passport.sha256[:12]}` in {passport.arithmetic}"
    weights = own if passport.sha256 else "at its vendor"
    read = f", the best read with the question by {label(passport.reranker)}"
    changed = f" · last changed {say.when(passport.when)}" if passport.when else ""
    st.caption(
        f"Embedded with {label(passport.model)}, {passport.dimension:,} dimensions, {weights} · cut at headings and "
        f"paragraphs into up to {passport.pieces} word pieces, {passport.heading_pieces} of them for the headings · "
        f"found by meaning and words (BM25){read if passport.reranker else ''}{changed}"
    )


def _picture(drawn: Map) -> None:
    st.plotly_chart(charts.atlas(drawn, theme()), key="atlas", config={"displaylogo": False})
    some = (
        f"{len(drawn.dots):,} of {drawn.passages:,}" if len(drawn.dots) < drawn.passages else "all"
    )
    st.caption(
        f"Each dot is a passage ({some}), coloured by its document; near ones say alike things. Two "
        f"dimensions show {drawn.shown:.0%} of the differences between them, so distances are a hint, not a measure."
    )
