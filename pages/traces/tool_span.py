"""A call of a tool in a trace, through the lens of its schema: from the function to the result."""

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.types import Turn
from pages.traces import passages_found
from pages.ui.markdown import label

FAULTS = {
    "arguments": (
        "arguments that do not fit",
        "Nothing ran. The model was told what was wrong and may call again.",
    ),
    "unknown_tool": (
        "unknown tool",
        "Nothing ran. The model was told which tools there are; choose more of them in the chat.",
    ),
    "too_many": (
        "too many calls at once",
        "It was not run; the model may call it in the next step.",
    ),
    "time": ("time", "It was ended with all it had started. Ask it for less, or make it quicker."),
    "raised": (
        "raised by the function",
        "Mend the function, try it on the Tools page, then replay this run.",
    ),
    "result": ("a result that cannot be told", "Let the function return text, numbers or rows."),
    "denied": ("not allowed", "Nothing ran. Ask again to be asked again."),
}
"""What a code of a failed call means, and what to do."""


def draw(found: Mapping[str, Any], turn: Turn) -> None:
    """The function, its schema, what the model wrote, what was passed on, and what came back."""
    st.caption(f"step {found.get('step', 1)}")
    if found.get("signature"):
        st.markdown("**The function**")
        st.code(str(found["signature"]), language="python", wrap_lines=True)
    if found.get("parameters"):
        with st.expander("Its JSON schema", type="compact"):
            st.json(found["parameters"], expanded=2)
        with st.expander("What was sent to the model", type="compact"):
            _sent(found)
    st.markdown("**The model wrote**")
    st.code(str(found.get("sent", "")), language="json", wrap_lines=True)
    passed = found.get("arguments") is not None and found.get("code") != "arguments"
    if not passed:
        st.markdown(":orange[Validation refused it: nothing was passed on.]")
    else:
        st.markdown("**After validation, passed on**")
        text = json.dumps(found["arguments"], ensure_ascii=False, indent=1)
        st.code(text, language="json", wrap_lines=True)
    if found.get("result") and (passed or found["result"] != found.get("error")):
        st.markdown("**Came back**")
        st.code(str(found["result"]), language=None, wrap_lines=True)
    if found.get("hits"):
        passages_found.draw(found["hits"], turn)
    st.page_link("tools/page.py", label=label("About this tool"), icon=":material/build:")


def _sent(found: Mapping[str, Any]) -> None:
    strict = found.get("strict")
    st.caption(
        "The strict form, which the vendor holds the model to: every argument is required, and one that "
        "may be left out may be null."
        if strict
        else "The schema as it is, with the name and the description of the tool."
    )
    if strict:
        st.json(strict, expanded=2)
