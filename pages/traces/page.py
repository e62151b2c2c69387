"""Traces: every turn as a list, and one of them as a timeline and a tree of its steps.

A visitor wants to see what happened and in which order, where the time went, and what exactly was sent
and came back.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial

import streamlit as st

from core import figures
from core.traces import graph as run_graph
from core.traces.tree import Step, by_kind, laid_out, unlinked
from core.types import Budget, LedgerRow, Span, SpanKind, Turn
from pages.traces import run_graph as graph_view
from pages.traces import span_view, trace_export, trace_keeping, trace_list, trace_steps
from pages.traces.trace_steps import open_step
from pages.ui import charts, said, say, session, sums, turn_picker
from pages.ui.markdown import label

Steps = Sequence[Step]
_BARS = 60
"""Bars of the timeline."""
KINDS: dict[SpanKind, str] = {
    "turn": "between the steps",
    "wait": "waiting",
    "call": "between attempts",
    "prompt": "the prompt",
    "retrieval": "search",
    "window": "the window",
    "model": "the model",
    "tool": "tools",
    "citations": "citations",
}

# --- state and ask -------------------------------------------------------------------------------

bench = session.workbench()
st.html(said.STYLE)
st.title("Traces", anchor=False)
turn = trace_list.choose(bench)
spans = bench.traces.read(session.user(), turn.id) if turn else []
booked = bench.ledger.rows(session.user(), 20_000, turn_id=turn.id) if turn else []
budget = bench.turn_rows.budget(session.user(), turn.id) if turn else None


def chosen_step(steps: Steps, turn: Turn) -> Span:
    """The step of the address bar, else the one worth looking at: what failed, or the call of the model."""
    by_id = {step.span.span_id: step.span for step in steps}
    if found := by_id.get(session.query("span")):
        return found
    deepest = sorted(steps, key=lambda step: step.depth)
    failed = [step.span for step in deepest if step.span.status != "ok"]
    if failed and turn.status != "done":
        return failed[-1]
    calls = (step.span for step in reversed(steps) if step.span.kind == "model")
    return next(calls, steps[0].span)


def open_bar(key: str) -> None:
    """Show the step whose bar was clicked."""
    points = st.session_state[key].selection.points
    if points and (span_id := points[0].get("customdata")):
        open_step(str(span_id))


# --- draw ----------------------------------------------------------------------------------------


def draw_totals(turn: Turn) -> None:
    """What was asked, how it ended, and what it came to."""
    calls, about, ended = turn.calls, figures.about(turn), turn.status != "running"
    st.header(label(turn_picker.question(turn, 140)), anchor=False)
    st.caption(
        f"{label(say.when(turn.created_at))} · {label(turn_picker.model(turn))} · "
        f"{label(turn_picker.status(turn))}"
    )
    totals = [
        ("Time", say.seconds(turn.seconds), ""),
        ("First word after", say.seconds(turn.first_token_seconds), ""),
        ("Tokens in", f"{about}{calls.input_tokens:,}" if ended else "–", ""),
        ("Tokens out", f"{about}{calls.output_tokens:,}" if ended else "–", ""),
        ("Cost", figures.cost(turn) if ended else "–", ""),
    ]
    sums.row(totals, "totals")
    turn_picker.doors(turn, here="traces/page.py")
    if turn.error:
        st.error(
            f"**{label(turn.error['message'])}**\n\n{label(turn.error['hint'])}",
            icon=":material/error:",
        )


def draw_timeline(turn: Turn, steps: Steps) -> None:
    """Where the time went, by kind and as bars; a click on a bar opens its step."""
    st.header("Where the time went", anchor=False)
    spent = sorted(by_kind(steps).items(), key=lambda each: -each[1])
    told = [f"{KINDS[kind]} {say.seconds(ns / 1e9)}" for kind, ns in spent if ns >= 1_000_000]
    with st.container(horizontal=True, vertical_alignment="center", key="timeline_head"):
        st.caption(" · ".join(told) or "all of it under a millisecond", width="stretch")
        scale = st.segmented_control(
            "Scale",
            ["To scale", "Equal steps"],
            default="To scale",
            required=True,
            label_visibility="collapsed",
            key="timeline_scale",
        )
    equal = scale == "Equal steps"
    shown = [(step.depth, step.span) for step in steps[:_BARS]]
    key = f"timeline_{turn.id}_{equal}"
    st.plotly_chart(
        charts.timeline(shown, session.theme(), equal=equal),
        config={"displayModeBar": False},
        key=key,
        on_select=partial(open_bar, key),
        selection_mode="points",
        alt=charts.timeline_in_words(shown),
    )
    if len(steps) > _BARS:
        st.caption(f"The first {_BARS} of {len(steps):,} steps; all of them stand below.")


def draw_graph(turn: Turn, spans: Sequence[Span]) -> None:
    """Which tool led to which, when tools were called; a click opens the first call of a tool."""
    if graph := run_graph.run_graph(spans):
        st.header("Which tool led to which", anchor=False)
        key = f"graph_{turn.id}"
        graph_view.draw(graph, key, partial(open_bar, key))


def draw_playback(turn: Turn, steps: Steps, chosen: Span) -> None:
    """A slider through the steps in the order in which they began; where it stands is open below."""
    begun = sorted(steps, key=lambda step: (step.span.start_ns, step.depth))
    if len(begun) < 2:
        return
    key, ids = f"playback_{turn.id}", [step.span.span_id for step in begun]
    place = ids.index(chosen.span_id) + 1
    st.session_state[key] = place  # a click on a bar or a row moves it too
    since = (chosen.start_ns - begun[0].span.start_ns) / 1e9
    st.slider(
        f"Playback: {place:,} of {len(ids):,}, {say.seconds(since)} after the question",
        1,
        len(ids),
        key=key,
        on_change=lambda: open_step(ids[int(st.session_state[key]) - 1]),
    )


def draw_unlinked(rows: Sequence[LedgerRow]) -> None:
    """Calls of the turn that no step made, so that the sum is the whole."""
    if rows:
        total = sum((row.cost or Decimal(0) for row in rows), Decimal(0))
        calls = f"{len(rows):,} call{'' if len(rows) == 1 else 's'}"
        st.caption(f"{calls} of this turn stood outside these steps: {say.money(total)}.")


def draw_trace(turn: Turn, spans: Sequence[Span], budget: Budget | None) -> None:
    """Totals, timeline, tree, and the step that is looked at."""
    draw_totals(turn)
    steps = laid_out(spans, booked)
    if not steps:
        draw_nothing(turn)
        return
    draw_timeline(turn, steps)
    draw_graph(turn, spans)
    st.header("Step by step", anchor=False)
    chosen = chosen_step(steps, turn)
    draw_playback(turn, steps, chosen)
    tree, detail = st.columns([5, 7], gap="large")
    with tree:
        trace_steps.draw(turn, steps, chosen)
        draw_unlinked(unlinked(steps, booked))
        trace_export.draw(turn, spans, booked)
    with detail, st.container(border=True, key="step"):
        step = next(step for step in steps if step.span is chosen)
        span_view.draw(chosen, turn, budget, step, booked)


def draw_nothing(turn: Turn) -> None:
    """No steps: not yet, or not any more."""
    if turn.status == "running":
        st.info("The steps are written when the answer ends.", icon=":material/schedule:")
        st.button("Look again", icon=":material/refresh:")
    elif bench.trace_keeping.cleared(session.user(), turn.id):
        st.info(
            "Its steps were deleted by the rule below; its answer and its cost are kept.",
            icon=":material/auto_delete:",
        )
    else:
        st.info(
            "No steps were kept: the app ended in the middle of this answer.",
            icon=":material/power_off:",
        )


if turn:
    draw_trace(turn, spans, budget)
    trace_keeping.draw(bench)
