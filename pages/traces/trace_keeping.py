"""How long traces are kept: the rule, what it would delete, and the button that deletes it."""

import streamlit as st

from core.bootstrap import Doomed, KeepTraces, Workbench
from pages.ui import say
from pages.ui.markdown import label
from pages.ui.session import user


def draw(bench: Workbench) -> None:
    """The rule and what it comes to; nothing is deleted before the button is pressed."""
    kept = bench.preferences.keep_traces(user())
    with st.expander("How long traces are kept", icon=":material/auto_delete:", key="keeping"):
        st.caption("Answers, conversations and the ledger are never deleted by this rule.")
        with st.container(horizontal=True):
            days = _bound("Days", kept.days, "For ever")
            size = _bound("Megabytes of the newest", kept.megabytes, "All of them")
        rule = KeepTraces(days, size)
        doomed = bench.trace_keeping.preview(user(), rule)
        st.markdown(label(_told(doomed)))
        with st.container(horizontal=True):
            st.button(
                "Keep to this rule at every start",
                key="keep_rule",
                disabled=rule == kept,
                on_click=say.told(bench.preferences.set_keep_traces),
                args=(user(), rule),
            )
            st.button(
                f"Delete {_traces(doomed.traces)} now",
                key="clear_traces",
                icon=":material/delete:",
                disabled=not doomed.traces,
                on_click=say.told(bench.trace_keeping.clear),
                args=(user(), rule),
            )


def _bound(name: str, value: int | None, none: str) -> int | None:
    given = st.number_input(
        name, min_value=1, max_value=10**6, value=value, step=1, placeholder=none, width=220
    )
    return None if given is None else int(given)


def _told(doomed: Doomed) -> str:
    if not doomed.traces or doomed.oldest is None:
        are = "is" if doomed.of_traces == 1 else "are"
        every = f"{_traces(doomed.of_traces)}, {say.size(doomed.of_bytes)}"
        return f"It deletes nothing now. There {are} {every}."
    return (
        f"It would delete {doomed.traces:,} of {_traces(doomed.of_traces)}: "
        f"{say.size(doomed.bytes)} of {say.size(doomed.of_bytes)}, "
        f"the oldest of {say.when(doomed.oldest)}."
    )


def _traces(count: int) -> str:
    return f"{count:,} trace{'' if count == 1 else 's'}"
