"""What was read beside what it was read from: the pages of a document, one at a time for a PDF.

A citation opens here: its words are marked on the picture of the page and in the text beside it.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from core.bootstrap import Workbench
from core.errors import FootlightsError
from core.types import Box, Chunk, Document, PagePicture, PageText
from pages.ui import health, say
from pages.ui.passage import passage
from pages.ui.session import query, user

_WIDTH = 1200  # pixels; twice what is shown, for fine screens
_STRIP = 20
_TEXTS = 10
EMPTY = {
    True: "only a picture, or nothing. What stands there cannot be found or cited. If there are words on it, "
    "run the file through text recognition (OCR) and upload the result.",
    False: "nothing, or only pictures. What they show cannot be found or cited.",
}
"""What is where no text was read, and what to do about it: by whether it is a page or another unit."""


@dataclass(frozen=True, slots=True)
class Cited:
    """The passage that a link names, and characters [start, end) of it (equal: all of it)."""

    passage: Chunk
    start: int
    end: int


def cited(bench: Workbench, document: Document) -> Cited | None:
    """What the address bar names; None when it names nothing, or nothing that is there."""
    seq = _number("passage", -1)
    found = bench.documents.passages(user(), document.id, seq, 1) if seq >= 0 else []
    if not found or found[0].seq != seq:
        return None
    start, end = _number("from", 0), _number("to", 0)
    return (
        Cited(found[0], start, end) if start < end <= len(found[0].text) else Cited(found[0], 0, 0)
    )


def _number(name: str, default: int) -> int:
    given = query(name)
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 9 else default


@st.fragment
def draw(bench: Workbench, document: Document, wanted: Cited | None) -> None:
    """The pages of a PDF as pictures with their text; of other files the text as it was read."""
    if document.kind == "pdf":
        _page(bench, document, _chosen(document, wanted), wanted)
    else:
        _texts(bench, document, wanted)


def _chosen(document: Document, wanted: Cited | None) -> int:
    """The page that is looked at; a link that is followed anew leads to its own."""
    key = f"page_{document.id}"
    arrived = (query("passage"), query("from"), query("at"))
    if st.session_state.get(f"{key}_arrived") != arrived or key not in st.session_state:
        st.session_state[f"{key}_arrived"] = arrived
        page = wanted.passage.page if wanted else _number("at", 1)
        st.session_state[key] = min(max(page, 1), document.pages)
    if document.pages == 1:
        return 1
    with st.container(horizontal=True, vertical_alignment="bottom", key="page_choice"):
        page = int(st.number_input("Page", 1, document.pages, key=key, width=150))
        st.caption(f"of {document.pages:,}", width="content")
        _strip(document, page, key)
    return page


def _strip(document: Document, page: int, key: str) -> None:
    """The pages around this one; those without text are red."""
    first = (page - 1) // _STRIP * _STRIP + 1
    numbers = range(first, min(first + _STRIP, document.pages + 1))
    strip = f"strip_{document.id}_{first}"
    st.session_state[strip] = page
    st.pills(
        "Pages; those without text are red",
        numbers,
        format_func=lambda n: f":red[**{n}**]" if n in document.empty_pages else str(n),
        required=True,
        key=strip,
        label_visibility="collapsed",
        on_change=lambda: st.session_state.update({key: st.session_state[strip]}),
    )
    after = next((n for n in document.empty_pages if n > page), None)
    if after or (document.empty_pages and document.empty_pages[0] != page):
        target = after or document.empty_pages[0]
        st.button(
            f"Next without text: {target:,}",
            icon=":material/image_not_supported:",
            type="tertiary",
            on_click=lambda: st.session_state.update({key: target}),
        )


def _page(bench: Workbench, document: Document, number: int, wanted: Cited | None) -> None:
    here = wanted if wanted and wanted.passage.page == number else None
    picture, text = st.columns(2, gap="medium")
    with picture:
        found = _picture(bench, document, number, here)
    with text:
        [read] = bench.viewer.texts(user(), document.id, number, number)
        if here:
            _where(found, here)
        _text(read, here)


def _picture(bench: Workbench, document: Document, number: int, here: Cited | None) -> bool:
    """Whether the cited words could be marked on the picture, which is drawn in any case."""
    boxes: Sequence[Box] = ()
    try:
        with st.spinner(f"Drawing page {number:,}"):
            drawn = bench.viewer.page(user(), document.id, number, _WIDTH)
            if here:
                place = here.passage.seq, here.start, here.end
                boxes = bench.viewer.boxes(user(), document.id, *place)
    except FootlightsError as error:
        say.problem(error)
        return False
    st.html(_sheet(drawn, boxes, f"Page {number} of {document.name}"))
    return bool(boxes)


def _sheet(drawn: PagePicture, boxes: Sequence[Box], name: str) -> str:
    marks = "".join(
        f'<span class="fl-box" style="left:{box.left:.3%};top:{box.top:.3%};'
        f'width:{box.width:.3%};height:{box.height:.3%}"></span>'
        for box in boxes
    )
    source = f"data:image/png;base64,{base64.b64encode(drawn.png).decode()}"
    return (
        f'<div class="fl-sheet"><img src="{source}" alt="{escape(name)}" width="{drawn.width}" '
        f'height="{drawn.height}">{marks}</div>'
    )


def _where(found: bool, here: Cited) -> None:
    what = "The words that the answer rests on" if here.end else "The passage you came for"
    verb = "are" if here.end else "is"
    if found:
        st.caption(f":material/ink_highlighter: {what} {verb} marked on the page and in its text.")
    else:
        st.caption(
            f":material/ink_highlighter: {what} could not be found on the picture (a form, a note or an "
            f"unusual font); {'they are' if here.end else 'it is'} marked in the text."
        )


def _text(read: PageText, here: Cited | None, unit: str = "page") -> None:
    if not read.text:
        words = f"**No text was read from this {unit}:** {EMPTY[unit == 'page']}"
        st.error(words, icon=":material/image_not_supported:")
        return
    start, end = (here.start, here.end or len(here.passage.text)) if here else (0, 0)
    marked = read.span(here.passage.seq, start, end) if here else (0, 0)
    with st.container(key=f"page_text_{read.number}", gap="xsmall"):
        st.html(passage(read.text, *marked, name=f"Text of {unit} {read.number}"))
        counted = health.counted(read.characters, "character")
        cut = f"; the first {len(read.text):,} are shown, the rest is under Passages"
        st.caption(f"{counted} read{cut if len(read.text) < read.characters else ''}")


def _texts(bench: Workbench, document: Document, wanted: Cited | None) -> None:
    """Sections, slides or sheets, some at a time."""
    screens = -(-document.pages // _TEXTS)
    start = (wanted.passage.page - 1) // _TEXTS + 1 if wanted else 1
    key = f"texts_{document.id}_{start}"
    screen = st.session_state.get(key, start) if screens > 1 else 1
    first = (screen - 1) * _TEXTS + 1
    found = bench.viewer.texts(user(), document.id, first, first + _TEXTS - 1)
    # Short sections share a passage, and stand where it begins.
    shown = [each for each in found if each.text or document.unit in ("slide", "sheet")]
    ends = [*(each.number - 1 for each in shown[1:]), found[-1].number if found else 0]
    for read, last in zip(shown, ends, strict=False):
        here = wanted if wanted and wanted.passage.seq in read.places else None
        if document.pages > 1:
            place = say.place(document.unit, read.number)
            more = f" to {last}" if last > read.number else ""
            st.markdown(f"**{place[:1].upper()}{place[1:]}{more}**")
        _text(read, here, document.unit)
    if not shown:
        st.caption("These sections are short, and are shown with the one before them.")
    if screens > 1:
        st.pagination(screens, default=start, width="stretch", key=key)
