"""The index of the documents: its passport, and a picture of the passages in two dimensions."""

from html import escape

import streamlit as st

from core.bootstrap import Workbench
from core.documents.atlas import Map, Passport
from core.errors import FootlightsError
from core.types import Collection
from pages.documents import atlas_view
from pages.ui import health, reembed, say
from pages.ui.markdown import label
from pages.ui.session import user

_STYLE = """<style>
.fl-passport.fl-passport { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(17rem, 45%), 1fr));
  gap: .55rem 1.4rem; margin: 0; padding: 0; }
.fl-passport div { border-top: 1px solid color-mix(in srgb, currentColor 14%, transparent); padding-top: .45rem; }
.fl-passport :is(dt, dd) { margin: 0; padding: 0; overflow-wrap: anywhere; }
.fl-passport dt { font-size: .82rem; opacity: .74; font-weight: 400; }
.fl-passport dd { font-variant-numeric: tabular-nums; }
</style>"""


def draw(bench: Workbench, collection: Collection | None) -> None:
    """The passport, a question, and the picture: of the collection when one is open."""
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
            drawn = bench.atlas.draw(user(), question, only=_inside(bench, collection))
    except FootlightsError as error:
        st.info(f"{error}. {error.hint}")
        return
    _picture(drawn, collection)


def _passport(passport: Passport) -> None:
    rows = [
        (
            "Passages",
            f"<b>{passport.passages:,}</b> of {health.counted(passport.documents, 'document')}",
        ),
        ("Read", f"{say.size(passport.document_bytes)} of files, {say.tokens(passport.tokens)}"),
        ("Embedder", f"{escape(passport.model)}, {passport.dimension:,} dimensions"),
        ("Its weights", _weights(passport)),
        (
            "Cut",
            f"at headings and paragraphs into up to {passport.pieces} word pieces, "
            f"{passport.heading_pieces} of them for the headings",
        ),
        ("Vectors", say.size(passport.vector_bytes)),
        ("Found by", _found_by(passport)),
        ("Last changed", escape(say.when(passport.when)) if passport.when else "never"),
    ]
    drawn = "".join(f"<div><dt>{name}</dt><dd>{words}</dd></div>" for name, words in rows)
    st.html(f'{_STYLE}<dl class="fl-passport">{drawn}</dl>')


def _weights(passport: Passport) -> str:
    if not passport.sha256:
        return "at its vendor"
    return f"<code>{passport.sha256[:12]}</code> in {escape(passport.arithmetic)}"


def _found_by(passport: Passport) -> str:
    reader = f"; the best are read with the question by {escape(passport.reranker)}"
    return f"meaning and words (BM25){reader if passport.reranker else ''}"


def _inside(bench: Workbench, collection: Collection | None) -> frozenset[str] | None:
    members = bench.collections.members(user())
    return members.get(collection.id, frozenset()) if collection else None


def _picture(drawn: Map, collection: Collection | None) -> None:
    atlas_view.draw(drawn)
    where = f" of **{label(collection.name)}**" if collection else ""
    dots = f"{len(drawn.dots):,} of {drawn.passages:,}"
    some = dots if len(drawn.dots) < drawn.passages else f"All {drawn.passages:,}"
    st.caption(
        f"{some} passages{where}, coloured by document. Those that say alike things lie near each other, roughly: "
        f"two dimensions keep {drawn.shown:.0%} of the differences."
    )
