"""What every page asks first: the workbench of the process, the user, the theme, and where to go."""

import streamlit as st

from core.bootstrap import LOCAL_USER, Workbench, build
from core.caller import ADDRESS_HEADER, HEADER, OWNER_COOKIE, VISITOR_COOKIE
from core.settings import Settings


@st.cache_resource(show_spinner=False)
def workbench() -> Workbench:
    """The one workbench of this process, running; built at the first call."""
    bench = build(Settings())
    bench.start()
    return bench


def user() -> str:
    """Who is looking at the page."""
    return LOCAL_USER


def theme() -> str:
    """`light` or `dark`, as the browser draws it now."""
    return st.context.theme.type or "light"


def query(name: str) -> str:
    """A value of the address bar, "" when it is not there."""
    return str(st.query_params.get(name, ""))


def visit() -> str:
    """The cookie that the visitor of a share link is known by, "" when he has none."""
    return str(st.context.cookies.get(VISITOR_COOKIE, ""))


def is_owner() -> bool:
    """Whether the owner looks at the page: what the doors have said of this connection, and whether
    the browser that signed in has not been signed out since."""
    headers = st.context.headers
    if not headers:
        return True  # nobody is connected: a test draws the page
    door = headers.get(HEADER, "none")
    if door != "browser":
        return door == "machine"
    return workbench().sign_ins.user(str(st.context.cookies.get(OWNER_COOKIE, ""))) is not None


def address() -> str:
    """The address of whoever looks, as far as the doors believed it."""
    return str(st.context.headers.get(ADDRESS_HEADER, ""))
