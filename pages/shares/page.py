"""Shares: every link that others hold, how it fares, and a new one."""

from collections.abc import Sequence

import streamlit as st

from core.bootstrap import Share
from core.errors import FootlightsError
from pages.shares import share_cards, share_door, share_form, share_made
from pages.ui import say, session
from pages.ui.markdown import label

bench = session.workbench()


_SHOWN = 10
_QUERY = "share_query"


def _looked_for() -> str:
    """What the field holds; it is drawn only where there is more than one page, or it holds something."""
    query = str(st.session_state.get(_QUERY, ""))
    if query != st.session_state.get("share_query_seen", ""):
        st.session_state["share_query_seen"] = query
        st.session_state.pop("share_page", None)
    return query


def draw_list() -> None:
    """The links, the one switch, and the way in for their owner."""
    query = _looked_for()
    shares, found = _page(query)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Shares", anchor=False, width="stretch")
        if shares or query:
            share_cards.switch(bench)
        if st.button("New link", type="primary", icon=":material/add_link:"):
            st.query_params["new"] = "snapshot"
            st.rerun()
    share_made.draw(bench)
    if found > _SHOWN or query:
        st.text_input(
            "Find a link",
            placeholder="Find a link by its title or description",
            icon=":material/search:",
            label_visibility="collapsed",
            key=_QUERY,
        )
    if not shares:
        _none(query)
    for share in shares:
        share_cards.card(bench, share)
    if found > _SHOWN:
        st.pagination(-(-found // _SHOWN), width="stretch", key="share_page")
    if session.is_owner():
        share_door.draw(bench)


def _page(query: str) -> tuple[Sequence[Share], int]:
    """The links of the page that is chosen, or of the first when there are fewer by now."""
    page = int(st.session_state.get("share_page", 1))
    shares, found = bench.shares.page(session.user(), query, (page - 1) * _SHOWN, _SHOWN)
    if found and not shares:
        return bench.shares.page(session.user(), query, 0, _SHOWN)
    return shares, found


def _none(query: str) -> None:
    if query:
        st.caption(f"No link with “{label(query)}”.")
        return
    st.markdown(
        "Nothing is shared. A **snapshot** shows a conversation as it is now, with the passages "
        "that it cites, and costs nothing. A **live demo** lets others ask your documents, until "
        "a day and up to a sum that you set."
    )


try:
    if session.query("visitor"):
        share_cards.conversation(bench, session.query("share"), session.query("visitor"))
    elif session.query("new"):
        share_form.draw(bench)
    else:
        draw_list()
except FootlightsError as error:
    say.problem(error)
    st.page_link("shares/page.py", label="All links", icon=":material/arrow_back:", query_params={})
