"""Traces: every turn as a list, and one of them as a timeline and a tree of its steps.

A visitor wants to see what happened and in which order, where the time went, and what exactly was sent
and came back.
"""

import json
from typing import Any

import streamlit as st

from core.export import plain
from core.types import Span, Turn
from pages.ui import charts, say, session, turn_picker
from pages.ui.markdown import label

_ICONS = {
    "turn": ":material/forum:",
    "wait": ":material/hourglass_empty:",
    "prompt": ":material/edit_note:",
    "retrieval": ":material/search:",
    "window": ":material/data_usage:",
    "model": ":material/memory:",
    "tool": ":material/build:",
    "citations": ":material/format_quote:",
}
_TEXT = ("response", "reasoning", "query", "question", "error")
_LISTS = ("request", "hits")
_LONGEST = 6_000

# --- state and ask -------------------------------------------------------------------------------

bench = session.workbench()
st.title("Traces", anchor=False)
turn = turn_picker.pick(bench)
spans = bench.traces.read(session.user(), turn.id) if turn else []


# --- draw ----------------------------------------------------------------------------------------


def draw_totals(turn: Turn) -> None:
    """What the turn came to."""
    usage = turn.usage
    columns = st.columns(5)
    columns[0].metric("Time", say.seconds(turn.seconds))
    columns[1].metric("To the first word", say.seconds(turn.first_token_seconds))
    columns[2].metric("Tokens in", f"{usage.input_tokens:,}" if usage else "–")
    columns[3].metric("Tokens out", f"{usage.output_tokens:,}" if usage else "–")
    columns[4].metric("Cost", label(say.money(turn.cost)))
    st.caption(f"{label(turn.model or 'no model')} · {label(turn_picker.status(turn))}")
    if turn.error:
        st.error(
            f"**{label(turn.error['message'])}**\n\n{label(turn.error['hint'])}",
            icon=":material/error:",
        )


def in_order(spans: list[Span]) -> list[tuple[int, Span]]:
    """The spans as a tree walked from the top: depth and span, children by their start."""
    found: list[tuple[int, Span]] = []

    def walk(parent: str | None, depth: int) -> None:
        mine = [span for span in spans if span.parent_id == parent]
        for span in sorted(mine, key=lambda each: each.start_ns):
            found.append((depth, span))
            walk(span.span_id, depth + 1)

    walk(None, 0)
    return found


def draw_span(depth: int, span: Span) -> None:
    """One step: its name, time and state; opened, what it took and gave."""
    took = say.seconds((span.end_ns - span.start_ns) / 1e9)
    state = "" if span.status == "ok" else f" · {span.status}"
    indent = "\u2003" * depth
    title = f"{indent}{_ICONS[span.kind]} {label(span.name)} · {took}{state}"
    with st.expander(title, type="compact"):
        draw_attributes(span.attributes)
        for event in span.events:
            st.caption(f"{label(event.name)} {label(json.dumps(plain(event.attributes)))}")


def draw_attributes(attributes: dict[str, Any]) -> None:
    """Short values as a table, long ones as text, messages and hits one by one."""
    short = {
        name: value
        for name, value in attributes.items()
        if name not in (*_TEXT, *_LISTS) and value not in (None, "")
    }
    if short:
        st.json(plain(short), expanded=2)
    for name in _TEXT:
        if attributes.get(name):
            st.caption(name)
            st.code(str(attributes[name])[:_LONGEST], language=None, wrap_lines=True)
    for message in attributes.get("request") or ():
        draw_message(message)
    for rank, hit in enumerate(attributes.get("hits") or (), 1):
        place = f"{label(str(hit.get('document')))}, {hit.get('page')}"
        st.caption(f"{rank}. {place} · similarity {hit.get('score')}")
        st.code(str(hit.get("text"))[:_LONGEST], language=None, wrap_lines=True)


def draw_message(message: Any) -> None:
    """A message as it was sent."""
    if not isinstance(message, dict):
        st.code(str(message)[:_LONGEST], language=None, wrap_lines=True)
        return
    st.caption(f"sent as {label(str(message.get('role')))}")
    content = message.get("content", message.get("text", message))
    shown = content if isinstance(content, str) else json.dumps(plain(content), indent=2)
    st.code(shown[:_LONGEST], language=None, wrap_lines=True)


def draw_trace(turn: Turn, spans: list[Span]) -> None:
    """Totals, timeline, tree."""
    turn_picker.doors(turn, here="traces.py")
    draw_totals(turn)
    ordered = in_order(spans)
    if not ordered:
        waiting = turn.status == "running"
        st.info(
            "The steps are written when the answer is finished; look again in a moment."
            if waiting
            else "No steps were kept: the app ended in the middle of this answer.",
            icon=":material/schedule:" if waiting else ":material/power_off:",
        )
        return
    st.header("Where the time went", anchor=False)
    st.plotly_chart(
        charts.timeline([span for _, span in ordered], session.theme()),
        config={"displayModeBar": False},
        key="timeline",
    )
    st.header("Step by step", anchor=False)
    for depth, span in ordered:
        draw_span(depth, span)
    data = json.dumps(plain(spans), indent=2, ensure_ascii=False)
    st.download_button(
        f"Download the trace as JSON, {say.size(len(data.encode()))}",
        data,
        f"trace-{turn.id}.json",
        "application/json",
        icon=":material/download:",
    )


if turn:
    draw_trace(turn, spans)
