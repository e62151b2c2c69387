"""Where the next question looks: all documents, some of them, or none, and how it is searched."""

import streamlit as st

from core.bootstrap import Workbench
from core.documents.service import PENDING
from core.types import Collection, Document
from pages.ui.health import counted
from pages.ui.markdown import label
from pages.ui.session import user


def draw(bench: Workbench) -> bool | tuple[str, ...]:
    """The choice; True for all documents, False for none, else the ids of collections and documents."""
    documents = [each for each in bench.documents.list(user()) if each.status != "refused"]
    pending = sum(each.status in PENDING for each in documents)
    count = f"{len(documents)} document{'' if len(documents) == 1 else 's'}"
    if pending:
        count += f", {pending} being read"
    collections = [each for each in bench.collections.list(user()) if each.documents]
    names = {
        each.id: f"{each.name} · {counted(each.documents, 'document')}" for each in collections
    }
    names |= {each.id: each.name for each in documents}
    # What is gone since it was chosen is chosen no more.
    chosen = [each for each in st.session_state.get("documents_choice", ()) if each in names]
    if "documents_choice" in st.session_state:
        st.session_state["documents_choice"] = chosen
    scope = _scope(chosen, collections, documents)
    with st.popover(scope or count, icon=":material/description:", type="tertiary"):
        if not documents:
            st.caption("No documents yet: drop files into the field below.")
            return False
        where = st.multiselect(
            "Look only in",
            list(names),
            format_func=lambda each: label(names.get(each, each)),
            placeholder="all documents",
            help="Collections stand first. What is in one is looked up when the question is asked."
            if collections
            else None,
            key="documents_choice",
        )
        use = st.toggle("Search my documents", value=True, key="documents_use")
        _ways()
        st.page_link("documents/page.py", label="All documents", icon=":material/folder_open:")
    if not use:
        return False
    return tuple(where) if where else True


def _ways() -> None:
    """When it is answered, and in which words the documents are searched."""
    st.toggle(
        "Answer also when they say nothing about it",
        key="guess",
        help="Off: when no passage is near the question, the answer says so and no model is asked.",
    )
    st.toggle(
        "Search for follow-ups in words of their own",
        key="condense",
        help="“And how long?” says little to a search: the model first writes it out, by one small "
        "call more. It stands in the trace, and its cost in the ledger.",
    )


def _scope(chosen: list[str], collections: list[Collection], documents: list[Document]) -> str:
    """Where the question looks, when it does not look everywhere."""
    if not st.session_state.get("documents_use", True):
        return "no documents"
    names = {each.id: each.name for each in [*collections, *documents]}
    if len(chosen) < 2:
        return "".join(f"in {label(names[each])}" for each in chosen)
    grouped = len({each.id for each in collections} & set(chosen))
    alone = len(chosen) - grouped
    parts = [counted(grouped, "collection")] * bool(grouped)
    return f"in {' and '.join([*parts, *[counted(alone, 'document')] * bool(alone)])}"
