"""Who answers: the model that was chosen, or that of the prompt while none was."""

import streamlit as st

from core.bootstrap import Workbench
from core.types import ModelInfo
from pages.ui.markdown import label
from pages.ui.session import user


def draw(bench: Workbench, hint: ModelInfo | None) -> str | None:
    """Who answers: the model that was chosen, None for that of the prompt while none was."""
    models = bench.priced(user(), bench.models.ready())
    infos = {info.ref: info for info in models}
    kept = st.session_state.get("model_choice")
    first = "" if hint else models[0].ref
    chosen = kept if kept in infos else first
    shown = infos[chosen] if chosen else hint
    offered = ([""] if hint else []) + list(infos)
    name = f"{shown.label if shown else ''}{'' if chosen else ', of the prompt'}"
    with st.popover(label(name), icon=":material/memory:", type="tertiary"):
        picked = st.radio(
            "Who answers",
            offered,
            index=offered.index(chosen),
            format_func=lambda ref: label(infos[ref].label if ref else "Model of the prompt"),
            captions=[
                _about(infos[ref])
                if ref
                else f"{label(hint.label if hint else '')}, {_about(hint)}"
                for ref in offered
            ],
            key=f"model_{len(offered)}_{'hint' if hint else ''}",
            on_change=_choose,
            args=(f"model_{len(offered)}_{'hint' if hint else ''}",),
        )
        st.page_link("models/page.py", label="Keys and more models", icon=":material/key:")
    return str(picked) or None


def _choose(key: str) -> None:
    st.session_state["model_choice"] = st.session_state[key]


def _about(info: ModelInfo) -> str:
    if not info.is_model:
        return "no model: your documents word for word, $0"
    window = f"window of {info.window:,} tokens"
    if info.price is None:
        return f"{window}, price unknown"
    if not info.price.input and not info.price.output:
        return f"{window}, $0"
    return f"{window}, \\${info.price.input:f} in and \\${info.price.output:f} out per million"
