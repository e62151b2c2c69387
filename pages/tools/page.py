"""Tools: what a model may call here, what each of them touches and costs, and a try without any model."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.bootstrap import (
    TOUCHES,
    Offered,
    ToolField,
    ToolOutcome,
    Workbench,
    tool_arguments,
    tool_fields,
)
from core.errors import FootlightsError
from core.events import ToolReturned
from pages.tools import mcp_servers, replay_view
from pages.ui import say, session, steps
from pages.ui.markdown import label, safe

_EXAMPLE = '''def stage_time(show: str, hours: float = 2.0) -> str:
    """When a show is over.

    Args:
        show: Which show.
        hours: How long it takes.
    """
    return f"{show} ends after {hours:g} hours"
'''

# --- state ------------------------------------------------------------------------------------

bench = session.workbench()
offered = bench.tools.list(session.user())

# --- ask --------------------------------------------------------------------------------------


def run(bench: Workbench, name: str, form: Sequence[ToolField], values: dict[str, Any]) -> None:
    """Call the tool as a model would, and keep what it came to for the page."""
    try:
        call = bench.tools.run(session.user(), name, tool_arguments(form, values))
        with st.spinner("Running…", show_time=True):
            st.session_state[f"tried_{name}"] = bench.bridge.run(call)
    except FootlightsError as error:
        st.session_state.pop(f"tried_{name}", None)
        say.problem(error)


# --- draw -------------------------------------------------------------------------------------


def draw_tool(bench: Workbench, each: Offered) -> None:
    """One tool: what it is, what it touches, what it costs, its schema and its form."""
    tool = each.tool
    with st.container(border=True, gap="xsmall", key=f"tool_{tool.name}"):
        off = "" if each.on else " :gray-badge[switched off]"
        from_ = tool.file.name if tool.file else f"MCP: {tool.server}" if tool.server else ""
        mine = f" :primary-badge[{label(from_)}]" if from_ else ""
        st.markdown(f"{steps.icon(tool.name)} **{label(tool.name)}**{mine}{off}")
        st.markdown(label(tool.description) if tool.server else safe(tool.description))
        st.caption(" · ".join(about(each)))
        if not each.on:
            st.caption("`FOOTLIGHTS_FETCH=1` switches it on; then it reads public addresses alone.")
        with st.expander("Signature and schema", type="compact"):
            st.code(tool.signature, language="python", wrap_lines=True)
            st.json(tool.parameters, expanded=2)
        if each.on:
            with st.expander("Try it", type="compact", key=f"try_{tool.name}"):
                draw_form(bench, each)


def about(each: Offered) -> list[str]:
    """What it touches, costs, and how it did so far."""
    tool, use = each.tool, each.use
    touches = label(tool.effects) if tool.effects else TOUCHES[tool.access]
    if tool.file and not tool.effects:
        touches = "declares no effect"
    parts = [touches, f"{say.tokens(each.tokens)} in every question with it"]
    if use is None:
        return [*parts, "never called yet"]
    failed = f", {use.failures:,} failed" if use.failures else ""
    calls = f"{use.calls:,} call{'' if use.calls == 1 else 's'}{failed}"
    return [*parts, calls, f"median {say.seconds(use.p50_seconds)}"]


def draw_form(bench: Workbench, each: Offered) -> None:
    """The form that its schema makes, and what the last try came to."""
    form = tool_fields(each.tool.parameters)
    if each.tool.effects:
        st.warning(f"It will really run: {label(each.tool.effects)}", icon=":material/bolt:")
    with st.form(f"form_{each.tool.name}", border=False):
        values = {field.name: draw_field(each.tool.name, field) for field in form}
        if not form:
            st.caption("It takes nothing.")
        if st.form_submit_button("Run it", icon=":material/play_arrow:"):
            run(bench, each.tool.name, form, values)
    tried: ToolOutcome | None = st.session_state.get(f"tried_{each.tool.name}")
    if tried:
        st.caption(f"{'Failed' if tried.failed else 'Done'} in {say.seconds(tried.seconds)}")
        steps.result(
            ToolReturned(
                "", each.tool.name, tried.text, tried.failed, tried.seconds, "", tried.shown
            )
        )


def draw_field(tool: str, field: ToolField) -> Any:
    """One argument, in the widget that fits it."""
    name, key = (
        label(field.name) + ("" if field.required else " (optional)"),
        f"{tool}_{field.name}",
    )
    told = {"help": label(field.description) or None, "key": key}
    default = field.default
    if field.kind == "choice":
        at = field.choices.index(default) if default in field.choices else None
        return st.selectbox(name, field.choices, index=at, format_func=str, **told)
    if field.kind == "yes_no":
        return st.toggle(name, value=bool(default), **told)
    if field.kind in ("whole", "number"):
        step = 1 if field.kind == "whole" else None
        return st.number_input(name, value=default, step=step, placeholder=field.hint, **told)
    text = "" if default is None else str(default)
    box = st.text_area if field.long or field.kind == "json" else st.text_input
    return box(name, value=text, placeholder=field.hint, **told)


def draw_own(bench: Workbench) -> None:
    """Where tools of one's own go, what one looks like, and what is wrong with those that are there."""
    st.header("Your own tools", anchor=False)
    st.markdown(
        f"A Python function in a file of this folder is a tool, found by itself: `{bench.tools.folder}`"
    )
    for problem in bench.tools.problems():
        line = f", line {problem.line}" if problem.line else ""
        st.error(
            f"**{label(problem.file)}{line}:** {label(problem.message)}\n\n{label(problem.hint)}",
            icon=":material/error:",
        )
    with st.expander("What a tool looks like", type="compact"):
        st.code(_EXAMPLE, language="python")
        st.caption(
            "Type hints say what it takes, the docstring what it does. A line “Effects: sends an e-mail.” "
            "in the docstring makes it ask before it runs. It runs in a process of its own, without your "
            "keys, for at most 30 s. Look here again after you saved the file."
        )


if replayed := session.query("replay"):
    replay_view.draw(bench, replayed)
    st.stop()
st.title("Tools", anchor=False)
st.markdown(
    "What a model may call when you choose it in the chat. Each step is shown as it happens, and stands in the "
    "trace."
)


def draw_tools(bench: Workbench) -> None:
    """Those of the app, those of one's own, and those of MCP servers."""
    for each in offered:
        if each.tool.file is None and not each.tool.server:
            draw_tool(bench, each)
    draw_own(bench)
    for each in offered:
        if each.tool.file is not None:
            draw_tool(bench, each)
    served = [each for each in offered if each.tool.server]
    if served:
        st.header("From MCP servers", anchor=False)
    for each in served:
        draw_tool(bench, each)


with st.container(key="tools", width=860):
    # A server may be a program of this machine: whom it serves, and whether, is its owner's to say.
    if session.is_owner():
        here, there = st.tabs(["Tools", "MCP servers"], key="tools_tab", on_change="rerun")
        if here.open:
            with here:
                draw_tools(bench)
        if there.open:
            with there:
                mcp_servers.draw(bench)
    else:
        draw_tools(bench)
