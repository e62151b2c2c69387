"""A question that could not be asked: it stands in the field again that it was typed in, and why is said there."""

import streamlit as st

from core.errors import FootlightsError
from pages.ui import say


def keep(field: str, text: str, why: FootlightsError | None = None) -> None:
    """The question goes back into the field of this key; `why` is said when the page is drawn."""
    st.session_state[_text(field)] = text
    st.session_state[_why(field)] = why


def keep_typed(field: str) -> bool:
    """The same for what was sent in this run, where the page draws no field; whether something was."""
    said = st.session_state.get(field)
    if said:
        keep(field, said if isinstance(said, str) else said.text)
    return bool(said)


def catch(field: str) -> None:
    """The same where the field takes nothing now, and a page that was older than that has sent something."""
    if keep_typed(field):
        st.toast("It was not sent. It waits for the field below.", icon=":material/schedule:")


def put_back(field: str) -> None:
    """To be called before the field is drawn: what was kept is in it, to be sent once more or changed."""
    if text := st.session_state.pop(_text(field), ""):
        st.session_state[field] = text


def say_why(field: str) -> None:
    """Why it was not asked, if something was not."""
    if why := st.session_state.pop(_why(field), None):
        say.problem(why)


def _text(field: str) -> str:
    return f"unsent_{field}"


def _why(field: str) -> str:
    return f"unsent_why_{field}"
