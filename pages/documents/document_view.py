"""One document, opened: its facts, its passages in their order, and what a question finds in it."""

import streamlit as st

from core.bootstrap import Workbench
from core.documents.service import PENDING
from core.errors import FootlightsError
from core.types import Chunk, Document
from pages.documents import matches, page_view
from pages.documents.page_view import Cited
from pages.ui import health, say
from pages.ui.markdown import label
from pages.ui.passage import passage
from pages.ui.session import query, user

ICONS = {
    "pdf": ":material/picture_as_pdf:",
    "docx": ":material/description:",
    "pptx": ":material/slideshow:",
    "xlsx": ":material/table_chart:",
    "csv": ":material/table_rows:",
    "html": ":material/language:",
    "md": ":material/markdown:",
    "txt": ":material/notes:",
}
_ON_A_PAGE = 20
_SCROLL = """document.querySelector('[data-testid="stMain"]').scrollTo(0, 0);
let tries = 0;
const reach = setInterval(() => {
  // The words that a link names may be far down in the box that holds their text.
  const marks = document.querySelectorAll('.st-key-document .fl-passage mark');
  for (const mark of marks) {
    const box = mark.closest('.fl-passage');
    box.scrollTop += mark.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 3;
  }
  if (marks.length || ++tries > 50) clearInterval(reach);
}, 100);"""


def draw(bench: Workbench, document_id: str) -> None:
    """The document with this id, or what to do when there is none."""
    try:
        document = bench.documents.get(user(), document_id)
    except FootlightsError as error:
        st.page_link("documents/page.py", label="All documents", icon=":material/arrow_back:")
        say.problem(error)
        return
    # A page and its text need room beside each other.
    wide = document.kind == "pdf" and document.status == "indexed"
    with st.container(key="document", width=1180 if wide else 860):
        st.page_link("documents/page.py", label="All documents", icon=":material/arrow_back:")
        _head(bench, document)
        if document.status == "refused":
            st.error(f"Not taken: {label(document.reason)}", icon=":material/block:")
        elif document.status in PENDING:
            _pending(bench, document.id)
        else:
            _indexed(bench, document)


def to_the_top(document_id: str) -> None:
    """Begin above: whoever comes from the list of the same page is still where the list was left."""
    arrived = (document_id, query("passage"))
    if st.session_state.get("document_arrived") != arrived:
        st.session_state["document_arrived"] = arrived
        count = st.session_state["arrivals"] = st.session_state.get("arrivals", 0) + 1
        # The number makes it another script than the last one, so that it runs; the braces keep its names
        # apart from that one's. There is no text of anybody in it.
        st.html(f"<script>/* {count} */ {{ {_SCROLL} }}</script>", unsafe_allow_javascript=True)


def _head(bench: Workbench, document: Document) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(label(document.name), anchor=False, width="stretch")
        if document.status == "indexed" and st.button(
            "Ask about it", type="primary", icon=":material/forum:"
        ):
            # What the composer of the chat reads: look only in this one.
            st.session_state["documents_choice"] = [document.id]
            st.session_state["documents_use"] = True
            st.switch_page("chat/page.py", query_params={"c": "new"})
        _download(document)
        _delete(bench, document)
    kind = health.KINDS.get(document.kind, "")
    facts = [kind, say.size(document.bytes), f"added {say.when(document.created_at)}"]
    st.caption(" · ".join(fact for fact in facts if fact))


def _download(document: Document) -> None:
    """The original; of a file that was refused at once there is none."""
    if document.kind:
        st.link_button(
            "Download",
            f"/api/documents/{document.id}/file",
            icon=":material/download:",
            type="tertiary",
        )


def _delete(bench: Workbench, document: Document) -> None:
    with st.popover("Delete", icon=":material/delete:", type="tertiary"):
        many = f" and its {health.counted(document.passages, 'passage')}" * bool(document.passages)
        st.markdown(f"The file{many} go. Answers that cite it keep the words they cite.")
        st.caption(
            "Its vectors stay, so that it comes back without work, until they are removed under Index."
        )
        if st.button("Delete it", key="delete_document"):
            try:
                bench.documents.delete(user(), document.id)
            except FootlightsError as error:
                say.problem(error)
            else:
                st.toast(f"{label(document.name)} is deleted.", icon=":material/delete:")
                st.switch_page("documents/page.py")


@st.fragment(run_every=0.5)
def _pending(bench: Workbench, document_id: str) -> None:
    document = bench.documents.get(user(), document_id)
    if document.status not in PENDING:
        st.rerun()
    share, words = health.progress(document)
    st.progress(share, text=words)


def _indexed(bench: Workbench, document: Document) -> None:
    _figures(document)
    cited = page_view.cited(bench, document)
    if cited and document.kind != "pdf":
        _wanted(document, cited)
    many = f"{document.unit.capitalize()}s" if document.kind == "pdf" else "Text"
    shown, read, question = st.tabs([many, "Passages", "Try a question"])
    with shown:
        page_view.draw(bench, document, cited)
    with read:
        _passages(bench, document, cited)
    with question:
        matches.trial(bench, document.id)


def _figures(document: Document) -> None:
    with st.container(horizontal=True, gap="large", key="figures"):
        st.metric(f"{document.unit.capitalize()}s", f"{document.pages:,}", width="content")
        st.metric("Passages", f"{document.passages:,}", width="content")
        st.metric("Tokens", f"{document.tokens:,}", width="content")
    notes = [f"In {say.seconds(sum(document.seconds.values()))}: {health.times(document)}"]
    if document.hidden_characters:
        removed = health.counted(document.hidden_characters, "invisible character")
        notes.append(f"{removed} removed")
    st.caption(" · ".join(note for note in notes if note))
    if document.empty_pages:
        st.warning(
            f"{health.empty(document).capitalize()}: {page_view.EMPTY[document.unit == 'page']}",
            icon=":material/image_not_supported:",
        )


def _passages(bench: Workbench, document: Document, cited: Cited | None) -> None:
    wanted = cited.passage.seq if cited else -1
    pages = max(1, -(-document.passages // _ON_A_PAGE))
    start = min(pages, wanted // _ON_A_PAGE + 1) if wanted >= 0 else 1
    key = f"passages_{document.id}_{start}"
    page = st.session_state.get(key, start) if pages > 1 else 1
    first = (page - 1) * _ON_A_PAGE
    shown = bench.documents.passages(user(), document.id, first, _ON_A_PAGE)
    if pages > 1:
        last = first + len(shown)
        st.caption(f"Passages {first + 1:,} to {last:,} of {document.passages:,}")
    for chunk in shown:
        _passage(document, chunk)
    if pages > 1:
        st.pagination(
            pages,
            default=start,
            width="stretch",
            key=key,
            on_change=lambda: st.session_state.pop("document_arrived", None),
        )


def _wanted(document: Document, cited: Cited) -> None:
    """The passage that a link named, above all others, with the words that an answer rests on."""
    with st.container(border=True, key="wanted_passage"):
        note = " :primary-badge[the passage you came for]"
        _passage(document, cited.passage, (cited.start, cited.end), note=note)


def _passage(
    document: Document, chunk: Chunk, marked: tuple[int, int] = (0, 0), *, note: str = ""
) -> None:
    heading = f" · {label(chunk.heading)}" if chunk.heading else ""
    place = say.place(document.unit, chunk.page)
    with st.container(gap="xsmall"):
        st.markdown(
            f"**{chunk.seq + 1}** · {place}{heading} · :gray[{say.tokens(chunk.tokens)}]{note}"
        )
        st.html(
            passage(chunk.text, *marked, name=f"Passage {chunk.seq + 1}{', linked' * bool(note)}")
        )
