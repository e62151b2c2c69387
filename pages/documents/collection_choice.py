"""Tick the documents that belong into a collection: a list to search, kept as a whole or not at all."""

import streamlit as st

from core.bootstrap import Workbench
from core.errors import FootlightsError
from core.types import Collection
from pages.ui import say
from pages.ui.by_name import searched
from pages.ui.health import counted
from pages.ui.markdown import label
from pages.ui.session import asking, user

_FITTING = 12
_SHOWN = 100  # more check boxes than this make a dialog slow; a search finds the others


def draw(bench: Workbench, collection: Collection) -> None:
    """Tick what belongs into the collection; nothing is kept before it is said."""
    # What was ticked and not kept the last time is not ticked now.
    opened = st.session_state["choices"] = st.session_state.get("choices", 0) + 1
    st.session_state["choice"] = {}
    _dialog(bench, collection, opened)


@st.dialog("Choose its documents", width="medium", on_dismiss="rerun")
def _dialog(bench: Workbench, collection: Collection, opened: int) -> None:
    asking(True)
    documents = [each for each in bench.documents.list(user()) if each.status != "refused"]
    inside = bench.collections.members(user()).get(collection.id, frozenset())
    documents.sort(key=lambda each: (each.id not in inside, each.name.casefold()))
    st.caption(f"In **{label(collection.name)}** is what is ticked; a document may be in several.")
    shown = searched(documents, "choice_search")
    # Of a check box that a search hides Streamlit forgets the tick, so the ticks are kept beside it.
    ticked: dict[str, bool] = st.session_state["choice"]
    long = {"height": 420} if len(shown) > _FITTING else {}
    with st.container(border=False, gap="xxsmall", key="choice_list", **long):
        for each in shown[:_SHOWN]:
            now = ticked.get(each.id, each.id in inside)
            ticked[each.id] = st.checkbox(label(each.name), now, key=f"in_{opened}_{each.id}")
    if len(shown) > _SHOWN:
        st.caption(f"{counted(len(shown) - _SHOWN, 'document')} more: search for them by name.")
    chosen = {each.id for each in documents if ticked.get(each.id, each.id in inside)}
    if st.button(
        said(chosen, inside), type="primary", key="keep_choice", disabled=chosen == inside
    ):
        _keep(bench, collection, chosen, inside)


def said(chosen: set[str], inside: frozenset[str]) -> str:
    """What keeping this choice would do: `Add 2 and take out 1`."""
    new, gone = len(chosen - inside), len(inside - chosen)
    parts = [f"add {new}" if new else "", f"take out {gone}" if gone else ""]
    return " and ".join(part for part in parts if part).capitalize() or "Nothing is changed"


def _keep(
    bench: Workbench, collection: Collection, ticked: set[str], inside: frozenset[str]
) -> None:
    try:
        bench.collections.put(user(), collection.id, sorted(ticked - inside))
        bench.collections.take_out(user(), collection.id, sorted(inside - ticked))
    except FootlightsError as error:
        say.problem(error)
    else:
        st.rerun()
