"""How the owner gets in from elsewhere: what opens and who is in, and how he locks everybody out."""

from collections.abc import Sequence

import streamlit as st

from core.bootstrap import SignIn, Workbench
from pages.ui import say
from pages.ui.health import counted
from pages.ui.markdown import code, control
from pages.ui.session import user

_SHOWN = 20


def draw(bench: Workbench) -> None:
    """The tokens that open, the browsers that are in, each to end; and a new token."""
    st.header("Your own way in", anchor=False)
    found = bench.sign_ins.list(user())
    here = bench.settings.trusts_this_machine
    start = (
        "On this machine there is nothing to sign in to. From elsewhere you sign in"
        if here
        else "You sign in, on this machine too,"
    )
    st.caption(
        f"{start} at `/sign-in` with a token. One is printed at each start and opens for 7 days; one made "
        "here opens for a year. A browser stays signed in for 30 days."
    )
    if token := st.session_state.pop("new_token", None):
        st.code(token, language=None)
        st.caption("Shown this once. Older tokens open nothing any more, and every browser is out.")
    if not found:
        st.markdown("No token opens, and no browser is signed in.")
    spare = [each for each in found if each.is_spare][1:]  # the newest may still be wanted
    rows = [each for each in found if each not in spare]
    for each in rows[:_SHOWN]:
        _row(bench, each)
    if len(rows) > _SHOWN:
        st.caption(f"And {len(rows) - _SHOWN} older ones; a new token ends them all.")
    if spare:
        _earlier(bench, spare)
    if st.button(
        "New token", icon=":material/key:", help="Ends all of these: every browser, every token."
    ):
        st.session_state["new_token"] = bench.sign_ins.rotate(user())
        st.rerun()


def _earlier(bench: Workbench, spare: Sequence[SignIn]) -> None:
    """The tokens of earlier starts that nobody came in with, in one line."""
    _line(
        f":material/key: **{counted(len(spare), 'token')} of earlier starts**  \n"
        f":gray[never used · the last until {say.when(spare[0].expires_at)}]",
        control("End", "the tokens of earlier starts"),
        "end_earlier",
        bench,
        *spare,
    )


def _row(bench: Workbench, each: SignIn) -> None:
    token = each.kind == "token"
    # Not as plain text: an address would become a link.
    name = "**Token**" if token else "**Browser**"
    name += f" of {code(each.email)}" if each.email else ""
    used = f"last used {say.when(each.last_used_at)}" if each.last_used_at else "never used"
    since = "made" if token else "signed in"
    _line(
        f":material/{'key' if token else 'devices'}: {name}  \n"
        f":gray[{since} {say.when(each.created_at)} · {used} · until {say.when(each.expires_at)}]",
        control("End" if token else "Sign out", f"of {say.when(each.created_at)}"),
        f"end_{each.id}",
        bench,
        each,
    )


def _line(words: str, name: str, key: str, bench: Workbench, *ended: SignIn) -> None:
    """What is open, and the button of this name that ends it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        st.markdown(words, width="stretch")
        st.button(name, key=key, type="tertiary", on_click=_end, args=(bench, *ended))


@say.told
def _end(bench: Workbench, *ended: SignIn) -> None:
    for each in ended:
        bench.sign_ins.end(user(), each.id)
    what = "It opens" if len(ended) == 1 else "They open"
    st.toast(f"{what} nothing any more.", icon=":material/key_off:")
