"""A call of a tool in a trace, through the lens of its schema: from the function to the result."""

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.ui.markdown import label


def draw(found: Mapping[str, Any]) -> None:
    """The function, its schema, what the model wrote, what was passed on, and what came back."""
    st.caption(f"step {found.get('step', 1)}")
    if found.get("signature"):
        st.markdown("**The function**")
        st.code(str(found["signature"]), language="python", wrap_lines=True)
    if found.get("parameters"):
        with st.expander("What the model was told: its JSON schema", type="compact"):
            st.json(found["parameters"], expanded=2)
    st.markdown("**The model wrote**")
    st.code(str(found.get("sent", "")), language="json", wrap_lines=True)
    if found.get("arguments") is None:
        st.markdown(":orange[It was not passed on.]")
    else:
        st.markdown("**After validation, passed on**")
        text = json.dumps(found["arguments"], ensure_ascii=False, indent=1)
        st.code(text, language="json", wrap_lines=True)
    if found.get("result"):
        st.markdown("**Came back**")
        st.code(str(found["result"]), language=None, wrap_lines=True)
    st.page_link("tools.py", label=label("About this tool"), icon=":material/build:")
