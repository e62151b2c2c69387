"""The index of the documents: its passport, and a picture of the passages in two dimensions."""

import streamlit as st

from core.atlas import Map, Passport
from core.bootstrap import Workbench
from core.errors import FootlightsError
from pages.ui import charts, say
from pages.ui.session import theme, user


def draw(bench: Workbench) -> None:
    """The passport, a question, and the picture."""
    _passport(bench.atlas.passport(user()))
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
    st.markdown(
        f"**{passport.passages:,} passages** of {passport.documents:,} documents, "
        f"{say.tokens(passport.tokens)}, {say.size(passport.vector_bytes)} of vectors"
    )
    st.caption(
        f"Embedded by {passport.model}, {passport.dimension} dimensions, weights `{passport.sha256[:12]}` · cut at "
        f"up to {passport.pieces} of the 256 word pieces that it reads · found by meaning and words (BM25)"
    )
    if passport.elsewhere:
        st.warning(
            f"{passport.elsewhere:,} passages were embedded by another model and are not found by meaning. "
            "Delete their documents and add them again.",
            icon=":material/sync_problem:",
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
