"""A tool that changes something asks first."""

from collections.abc import Sequence

import streamlit as st

from core.bootstrap import Workbench
from core.errors import FootlightsError
from core.tape import Ran
from core.types import Source, Turn
from pages.ui.markdown import label
from pages.ui.session import user

_ALWAYS = "Always in this conversation"


def draw(
    bench: Workbench, turn: Turn, ran: Ran, taint: str = "", sources: Sequence[Source] = ()
) -> None:
    """What the tool would do, with which arguments, whose words may be behind it, and the answers that
    there are."""
    assert ran.asked
    with st.container(border=True, key=f"approval_{ran.call.id}"):
        st.markdown(f":material/back_hand: **{label(ran.call.name)}** asks to run")
        st.markdown(label(ran.asked.why))
        st.code(ran.call.arguments[:2_000], language="json", wrap_lines=True)
        with st.container(horizontal=True, gap="small"):
            _answer(bench, turn, ran, "Allow once", "once")
            if not ran.asked.untrusted:
                _answer(bench, turn, ran, _ALWAYS, "always")
            _answer(bench, turn, ran, "No", "no")
        if ran.asked.untrusted:
            others = label(taint or "text that others wrote")
            st.caption(f"It cannot be allowed for good while the window holds {others}.")
        for source in sources:
            if source.flagged:
                st.caption(
                    f":orange[:material/flag: Passage {source.number} of {label(source.hit.name)} reads like "
                    f"an instruction to the model, {source.suspicion:.0%}: look at it before you allow this.]"
                )


def _answer(bench: Workbench, turn: Turn, ran: Ran, text: str, decision: str) -> None:
    st.button(
        text,
        key=f"{decision}_{turn.id}_{ran.call.id}",
        type="primary" if decision == "once" else "secondary",
        on_click=_decide,
        args=(bench, turn.id, ran.call.id, decision),
    )


def _decide(bench: Workbench, turn_id: str, call_id: str, decision: str) -> None:
    try:
        bench.approvals.decide(user(), turn_id, call_id, decision)
    except FootlightsError as error:
        st.toast(f"{label(str(error))}. {label(error.hint)}", icon=":material/error:")
