"""What was found for a question: ranked passages, how near they are, and the words they share with it."""

import re
import zlib
from collections.abc import Sequence

import streamlit as st

from core.bootstrap import Workbench
from core.errors import FootlightsError
from core.types import Collection, Hit
from pages.documents import goldens
from pages.ui import say
from pages.ui.markdown import label
from pages.ui.passage import passage
from pages.ui.session import user

# An entity of the escaped text is one token too, so that no word is found inside it.
_TOKEN = re.compile(r"&#?\w+;|\w+")
_COMMON = frozenset(
    re.findall(
        r"\w+",
        """a about an and are as at be been but by can could did do does for from had has have how i
        if in is it its may me my no not of on or our shall should so than that the their them then
        there these they this to was we were what when where which who whose why will with would you
        your""",
    )
)
_EXPLAINED = (
    "The score is the cosine similarity between your question and the passage: 1 is the same "
    "meaning, 0 has nothing to do with it. Passages that answer a question often have 0.3 to 0.7. "
    "The order comes from the meaning and from the words that both have, which are marked."
)


def trial(bench: Workbench, scope: str = "", collection: Collection | None = None) -> None:
    """Try a question: the passages that would be found for it, in `scope` (a document), in the
    collection, or in all; where it is not one document, it can be kept as a golden question."""
    question = st.text_input(
        "Question",
        placeholder="What would you ask?",
        icon=":material/search:",
        key=f"trial_question_{scope}",
    )
    left, right = st.columns(2, gap="medium")
    count = left.slider("How many passages", 1, 20, 5, key=f"trial_count_{scope}")
    near = right.slider(
        "How near, at least (cosine)",
        0.0,
        1.0,
        0.0,
        0.05,
        key=f"trial_near_{scope}",
        help=_EXPLAINED,
    )
    if collection:
        st.caption(f"Looking in the collection **{label(collection.name)}**, which is open above.")
    if not question.strip():
        st.caption("See what a model would be given for it. Nothing is sent to a model.")
        return
    only = [scope] if scope else None
    if collection:
        only = list(bench.collections.resolve(user(), [collection.id]))
    if waiting := len(bench.documents.pending(user(), only)):
        st.caption(f"{waiting} being read: what is in there is not found yet.")
    try:
        with st.spinner("Searching"):
            found = bench.bridge.run(bench.documents.search(user(), question, count, only))
    except FootlightsError as error:
        say.problem(error)
        return
    ticked = _ranked(found, near, question, scope)
    if found and not scope:
        goldens.keep(bench, question, ticked, collection)


def _ranked(found: Sequence[Hit], near: float, question: str, scope: str) -> list[Hit]:
    """The passages in their order; those that were ticked as right."""
    if not found:
        st.info("No passage to search yet: add a document first.", icon=":material/search_off:")
        return []
    shown = [(rank, hit) for rank, hit in enumerate(found, 1) if not near or hit.score >= near]
    many = "passage" if len(shown) == 1 else "passages"
    hidden = len(found) - len(shown)
    farther = f" :gray[· {hidden} farther than {near:.2f} not shown]" if hidden else ""
    st.markdown(f"**{len(shown)} {many}**, best first{farther}")
    if not shown:
        best = max(hit.score for hit in found)
        st.caption(f"The nearest has {best:.2f}: move “How near” below it to see it.")
    elif not scope:
        st.caption("Tick the right ones to keep this as a golden question, below.")
    words = content_words(question)
    ticked = []
    for rank, hit in shown:
        with st.container(gap="xsmall"):
            if _head(rank, hit, scope, question):
                ticked.append(hit)
            st.html(marked(hit.chunk.text, words, f"Passage found, number {rank}"))
    return ticked


def _head(rank: int, hit: Hit, scope: str, question: str) -> bool:
    """The line above a passage; whether it was ticked as a right one."""
    place = say.place(hit.unit, hit.chunk.page)
    heading = f" · {label(hit.chunk.heading)}" if hit.chunk.heading else ""
    where = place if scope else f"{label(hit.name)} · {place}"
    with st.container(
        horizontal=True, vertical_alignment="center", key=f"hit_{rank}_{hit.chunk_id}"
    ):
        st.markdown(
            f":primary-badge[{hit.score:.2f}] **{rank}** · {where}:small[{heading}]",
            width="stretch",
        )
        if scope:
            return False
        # Of each question its own tick: what answers one says nothing of the next.
        right = st.checkbox(
            "Right",
            key=f"right_{hit.chunk_id}_{zlib.crc32(question.encode())}",
        )
        st.page_link(
            "documents/page.py",
            label="In the document",
            icon=":material/article:",
            query_params={"d": hit.document_id, "passage": str(hit.chunk.seq)},
        )
    return right


def content_words(question: str) -> frozenset[str]:
    """The words of the question that say what it is about, in small letters."""
    words = (word.casefold() for word in re.findall(r"\w+", question))
    return frozenset(_stem(word) for word in words if len(word) > 1 and word not in _COMMON)


def marked(text: str, words: frozenset[str], name: str = "Passage") -> str:
    """HTML of the passage with these words marked, in whatever ending of the plural."""
    opening, bracket, body = passage(text, name=name).partition(">")
    return f"{opening}{bracket}{_TOKEN.sub(lambda found: _mark(found[0], words), body)}"


def _mark(token: str, words: frozenset[str]) -> str:
    is_word = not token.startswith("&") and _stem(token.casefold()) in words
    return f"<mark>{token}</mark>" if is_word else token


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
