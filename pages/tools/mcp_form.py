"""The form that adds an MCP server: entered, tested, its tools looked at, and only then kept."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from core.bootstrap import McpOffer, McpWish, Workbench, mcp_called, mcp_pin, mcp_secrets
from core.errors import FootlightsError
from pages.ui import say
from pages.ui.markdown import label
from pages.ui.session import user

Work = Callable[[], Any]
_PROGRAM, _ADDRESS = "A program on this machine", "An address"
_TESTED = "mcp_tested"


_FIELDS = ("name", "command", "environment", "url", "headers", "loopback")


def _forget() -> None:
    # What was entered holds secrets: nothing of it stays in the session.
    for name in (_TESTED, *(f"mcp_{field}" for field in _FIELDS)):
        st.session_state.pop(name, None)


@st.dialog("Add an MCP server", width="medium", on_dismiss=_forget)
def add(bench: Workbench) -> None:
    """Test a server, show its tools, and add it."""
    kind = st.segmented_control(
        "What it is", [_PROGRAM, _ADDRESS], default=_PROGRAM, required=True, key="mcp_kind"
    )
    name = st.text_input(
        "Name",
        max_chars=24,
        placeholder="files",
        key="mcp_name",
        help="Its tools are called files__read.",
    )
    given = _program() if kind == _PROGRAM else _address()
    try:
        if st.button("Test it", icon=":material/play_arrow:", key="mcp_test"):
            st.session_state.pop(_TESTED, None)
            wish = _wish(name, given)
            with st.spinner("Asking it for its tools …"):
                st.session_state[_TESTED] = (wish, bench.bridge.run(bench.mcp.test(wish)))
        tested = st.session_state.get(_TESTED)
        if tested and tested[0] == _wish(name, given):
            _keep(bench, *tested)
    except FootlightsError as error:
        say.problem(error)


def _program() -> dict[str, Any]:
    st.warning(
        "**It is run as you on this machine, and can do whatever you can.** Add only what you would install; it "
        "is no sandbox.",
        icon=":material/terminal:",
    )
    return {
        "command": st.text_input(
            "Command",
            placeholder="npx -y @modelcontextprotocol/server-everything",
            key="mcp_command",
        ),
        "secrets": st.text_area(
            "Environment, one a line",
            placeholder="API_TOKEN=…",
            height=90,
            key="mcp_environment",
            help="Kept in a file that you alone can read, and never shown again. Nothing else of our "
            "environment is given to it. The command itself is shown: write no secret into it.",
        ),
    }


def _address() -> dict[str, Any]:
    return {
        "url": st.text_input("Address", placeholder="https://example.org/mcp", key="mcp_url"),
        "loopback": st.toggle(
            "It runs on this machine",
            key="mcp_loopback",
            help="Then its address must be one of this machine (127.0.0.1); else it must be one of the open "
            "internet.",
        ),
        "secrets": st.text_area(
            "Headers, one a line",
            placeholder="Authorization: Bearer …",
            height=90,
            key="mcp_headers",
            help="Kept in a file that you alone can read, and never shown again.",
        ),
    }


def _wish(name: str, given: dict[str, Any]) -> McpWish:
    return McpWish(name.strip(), **{**given, "secrets": mcp_secrets(given["secrets"])})


def _keep(bench: Workbench, wish: McpWish, offers: Sequence[McpOffer]) -> None:
    """The tools that the test has told, and the button that adds the server with them."""
    count = f"{len(offers)} tool{'' if len(offers) == 1 else 's'}"
    st.success(f"It answered, and offers {count}.", icon=":material/check:")
    with st.container(height=260 if len(offers) > 3 else "content", key="mcp_offers"):
        for offer in offers:
            st.markdown(
                f"**{label(mcp_called(wish.name, offer.name))}**  \n{label(offer.description)}"
            )
            if offer.problem:
                st.caption(f":material/block: It cannot be called: {label(offer.problem)}.")
    st.caption(
        "A model reads these words. If the server changes them, the tool is off until you look."
    )
    if st.button(f"Add it with {count}", type="primary", key="mcp_keep", disabled=not offers):
        with st.spinner("Adding …"):
            bench.bridge.run(bench.mcp.add(user(), wish, mcp_pin(offers)))
        _forget()
        st.rerun()
