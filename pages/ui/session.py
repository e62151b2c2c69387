"""What every page asks first: the workbench of the process, the user, the theme, and where to go."""

import streamlit as st

from core.bootstrap import LOCAL_USER, Workbench, build
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
