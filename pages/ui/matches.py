"""What was found for a question: ranked passages, how near they are, and the words they share with it."""

import re
from collections.abc import Sequence

import streamlit as st

from core.bootstrap import Workbench
from core.errors import FootlightsError
from core.types import Hit
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


def trial(bench: Workbench, scope: str = "") -> None:
    """Try a question: the passages that would be found for it, in `scope` (a document) or in all."""
    left, right = st.columns([3, 1], gap="medium", vertical_alignment="bottom")
    with left:
        question = st.text_input(
            "Question",
            placeholder="What would you ask?",
            icon=":material/search:",
            key=f"trial_question_{scope}",
        )
    with right:
        count = st.slider("Passages to find", 1, 20, 5, key=f"trial_count_{scope}")
    if not question.strip():
        st.caption("See what a model would be given for it. Nothing is sent to a model.")
        return
    if waiting := len(bench.documents.pending(user(), [scope] if scope else None)):
        st.caption(f"{waiting} being read: what is in there is not found yet.")
    try:
        with st.spinner("Searching"):
            found = bench.bridge.run(
                bench.documents.search(user(), question, count, [scope] if scope else None)
            )
    except FootlightsError as error:
        say.problem(error)
        return
    _ranked(found, question, with_name=not scope)


def _ranked(found: Sequence[Hit], question: str, *, with_name: bool) -> None:
    if not found:
        st.info("No passage to search yet: add a document first.", icon=":material/search_off:")
        return
    many = "passage" if len(found) == 1 else "passages"
    st.markdown(f"**{len(found)} {many}**, best first", help=_EXPLAINED)
    words = content_words(question)
    for rank, hit in enumerate(found, 1):
        with st.container(gap="xsmall"):
            _head(rank, hit, with_name)
            st.html(marked(hit.chunk.text, words, f"Passage found, number {rank}"))


def _head(rank: int, hit: Hit, with_name: bool) -> None:
    place = say.place(hit.unit, hit.chunk.page)
    heading = f" · {label(hit.chunk.heading)}" if hit.chunk.heading else ""
    where = f"{label(hit.name)} · {place}" if with_name else place
    with st.container(
        horizontal=True, vertical_alignment="center", key=f"hit_{rank}_{hit.chunk_id}"
    ):
        st.markdown(
            f":primary-badge[{hit.score:.2f}] **{rank}** · {where}:small[{heading}]",
            width="stretch",
        )
        if with_name:
            st.page_link(
                "documents.py",
                label="In the document",
                icon=":material/article:",
                query_params={"d": hit.document_id, "passage": str(hit.chunk.seq)},
            )


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
