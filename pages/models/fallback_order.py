"""Whom the app asks when the chosen model does not answer: an order that is kept."""

import streamlit as st

from core.bootstrap import Workbench
from core.errors import FootlightsError
from pages.ui import say
from pages.ui.markdown import label
from pages.ui.session import user


def draw(bench: Workbench) -> None:
    """The order, to be changed by choosing."""
    chosen = bench.preferences.fallback(user())
    refs = list(bench.settings.fallback if chosen is None else chosen)
    names = {info.ref: info.label for state in bench.models.states() for info in state.models}
    with st.container(border=True, key="fallback"):
        st.header("When a model does not answer", anchor=False)
        st.multiselect(
            "Ask instead, in this order",
            list(dict.fromkeys([*refs, *names])),
            default=refs,
            format_func=lambda ref: label(f"{names[ref]} ({ref})" if ref in names else ref),
            placeholder="nobody: the question fails, and says why",
            key=f"fallback_{len(names)}_{','.join(refs)}",
            on_change=_keep,
            args=(bench, f"fallback_{len(names)}_{','.join(refs)}"),
        )
        told = (
            "Asked before the first word of an answer, never in the middle; the answer says who gave it. "
            "A model that cannot be asked, or whose window is too small, is passed over."
        )
        st.caption(told)
        if chosen is not None and bench.settings.fallback:
            st.button(
                "Back to the order of FOOTLIGHTS_FALLBACK",
                type="tertiary",
                key="fallback_back",
                on_click=say.told(lambda: bench.preferences.set_fallback(user(), None)),
            )


def _keep(bench: Workbench, key: str) -> None:
    try:
        bench.preferences.set_fallback(user(), tuple(st.session_state[key]))
    except FootlightsError as error:
        st.toast(f"{label(str(error))} {label(error.hint)}", icon=":material/error:")
    else:
        st.toast("The order is kept.", icon=":material/alt_route:")
