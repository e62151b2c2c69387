"""The steps of a turn as a tree: a row for each, and the one that the address bar names is looked at."""

from collections.abc import Sequence

import streamlit as st

from core.traces.tree import Step
from core.types import Span, SpanKind, Turn
from pages.traces import span_view
from pages.ui import palette, session
from pages.ui.markdown import label

_DRAWN, _MORE = 40, 100
"""Rows that are drawn at first and on demand, each a widget."""
_INDENT = "\u2003\u2002"


def open_step(span_id: str) -> None:
    """Show this step; the address bar names it."""
    st.query_params["span"] = span_id


def draw(turn: Turn, steps: Sequence[Step], chosen: Span) -> None:
    """The tree: a row for each step, indented below the step that it is a part of."""
    key = f"drawn_{turn.id}"
    drawn = st.session_state.get(key, _DRAWN)
    place = next(at for at, step in enumerate(steps) if step.span is chosen)
    # The step that is looked at is among them, wherever it stands.
    first = max(0, place - _DRAWN // 2) if place >= drawn else 0
    shown = steps[first : first + drawn]
    st.html(_steps_look({step.span.kind for step in shown}))
    if first:
        st.button(
            f"{first:,} steps stand above: go to the first",
            icon=":material/vertical_align_top:",
            key="first_steps",
            type="tertiary",
            on_click=open_step,
            args=(steps[0].span.span_id,),
        )
    with st.container(key="steps", gap=None):
        for step in shown:
            _step(step, chosen)
    if left := len(steps) - first - len(shown):
        st.button(
            f"Show {min(left, _MORE):,} more of {left:,}",
            icon=":material/expand_more:",
            key="more_steps",
            on_click=st.session_state.update,
            args=({key: drawn + _MORE},),
        )


def _step(step: Step, chosen: Span) -> None:
    """One row of the tree, with what all below it came to."""
    span = step.span
    deep = _INDENT * min(step.depth, 8)
    st.button(
        f"{deep}{span_view.ICONS[span.kind]} {_name(span, chosen)} "
        f":gray[{label(span_view.summary(span, step))}]",
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
