"""Collections on the documents page: open one, make, rename and delete them, and say what is in them."""

from collections.abc import Sequence

import streamlit as st

from core.bootstrap import Workbench
from core.errors import FootlightsError
from core.types import Collection, Document
from pages.documents import collection_choice
from pages.ui import say
from pages.ui.health import counted
from pages.ui.markdown import control, label
from pages.ui.session import asking, user

_MENU = {
    "make": ":material/create_new_folder: New collection",
    "choose": ":material/checklist: Choose its documents",
    "rename": ":material/edit: Rename",
    "delete": ":material/delete: Delete",
}
_ALL = ""
_BADGES = 3
_WIDTH = 384
_KEY = "collection_open"
STYLE = """<style>
@media (max-width: 640px) {
  .st-key-collections > :has([data-testid="stSelectbox"]) { width: 100%; }
}
</style>"""


def draw(bench: Workbench, documents: int) -> Collection | None:
    """The bar of collections; the one that is open, None when everything is."""
    there = {each.id: each for each in bench.collections.list(user())}
    kept = st.session_state.get(_KEY, st.session_state.get("collection"))
    # Under another page's widgets the choice of this one is forgotten, so it is kept twice.
    st.session_state[_KEY] = kept if kept in there else _ALL
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="collections"):
        if there:
            chosen = st.selectbox(
                "Collection",
                [_ALL, *there],
                format_func=lambda each: _named(there.get(each), documents),
                label_visibility="collapsed",
                width=_WIDTH,
                key=_KEY,
            )
        else:
            chosen = _ALL
        st.session_state["collection"] = chosen
        collection = there.get(chosen)
        if collection:
            _open(bench, collection)
        elif documents:
            with st.popover("New collection", icon=":material/create_new_folder:", type="tertiary"):
                _make(bench)
    return collection


def _named(collection: Collection | None, documents: int) -> str:
    if collection is None:
        return f"All {counted(documents, 'document')}"
    return f"{collection.name} · {counted(collection.documents, 'document')}"


def _open(bench: Workbench, collection: Collection) -> None:
    if collection.documents and st.button(
        "Ask about it", icon=":material/forum:", type="tertiary", key="ask_collection"
    ):
        # What the composer of the chat reads: look only in this one.
        st.session_state["documents_choice"] = [collection.id]
        st.session_state["documents_use"] = True
        st.switch_page("chat/page.py", query_params={"c": "new"})
    picked = st.menu_button(
        control("", "What can be done with this collection"),
        list(_MENU),
        format_func=_MENU.__getitem__,
        icon=":material/more_horiz:",
        type="tertiary",
        help="Choose its documents, rename or delete it, or make another",
        key="collection_menu",
    )
    match picked:
        case "make":
            _make_another(bench)
        case "choose":
            collection_choice.draw(bench, collection)
        case "rename":
            _rename(bench, collection)
        case "delete":
            _delete(bench, collection)
        case _:
            pass  # nothing was picked


def empty(bench: Workbench, collection: Collection) -> None:
    """What to do with a collection in which there is nothing yet."""
    st.markdown(
        f"**{label(collection.name)} is empty.** Drop files above, or choose from what is here."
    )
    if st.button("Choose its documents", icon=":material/checklist:", key="choose_first"):
        collection_choice.draw(bench, collection)


def put(bench: Workbench, document: Document) -> None:
    """Put what was just taken in into the collection that is open, if one is."""
    chosen = st.session_state.get("collection")
    if chosen and document.status != "refused":
        try:
            bench.collections.put(user(), chosen, [document.id])
        except FootlightsError as error:
            say.problem(error)


def take_out(bench: Workbench, collection: Collection, document: Document) -> None:
    """A button beside a document that takes it out of the collection."""
    st.button(
        "",
        icon=":material/do_not_disturb_on:",
        type="tertiary",
        key=f"take_out_{document.id}",
        help=f"Take it out of {label(collection.name)}. The document stays.",
        on_click=say.told(lambda: bench.collections.take_out(user(), collection.id, [document.id])),
    )


def _make(bench: Workbench) -> None:
    with st.form("make_collection", border=False):
        name = st.text_input("Name", placeholder="Contracts", max_chars=60, key="collection_name")
        st.caption("A group of documents that a question can be asked of.")
        if not st.form_submit_button("Make it", type="primary"):
            return
    try:
        made = bench.collections.make(user(), name)
    except FootlightsError as error:
        say.problem(error)
    else:
        _show(made.id)
        st.rerun()


@st.dialog("New collection", on_dismiss="rerun")
def _make_another(bench: Workbench) -> None:
    asking(True)
    _make(bench)


def _show(collection_id: str) -> None:
    """Open it when the page is drawn next; the select box has been drawn for this time."""
    st.session_state["collection"] = collection_id
    st.session_state.pop(_KEY, None)


@st.dialog("Rename the collection", on_dismiss="rerun")
def _rename(bench: Workbench, collection: Collection) -> None:
    asking(True)
    with st.form("rename_collection", border=False):
        name = st.text_input("Name", collection.name, max_chars=60, key="collection_new_name")
        if not st.form_submit_button("Rename", type="primary"):
            return
    try:
        bench.collections.rename(user(), collection.id, name)
    except FootlightsError as error:
        say.problem(error)
    else:
        st.rerun()


@st.dialog("Delete the collection?", on_dismiss="rerun")
def _delete(bench: Workbench, collection: Collection) -> None:
    asking(True)
    stay = f"Its {counted(collection.documents, 'document')} stay" if collection.documents else ""
    if collection.documents == 1:
        stay = "Its one document stays"
    st.markdown(f"**{label(collection.name)}** goes. {stay}{'.' * bool(stay)}")
    asked = sum(each.collection_id == collection.id for each in bench.golden.list(user()))
    if asked:
        were = (
            "golden question that is asked of it is"
            if asked == 1
            else "golden questions that are asked of it are"
        )
        st.caption(f"{asked} {were} asked of all documents from then on.")
    if st.button("Delete", type="primary", key="delete_collection"):
        try:
            bench.collections.delete(user(), collection.id)
        except FootlightsError as error:
            say.problem(error)
        else:
            _show(_ALL)
            st.rerun()


def badges(names: Sequence[str]) -> str:
    """The collections of a document as small badges."""
    shown = " ".join(f":gray-badge[{label(name)}]" for name in names[:_BADGES])
    more = len(names) - _BADGES
    return f"{shown} and {counted(more, 'collection')} more" if more > 0 else shown
