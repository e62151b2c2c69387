"""Documents: take files in, see how each of them is, open one, and try what is found in them."""

from collections.abc import Sequence

import streamlit as st

from core.bootstrap import Workbench
from core.documents.service import PENDING
from core.errors import FootlightsError
from core.types import Collection, Document
from pages.documents import collections, document_view, goldens, index_view, matches, sources
from pages.ui import health, paged, say, session
from pages.ui.by_name import searched
from pages.ui.markdown import label

_PAGE = "documents_page"
_BARS = 5
_KINDS = "PDF, Word, PowerPoint, Excel, CSV, HTML, Markdown, text, RTF, e-mails, e-books, notebooks, source code"

_LOOK = """<style>
.st-key-documents [data-testid="stFileUploaderDropzone"] {
  min-height: 6.5rem; align-items: center; border-style: dashed;
}
.st-key-documents [data-testid="stPageLink"] a { background: transparent; padding-inline: 0; }
[class*="st-key-row_"] { padding-block: .35rem; }
[class*="st-key-row_"] [data-testid="stPageLink"] p { overflow: hidden; text-overflow: ellipsis; }
</style>"""


def take_in(bench: Workbench, key: str) -> None:
    """Give what lies in the drop zone to the queue, and empty the zone: a rerun adds nothing twice."""
    taken = st.session_state.setdefault("taken", set())
    for file in st.session_state.get(key, []):
        if file.file_id in taken:
            continue  # the browser reports a file while the script of its first report still runs
        taken.add(file.file_id)
        try:
            document, is_new = bench.documents.add(session.user(), file.name, file.getvalue())
        except FootlightsError as error:  # of this file alone: those beside it may be taken
            why = f"**{label(file.name)}** was not taken: {label(str(error))}. {label(error.hint)}"
            st.toast(why, icon=":material/error:", duration="infinite")
            continue
        collections.put(bench, document)
        if not is_new:
            also = "" if file.name == document.name else f": it is {label(document.name)}"
            st.toast(f"{label(file.name)} is already here{also}.", icon=":material/check:")
    st.session_state["drops"] = st.session_state.get("drops", 0) + 1


def remove(bench: Workbench, document: Document) -> None:
    """Delete a document, or dismiss a refused one."""
    try:
        bench.documents.delete(session.user(), document.id)
    except FootlightsError as error:
        say.problem(error)


def draw_drop_zone(bench: Workbench, collection: Collection | None) -> None:
    """Where files are dropped. Any ending may be: a wrong one is refused with what to do about it."""
    key = f"drop_{st.session_state.get('drops', 0)}"
    st.file_uploader(
        "Drop files here, several at once",
        accept_multiple_files=True,
        max_upload_size=bench.settings.max_upload_mb,
        key=key,
        on_change=take_in,
        args=(bench, key),
    )
    if collection:
        st.caption(f"What you add now goes into **{label(collection.name)}** too.")
    st.caption(f"{_KINDS}. Files stay on this machine; a model sees only the passages it is sent.")


def draw_refused(bench: Workbench, refused: Sequence[Document]) -> None:
    """What was not taken and why, until it is dismissed: of a whole folder, a few and the others in a list."""
    for document in refused[:_BARS]:
        with st.container(horizontal=True, wrap=False, key=f"refused_{document.id}"):
            st.markdown(why_refused(document), width="stretch")
            st.button(
                "Dismiss",
                key=f"dismiss_{document.id}",
                type="tertiary",
                on_click=remove,
                args=(bench, document),
            )
    if more := refused[_BARS:]:
        with st.expander(f"{len(more)} more were not taken", icon=":material/block:"):
            st.markdown("\n".join(f"- {why_refused(document)}" for document in more))
    if len(refused) > 1:
        st.button(
            f"Dismiss all {len(refused)}",
            key="dismiss_all",
            type="tertiary",
            on_click=lambda: [remove(bench, document) for document in refused],
        )


def why_refused(document: Document) -> str:
    """One line."""
    return (
        f":red[:material/block:] **{label(document.name)}** was not taken: {label(document.reason)}"
    )


@st.fragment(run_every=0.5)
def draw_pending(bench: Workbench, drawn: frozenset[str]) -> None:
    """A bar for each file that is on its way; the page is drawn anew as soon as one has arrived, unless
    that would close a dialog."""
    pending = bench.documents.pending(session.user())
    if {document.id for document in pending} != drawn and not session.asking():
        st.rerun()
    for document in pending[: -_BARS - 1 : -1]:
        share, words = health.progress(document)
        st.progress(share, text=words)
    if len(pending) > _BARS:
        waiting = health.counted(len(pending) - _BARS, "more document")
        st.caption(f"{waiting} after these.")


def draw_list(indexed: Sequence[Document], collection: Collection | None) -> None:
    """Every document with its line of health; with many of them a search by name."""
    if collection and not indexed:
        collections.empty(bench, collection)
        return
    found = searched(indexed, "documents_search")
    named = names_of_collections()
    for document in paged.shown(found, _PAGE):
        draw_row(document, collection, named.get(document.id, []))
    paged.draw(len(found), "documents", _PAGE)


def names_of_collections() -> dict[str, list[str]]:
    """The names of the collections that each document is in."""
    members = bench.collections.members(session.user())
    named: dict[str, list[str]] = {}
    for each in bench.collections.list(session.user()):
        for document_id in members.get(each.id, ()):
            named.setdefault(document_id, []).append(each.name)
    return named


def draw_row(document: Document, collection: Collection | None, named: Sequence[str]) -> None:
    """One document: its name leads to it, the line below says how it is and where it belongs."""
    with st.container(key=f"row_{document.id}", gap=None):
        with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
            st.page_link(
                "documents/page.py",
                label=f"**{label(document.name)}**",
                icon=document_view.ICONS.get(document.kind, ":material/draft:"),
                query_params={"d": document.id},
                width="stretch",
            )
            if collection:
                collections.take_out(bench, collection, document)
        others = [name for name in named if not collection or name != collection.name]
        st.caption(f"{health.line(document)} · {say.when(document.created_at)}")
        if others:
            st.markdown(f":small[{collections.badges(others)}]")


def draw_files(indexed: Sequence[Document], collection: Collection | None) -> None:
    """The files and, beside them, what a question would find in them."""
    files, question, index = st.tabs(
        ["Files", "Try a question", "Index"], on_change="rerun", key="tab"
    )
    with files:
        draw_list(indexed, collection)
    with question:
        matches.trial(bench, collection=collection)
        if question.open:
            goldens.draw(bench)
    if index.open:
        with index:
            index_view.draw(bench, collection)


# --- state ---------------------------------------------------------------------------------------

bench = session.workbench()
session.asking(False)
chosen = session.query("d")
if chosen:
    document_view.draw(bench, chosen)
    document_view.to_the_top(chosen)
    st.stop()
st.session_state.pop("document_arrived", None)
documents = bench.documents.list(session.user())
pending = frozenset(each.id for each in documents if each.status in PENDING)
indexed = [each for each in documents if each.status == "indexed"]
refused = [each for each in documents if each.status == "refused"]

# --- draw ----------------------------------------------------------------------------------------

st.html(_LOOK + collections.STYLE + goldens.STYLE)
with st.container(key="documents", width=860):
    st.title("Documents", anchor=False)
    # Its place: what is counted depends on the collection that is open below it.
    counts = st.empty()
    collection = collections.draw(bench, len(indexed))
    shown = indexed
    if collection:
        inside = bench.collections.members(session.user()).get(collection.id, frozenset())
        shown = [each for each in indexed if each.id in inside]
    if shown:
        passages = sum(each.passages for each in shown)
        tokens = sum(each.tokens for each in shown)
        due = bench.reembedder.due(session.user())
        wait = "wait to be embedded again: see Index, below." if due else "can be asked about."
        counts.caption(
            f"{health.counted(len(shown), 'document')} with "
            f"{health.counted(passages, 'passage')} and {say.tokens(tokens)} {wait}"
        )
    draw_drop_zone(bench, collection)
    sources.draw(bench)
    draw_refused(bench, refused)
    if pending:
        draw_pending(bench, pending)
    if indexed:
        draw_files(shown, collection)
    elif not pending:
        st.markdown("**No documents yet.** Drop a file above, and in seconds you can ask about it.")
bench.warm()
