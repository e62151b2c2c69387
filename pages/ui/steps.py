"""The steps of a run: which tools were called with what, and what came of it, compact and to open."""

import json
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import pandas as pd
import streamlit as st

from core.events import ToolReturned
from core.tape import Ran, Row, Step, events_of, read
from core.types import Turn
from pages.ui import charts, say
from pages.ui.markdown import label, safe
from pages.ui.session import theme, user, workbench

_LONGEST = 6_000
_FEW, _FEW_LINES, _TALL = 1_200, 14, 320
_ROW_PIXELS, _MOST_ROWS = 35, 12
_ICONS = {
    "search_documents": ":material/search:",
    "read_document": ":material/menu_book:",
    "query_table": ":material/table_view:",
    "plot": ":material/bar_chart:",
    "calculator": ":material/calculate:",
    "now": ":material/schedule:",
    "fetch_url": ":material/public:",
}


def of(turn: Turn) -> None:
    """The steps of a finished turn, and its charts."""
    if not turn.request.tools:
        return
    steps = draw_taped(workbench().turn_rows.tape(user(), turn.id))
    for place, ran in enumerate(ran for step in steps for ran in step.calls):
        shown = ran.result.shown if ran.result else None
        if shown and shown["kind"] == "plot":
            _plot(shown, f"plot_{turn.id}_{place}")


def draw_taped(rows: Sequence[Row]) -> Sequence[Step]:
    """The steps of a run that is over; one that was cut off may have calls without a result."""
    steps = read(rows)
    draw(steps, {event.call.id for _, event in events_of(rows, "effect")})
    return steps


def draw(steps: Sequence[Step], begun: AbstractSet[str] | None = None) -> None:
    """Each call in a line; opened, it shows its arguments and its result. None still runs when `begun` is
    given, the ids of those that had begun to change something."""
    with st.container(gap=None):
        for step in steps:
            if step.calls and step.response.text.strip():
                st.caption(safe(step.response.text))
            for ran in step.calls:
                _call(step.number, ran, begun)


def icon(name: str) -> str:
    """The sign of a tool."""
    return _ICONS.get(name, ":material/build:")


def _call(number: int, ran: Ran, begun: AbstractSet[str] | None) -> None:
    name = label(ran.call.name[:64])
    title = f"{icon(ran.call.name)} Step {number} · {name} · {_state(ran, begun)}"
    with st.expander(title, type="compact"):
        st.caption("Called with")
        st.code(_pretty(ran.call.arguments), language="json", wrap_lines=True)
        if ran.decision:
            st.caption(
                {"no": "You did not allow it.", "always": "Allowed for this conversation."}.get(
                    ran.decision, "Allowed once."
                )
            )
        if ran.result:
            result(ran.result)


def result(found: ToolReturned) -> None:
    """What a call came to: a table as a table, all else as the text that the model was given."""
    st.caption("Told to the model" if found.failed else "Gave")
    if found.shown and found.shown["kind"] == "table":
        table(found.shown)
        return
    text(found.text)


def text(said: str, language: str | None = None) -> None:
    """A text as it is; a long one is scrolled, so that the answer stays in sight."""
    shown = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
    tall = _TALL if _is_long(shown) else "content"
    st.code(shown, language=language, wrap_lines=True, height=tall)


def _is_long(text: str) -> bool:
    return len(text) > _FEW or text.count("\n") > _FEW_LINES


def table(shown: dict[str, Any]) -> None:
    """Rows as they came, never as Markdown."""
    # By names of our own: numbers would count from the index, and a tool's names may be anything.
    names = {f"c{number}": label(str(name)) for number, name in enumerate(shown["columns"])}
    # Objects, so that what a tool gave is never parsed into something else.
    frame = pd.DataFrame(shown["rows"], columns=pd.Index(names), dtype=object)
    tall = "content" if len(shown["rows"]) <= _MOST_ROWS else (_MOST_ROWS + 1) * _ROW_PIXELS + 3
    st.dataframe(frame, hide_index=True, column_config=names, height=tall, placeholder="–")
    if shown["total"] > len(shown["rows"]):
        st.caption(f"the first {len(shown['rows']):,} of {shown['total']:,} rows")


def _plot(shown: dict[str, Any], key: str) -> None:
    st.plotly_chart(
        charts.plotted(shown, theme()),
        config={"displayModeBar": False},
        key=key,
        alt=f"{shown['chart']} chart: {shown['title']}",
    )


def _state(ran: Ran, begun: AbstractSet[str] | None) -> str:
    if ran.result is None and begun is not None:
        unknown = ":orange[unknown whether it took effect]"
        return unknown if ran.call.id in begun else "not finished"
    if ran.result is None:
        return "waits for you" if ran.waits else "running"
    if ran.result.code == "denied":
        return "not allowed"
    seconds = say.seconds(ran.result.seconds)
    return f":orange[failed] · {seconds}" if ran.result.failed else seconds


def _pretty(arguments: str) -> str:
    try:
        return json.dumps(json.loads(arguments), ensure_ascii=False, indent=1)[:_LONGEST]
    except (ValueError, RecursionError):
        return arguments[:_LONGEST]
