"""How the owner gets in from elsewhere, and how he locks everybody out."""

import streamlit as st

from core.bootstrap import Workbench
from pages.ui.session import user


def draw(bench: Workbench) -> None:
    """The browsers that are signed in, and a new token."""
    st.header("Your own way in", anchor=False)
    count = bench.sign_ins.browsers(user())
    signed = "No browser is" if not count else f"{count} browser{' is' if count == 1 else 's are'}"
    st.caption(
        "On this machine there is nothing to sign in to. From elsewhere you sign in at `/sign-in` with "
        f"the token that was printed at start. {signed} signed in."
    )
    if st.button("New token", icon=":material/key:", help="Signs every browser out."):
        st.session_state["new_token"] = bench.sign_ins.rotate(user())
        st.rerun()
    if token := st.session_state.pop("new_token", None):
        st.code(token, language=None)
        st.caption("Shown this once. Older tokens open nothing any more, and every browser is out.")
