"""The side of every page: a new chat, the conversations, and what is being fetched in the background."""

import streamlit as st

from pages.ui import say
from pages.ui.markdown import code, label
from pages.ui.session import is_owner, query, signs_in, user, workbench

_SHOWN = 30


def draw() -> None:
    """Draw the side below the menu."""
    with st.sidebar:
        if st.button(
            "New chat",
            icon=":material/add:",
            width="stretch",
            shortcut="Ctrl+Shift+K",
            key="new_chat",
        ):
            st.switch_page("chat/page.py", query_params={"c": "new"})
        _conversations()
        bench = workbench()
        if bench.models.weights.download.state in ("running", "failed") and is_owner():
            _download()
        if signs_in():
            _signed_in()


def _signed_in() -> None:
    person = None if is_owner() else workbench().team.people.get(user())
    who = code(person.email) if person else "the owner"
    st.caption(f"Signed in as {who} · [Sign out](/sign-out)")


def _conversations() -> None:
    bench = workbench()
    search = ""
    if len(bench.conversations.list(user(), limit=8, key="")) > 7:
        search = st.text_input(
            "Search conversations",
            placeholder="Search conversations",
            icon=":material/search:",
            label_visibility="collapsed",
        )
    found = bench.conversations.list(user(), search, _SHOWN + 1, key="")
    if search and not found:
        st.caption(f"Nothing in your conversations for “{label(search)}”.")
    with st.container(key="conversations", gap=None):
        for conversation in found[:_SHOWN]:
            here = query("c") == conversation.id
            st.page_link(
                "chat/page.py",
                label=f"**{label(conversation.title)}**" if here else label(conversation.title),
                query_params={"c": conversation.id},
                width="stretch",
            )
    if len(found) > _SHOWN:
        st.caption(f"The {_SHOWN} newest; search finds the others.")


@st.fragment(run_every=1.0)
def _download() -> None:
    bench = workbench()
    weights = bench.models.weights
    download = weights.download
    with st.container(border=True, key="download", gap="small"):
        match download.state:
            case "running":
                share = download.done / max(1, download.total)
                st.progress(share, text=f"**Local model** · {share:.0%}")
                st.caption(
                    f"{say.size(download.done)} of {say.size(download.total)}, once. "
                    "Until it is here, answers are quotations."
                )
                if st.button("Skip", key="skip_download", type="tertiary"):
                    bench.bridge.run(weights.skip())
                    st.rerun()
            case "failed":
                st.markdown("**The local model did not arrive**")
                st.caption(label(download.note))
                if st.button("Try again", key="retry_download"):
                    bench.bridge.run(bench.models.fetch())
                    st.rerun()
            case "ready":
                st.success("The local model is here.", icon=":material/check:")
            case "absent" | "skipped":
                st.caption("The download was skipped. The Models page resumes it.")
