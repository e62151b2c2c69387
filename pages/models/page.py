"""Models: who answers now and why, what else could and at what price, and what each of them waits for."""

from collections.abc import Sequence

import streamlit as st

from core.bootstrap import Workbench
from core.models import ProviderState
from pages.models import api_keys, fallback_order, model_terms, provider_card, spending
from pages.ui import say, session
from pages.ui.markdown import label

_OWN = ("openai", "anthropic", "local", "quotes")


# --- ask -----------------------------------------------------------------------------------------


@say.told
def look_again(bench: Workbench) -> None:
    """Look for servers on this machine once more, and say what was found."""
    bench.bridge.run(bench.models.discover())
    found = [state.label for state in bench.models.states() if state.name not in _OWN]
    st.toast(
        f"Found {label(' and '.join(found))}." if found else "No server was found.",
        icon=":material/search:",
    )


# --- draw ----------------------------------------------------------------------------------------


def draw_default(bench: Workbench) -> None:
    """Which model answers when nobody chooses one, and why it is that one."""
    first = bench.models.resolve(None)
    wanted = bench.settings.model
    if wanted and first.ref.partition(":")[0] == wanted.partition(":")[0]:
        why = "because `FOOTLIGHTS_MODEL` asks for it."
    elif wanted:
        why = f"until {label(wanted)}, which `FOOTLIGHTS_MODEL` asks for, can be asked."
    elif first.is_model:
        why = "because it is the first on this page that can be asked."
    else:
        why = "because no model can be asked yet: add a key, or fetch the local model."
    st.markdown(f"**{label(first.label)}** answers, {why}")
    picked = st.session_state.get("model_choice")
    chosen = next((info for info in bench.models.ready() if info.ref == picked), None)
    if chosen and chosen.ref != first.ref:
        st.caption(f"In the chat you have chosen {label(chosen.label)} for now.")


def draw_servers(bench: Workbench, states: Sequence[ProviderState]) -> None:
    """Where compatible servers are looked for, and looking again."""
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        found = any(state.name not in _OWN for state in states)
        start = "" if found else "No server is running on this machine. "
        st.caption(
            f"{start}Ollama, LM Studio and vLLM are found by themselves when they run here; any other "
            "OpenAI-compatible server is named in `FOOTLIGHTS_COMPATIBLE_URL`.",
            width="stretch",
        )
        st.button(
            "Look again",
            icon=":material/refresh:",
            on_click=look_again,
            args=(bench,),
            key="look_again",
        )


bench = session.workbench()
states = bench.models.states()
st.html(provider_card.LOOK)
with st.container(key="models", width=860):
    st.title("Models", anchor=False)
    draw_default(bench)
    st.caption("Prices are US dollars for a million tokens, read and written.")
    default = bench.models.resolve(None).ref
    mine = states if session.is_owner() else [each for each in states if each.state == "ready"]
    for state in mine:
        provider_card.draw(bench, state, default)
    if session.is_owner():
        draw_servers(bench, states)
    fallback_order.draw(bench)
    if session.is_owner():
        model_terms.draw(bench)
        spending.draw(bench)
    else:
        spending.draw_own(bench)
    api_keys.draw(bench)
