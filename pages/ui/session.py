"""What every page asks first: the workbench of the process, the user, the theme, and where to go."""

import time

import streamlit as st

from core.bootstrap import LOCAL_USER, Workbench, build
from core.caller import ADDRESS_HEADER, HEADER, OWNER_COOKIE, VISITOR_COOKIE
from core.settings import read

KEPT: list[Workbench] = []
_OF, _SEEN, _KEPT = "_of_user", "_user_seen", 1.0
_ASKING = "_dialog_is_open"
FILE_MB = 20
"""What a file that is no document may have: a bill, cases, golden questions, prompts."""


def workbench() -> Workbench:
    """The one workbench of this process, running; built at the first call."""
    # Any browser may have Streamlit's caches cleared for all, a visitor's too: what is kept here stays.
    if not KEPT:
        KEPT.append(_built())
    return KEPT[0]


@st.cache_resource(show_spinner=False)
def _built() -> Workbench:
    """Built once, also by several at once, and when this module is read anew."""
    bench = build(read())
    bench.start()
    return bench


def user() -> str:
    """Who is looking at the page; ends the run when he is signed out meanwhile, whatever runs."""
    found = _who()
    if found is None:
        st.rerun()
    return str(found)


def theme() -> str:
    """`light` or `dark`, as the browser draws it now."""
    return st.context.theme.type or "light"


def query(name: str) -> str:
    """A value of the address bar, "" when it is not there."""
    return str(st.query_params.get(name, ""))


def visit() -> str:
    """The cookie that the visitor of a share link is known by, "" when he has none."""
    return str(st.context.cookies.get(VISITOR_COOKIE, ""))


def asking(now: bool | None = None) -> bool:
    """Whether a dialog is open, which a run of the page would close. The dialog says so itself; the page
    says, when it is drawn, that none is."""
    if now is not None:
        st.session_state[_ASKING] = now
    return bool(st.session_state.get(_ASKING))


def is_in() -> bool:
    """Whether a user looks at the page, and neither a visitor nor nobody. What another user left in
    this session is put away."""
    found = _who()
    if st.session_state.setdefault(_OF, found) != found:
        st.session_state.clear()
        st.session_state[_OF] = found
    return found is not None


def is_owner() -> bool:
    """Whether it is the owner, and not a person of his team."""
    return _who() == LOCAL_USER


def signs_in() -> bool:
    """Whether he came by signing in, and so can sign out."""
    return str(st.context.headers.get(HEADER, "")) == "browser"


def _who() -> str | None:
    """What the doors have said of this connection, and whether the browser that signed in has been
    signed out since; asked anew after a second, for a page asks it often in one run."""
    headers = st.context.headers
    if not headers:
        return LOCAL_USER  # nobody is connected: a test draws the page
    door = headers.get(HEADER, "none")
    if door != "browser":
        return LOCAL_USER if door == "machine" else None
    at, known = st.session_state.get(_SEEN, (-_KEPT, None))
    if time.monotonic() - at >= _KEPT:
        cookie = str(st.context.cookies.get(OWNER_COOKIE, ""))
        known = workbench().team.signed_in(cookie)
        st.session_state[_SEEN] = (time.monotonic(), known)
    return str(known) if known else None


def address() -> str:
    """The address of whoever looks, as far as the doors believed it."""
    return str(st.context.headers.get(ADDRESS_HEADER, ""))
