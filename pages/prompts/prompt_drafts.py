"""What is being written of a version: in the session while one types, and in the database with every pause."""

import streamlit as st

from core.bootstrap import PromptTemplate, Workbench
from pages.ui.session import user


def key(template: PromptTemplate) -> str:
    """Where the session holds the text."""
    return f"prompt_text_{template.ref}"


def text(bench: Workbench, template: PromptTemplate) -> str:
    """The text as it is now: what was typed, the draft that was kept, else the version itself."""
    if key(template) not in st.session_state:
        kept = bench.drafts.get(user(), template.ref)
        st.session_state[key(template)] = template.raw if kept is None else kept
    return str(st.session_state[key(template)])


def write(bench: Workbench, template: PromptTemplate, raw: str) -> None:
    """Go on with this text; it is kept until it is saved or discarded."""
    st.session_state[key(template)] = raw
    if raw == template.raw:
        bench.drafts.remove(user(), template.ref)
    else:
        bench.drafts.set(user(), template.ref, raw)


def forget(bench: Workbench, template: PromptTemplate) -> None:
    """Go back to what the version says."""
    bench.drafts.remove(user(), template.ref)
    st.session_state[key(template)] = template.raw
