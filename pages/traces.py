"""Traces: every turn as a list, and one of them as a timeline and a tree of its steps.

A visitor wants to see what happened and in which order, where the time went, and what exactly was sent
and came back.
"""

import json
from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.export import plain
from core.types import Budget, Span, SpanKind, Turn
from pages.ui import charts, palette, said, say, session, span_view, sums, turn_picker
from pages.ui.markdown import label

Steps = Sequence[tuple[int, Span]]
_INDENT = "\u2003\u2002"

# --- state and ask -------------------------------------------------------------------------------

bench = session.workbench()
st.html(said.STYLE)
st.title("Traces", anchor=False)
turn = turn_picker.choose(bench)
spans = bench.traces.read(session.user(), turn.id) if turn else []
budget = bench.turn_rows.budget(session.user(), turn.id) if turn else None


def in_order(spans: Sequence[Span]) -> Steps:
    """The spans as a tree walked from the top: depth and span, children by their start.

    A span whose parent was not kept (the app ended before it did) stands at the top.
    """
    known = {span.span_id for span in spans}
    found: list[tuple[int, Span]] = []

    def walk(parent: str | None, depth: int) -> None:
        for span in spans:
            above = span.parent_id if span.parent_id in known else None
            if above == parent:
                found.append((depth, span))
                walk(span.span_id, depth + 1)

    walk(None, 0)
    return found


def chosen_step(steps: Steps, turn: Turn) -> Span:
    """The step of the address bar, else the one worth looking at: what failed, or the call of the model."""
    by_id = {span.span_id: span for _, span in steps}
    if found := by_id.get(session.query("span")):
        return found
    deepest = sorted(steps, key=lambda step: step[0])
    failed = [span for _, span in deepest if span.status != "ok"]
    if failed and turn.status != "done":
        return failed[-1]
    return next((span for _, span in reversed(steps) if span.kind == "model"), steps[0][1])


def open_step(span_id: str) -> None:
    """Show this step; the address bar names it."""
    st.query_params["span"] = span_id


def open_bar(key: str) -> None:
    """Show the step whose bar was clicked."""
    points = st.session_state[key].selection.points
    if points:
        open_step(str(points[0]["customdata"]))


# --- draw ----------------------------------------------------------------------------------------


def draw_totals(turn: Turn) -> None:
    """What was asked, how it ended, and what it came to."""
    usage = turn.usage
    st.header(label(turn_picker.question(turn, 140)), anchor=False)
    st.caption(
        f"{label(say.when(turn.created_at))} · {label(turn_picker.model(turn))} · "
        f"{label(turn_picker.status(turn))}"
    )
    totals = [
        ("Time", say.seconds(turn.seconds), ""),
        ("First word after", say.seconds(turn.first_token_seconds), ""),
        ("Tokens in", f"{usage.input_tokens:,}" if usage else "–", ""),
        ("Tokens out", f"{usage.output_tokens:,}" if usage else "–", ""),
        ("Cost", "–" if turn.status == "running" else say.money(turn.cost), ""),
    ]
    sums.row(totals, "totals")
    turn_picker.doors(turn, here="traces.py")
    if turn.error:
        st.error(
            f"**{label(turn.error['message'])}**\n\n{label(turn.error['hint'])}",
            icon=":material/error:",
        )


def draw_timeline(turn: Turn, steps: Steps) -> None:
    """Where the time went; a click on a bar opens its step."""
    st.header("Where the time went", anchor=False)
    key = f"timeline_{turn.id}"
    st.plotly_chart(
        charts.timeline(steps, session.theme()),
        config={"displayModeBar": False},
        key=key,
        on_select=partial(open_bar, key),
        selection_mode="points",
        alt=charts.timeline_in_words(steps),
    )


def draw_steps(steps: Steps, chosen: Span) -> None:
    """The tree: a row for each step, indented below the step that it is a part of."""
    st.html(_steps_look({span.kind for _, span in steps}))
    with st.container(key="steps", gap=None):
        for depth, span in steps:
            st.button(
                f"{_INDENT * depth}{span_view.ICONS[span.kind]} {_name(span, chosen)} "
                f":gray[{label(span_view.summary(span))}]",
                key=f"step_{span.kind}_{span.span_id}",
                type="secondary" if span is chosen else "tertiary",
                width="stretch",
                on_click=open_step,
                args=(span.span_id,),
            )


def _name(span: Span, chosen: Span) -> str:
    return f"**{label(span.name)}**" if span is chosen else label(span.name)


def _steps_look(kinds: set[SpanKind]) -> str:
    colours = "".join(
        f'[class*="st-key-step_{kind}_"] p > [role="img"] '
        f"{{ color: {palette.span(kind, session.theme())}; }}"
        for kind in kinds
    )
    return (
        "<style>.st-key-steps button { padding: .3rem .6rem; min-height: 0; }"
        ".st-key-steps button > div, .st-key-steps button > div > span "
        f"{{ justify-content: flex-start; text-align: left; width: 100%; }}{colours}</style>"
    )


def draw_trace(turn: Turn, spans: Sequence[Span], budget: Budget | None) -> None:
    """Totals, timeline, tree, and the step that is looked at."""
    draw_totals(turn)
    steps = in_order(spans)
    if not steps:
        draw_nothing(turn)
        return
    draw_timeline(turn, steps)
    st.header("Step by step", anchor=False)
    tree, detail = st.columns([5, 7], gap="large")
    chosen = chosen_step(steps, turn)
    with tree:
        draw_steps(steps, chosen)
        data = json.dumps(plain(spans), indent=2, ensure_ascii=False)
        st.download_button(
            f"Download the trace, {say.size(len(data.encode()))} of JSON",
            data,
            f"trace-{turn.id}.json",
            "application/json",
            icon=":material/download:",
            type="tertiary",
        )
    with detail, st.container(border=True, key="step"):
        span_view.draw(chosen, turn, budget)


def draw_nothing(turn: Turn) -> None:
    """No steps: not yet, or not any more."""
    if turn.status == "running":
        st.info("The steps are written when the answer ends.", icon=":material/schedule:")
        st.button("Look again", icon=":material/refresh:")
    else:
        st.info(
            "No steps were kept: the app ended in the middle of this answer.",
            icon=":material/power_off:",
        )


if turn:
    draw_trace(turn, spans, budget)
