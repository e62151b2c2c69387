"""The layers of the defence as switches: each writes itself into the front matter of the draft."""

import streamlit as st

from core.bootstrap import (
    DEFENCE_SWITCHES,
    PromptTemplate,
    Workbench,
    defence_differs,
    with_defence,
)
from core.errors import FootlightsError
from pages.prompts import prompt_drafts
from pages.ui import say
from pages.ui.markdown import label

# --- ask -----------------------------------------------------------------------------------------


@say.told
def _switch(bench: Workbench, template: PromptTemplate, key: str, field: str) -> None:
    raw = prompt_drafts.text(bench, template)
    try:
        raw = with_defence(raw, key, bool(st.session_state[field]))
    except FootlightsError as error:
        st.toast(label(f"{error} {error.hint}"), icon=":material/error:")
    else:
        prompt_drafts.write(bench, template, raw)


# --- draw ----------------------------------------------------------------------------------------


def draw(bench: Workbench, template: PromptTemplate, draft: PromptTemplate) -> None:
    """The switches as the draft has them."""
    own = defence_differs(draft.layers)
    with st.expander(
        f"Defence: {own or 'as usual'}", icon=":material/shield:", key="prompt_layers"
    ):
        for each in DEFENCE_SWITCHES:
            field = f"defence_{each.key}_{template.ref}"
            st.session_state[field] = getattr(draft.layers, each.layer)
            with st.container(gap=None):
                st.toggle(
                    each.title,
                    key=field,
                    on_change=_switch,
                    args=(bench, template, each.key, field),
                )
                st.caption(each.does)
        st.caption(
            "What only looks like the end of a quotation is always made harmless: that has no switch. "
            "The *Injection range* says what each layer is worth with your model."
        )
