"""Shares: every link that others hold, how it fares, and a new one."""

import streamlit as st

from core.errors import FootlightsError
from pages.ui import say, session, share_cards, share_door, share_form, share_made

bench = session.workbench()


def draw_list() -> None:
    """The links, the one switch, and the way in for their owner."""
    shares = bench.shares.list(session.user())
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Shares", anchor=False, width="stretch")
        if shares:
            share_cards.switch(bench)
        if st.button("New link", type="primary", icon=":material/add_link:"):
            st.query_params["new"] = "live"
            st.rerun()
    share_made.draw(bench)
    if not shares:
        st.markdown(
            "Nothing is shared. A **snapshot** shows a conversation as it is now, with the passages "
            "that it cites, and costs nothing. A **live demo** lets others ask your documents, until "
            "a day and up to a sum that you set."
        )
    for share in shares:
        share_cards.card(bench, share)
    if session.is_owner():
        share_door.draw(bench)


try:
    if session.query("visitor"):
        share_cards.conversation(bench, session.query("share"), session.query("visitor"))
    elif session.query("new"):
        share_form.draw(bench)
    else:
        draw_list()
except FootlightsError as error:
    say.problem(error)
    st.page_link("shares.py", label="All links", icon=":material/arrow_back:", query_params={})
