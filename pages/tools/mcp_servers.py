"""MCP servers: what is there, whether it still is what was accepted, and one more."""

import streamlit as st

from core.bootstrap import McpOffer, McpServer, Workbench, mcp_called, mcp_pin
from core.errors import FootlightsError
from pages.tools import mcp_form
from pages.ui import changes, say
from pages.ui.markdown import control, label
from pages.ui.session import user

_KINDS = {"new": "is new", "changed": "changed", "gone": "is gone"}


def draw(bench: Workbench) -> None:
    """Every server, and the button that adds one."""
    servers = bench.mcp.list(user())
    st.markdown(
        "Other people’s tools, by the Model Context Protocol: a program on this machine, or an address. Their "
        "tools stand beside yours in the chat, and ask before they run."
    )
    if not servers:
        with st.container(border=True, horizontal_alignment="center", key="mcp_empty"):
            st.markdown("**No server yet**", text_alignment="center")
            st.caption(
                "Add one by its command, as `npx -y @modelcontextprotocol/server-everything`, or by its "
                "address. It is tested first, and you see its tools before anything is kept.",
                text_alignment="center",
            )
    for server in servers:
        with st.container(border=True, gap="small", key=f"mcp_{server.name}"):
            _server(bench, server)
    if st.button("Add a server", icon=":material/add:", key="mcp_add"):
        mcp_form.add(bench)


def _server(bench: Workbench, server: McpServer) -> None:
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        icon = ":material/terminal:" if server.kind == "stdio" else ":material/public:"
        st.markdown(f"{icon} **{label(server.name)}** {_state(server)}", width="stretch")
        st.toggle(
            "On",
            server.is_on,
            key=f"mcp_on_{server.id}",
            on_change=_switch,
            args=(bench, server.id),
        )
    st.code(" ".join(server.command) or server.url, language=None, wrap_lines=True)
    st.caption(" · ".join(_facts(server)))
    if server.error:
        st.error(
            f"**It failed when it was asked last:** {label(server.error)}\n\nLook again; if it goes on, look "
            "at its own log, or remove it and add it anew.",
            icon=":material/error:",
        )
    _changes(bench, server)
    if server.accepted:
        with st.expander(
            _count(len(server.accepted)), type="compact", key=f"mcp_tools_{server.id}"
        ):
            _tools(bench, server)
    with st.container(horizontal=True):
        if st.button(
            control("Look again", f"at {server.name}"),
            icon=":material/refresh:",
            key=f"mcp_look_{server.id}",
        ):
            _do(lambda: bench.bridge.run(bench.mcp.look(user(), server.id)))
        ask, icon = f"mcp_ask_{server.id}", ":material/delete:"
        with st.popover(control("Remove", server.name), icon=icon, type="tertiary", key=ask):
            st.markdown(f"**{label(server.name)}** is ended, and its secrets are deleted.")
            if st.button("Remove it", type="primary", key=f"mcp_remove_{server.id}"):
                _do(lambda: bench.bridge.run(bench.mcp.remove(user(), server.id)))


def _state(server: McpServer) -> str:
    if not server.is_on:
        return ":gray-badge[switched off]"
    if server.error:
        return ":red-badge[failed]"
    if server.changes():
        return ":orange-badge[changed: look at it]"
    return ":green-badge[ready]"


def _facts(server: McpServer) -> list[str]:
    used = f"last used {say.when(server.used_at)}" if server.used_at else "never used"
    facts = [
        f"{len(server.callable())} of {_count(len(server.accepted))} can be called",
        f"asked {say.when(server.seen_at)}",
        used,
    ]
    if server.secret_names:
        names = ("its query" if name == "?" else name for name in server.secret_names)
        facts.append(f"kept for it: {label(', '.join(names))}")
    return facts


def _count(tools: int) -> str:
    return f"{tools} tool{'' if tools == 1 else 's'}"


def _differ(tools: int) -> str:
    return f"{_count(tools)} {'is' if tools == 1 else 'are'} not as when you accepted the server."


def _changes(bench: Workbench, server: McpServer) -> None:
    """What it offers otherwise than it was accepted, and the button that accepts it."""
    found = server.changes()
    if not found:
        return
    st.warning(
        f"**{_differ(len(found))}** What is new or "
        "changed is not called until you have looked at it: a description can tell a model to do harm.",
        icon=":material/difference:",
    )
    for each in found:
        with st.expander(f"{label(each.name)} {_KINDS[each.kind]}", type="compact", expanded=True):
            st.html(changes.STYLE + changes.diff(*each.texts()))
    if st.button("Accept what it offers now", type="primary", key=f"mcp_accept_{server.id}"):
        _do(lambda: bench.mcp.accept(user(), server.id, mcp_pin(server.seen)))


def _tools(bench: Workbench, server: McpServer) -> None:
    st.caption(
        "Each asks before it runs. Mark those that change nothing as harmless: they ask only when the window "
        "holds text that others wrote. What the server itself says of that is not believed."
    )
    for offer in server.accepted:
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            st.markdown(
                f"**{label(mcp_called(server.name, offer.name))}**  \n{label(offer.description[:300])}",
                width="stretch",
            )
            if not offer.problem:
                _harmless(bench, server, offer)
        if offer.problem:
            st.caption(f":material/block: It cannot be called: {label(offer.problem)}.")


def _harmless(bench: Workbench, server: McpServer, offer: McpOffer) -> None:
    key = f"mcp_harmless_{server.id}_{offer.pin}"
    st.toggle(
        "Harmless",
        offer.name in server.harmless,
        key=key,
        on_change=_mark,
        args=(bench, server.id, offer.name, key),
    )


def _do(work: mcp_form.Work) -> None:
    """Do it and draw the page again; an error of ours is shown where it happened."""
    try:
        with st.spinner("A moment …"):
            work()
    except FootlightsError as error:
        say.problem(error)
        return
    st.rerun()


@say.told
def _switch(bench: Workbench, server_id: str) -> None:
    is_on = bool(st.session_state[f"mcp_on_{server_id}"])
    bench.bridge.run(bench.mcp.switch(user(), server_id, is_on))


@say.told
def _mark(bench: Workbench, server_id: str, name: str, key: str) -> None:
    bench.mcp.mark(user(), server_id, name, bool(st.session_state[key]))
