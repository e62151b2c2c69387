"""The list of traces: filtered, sorted, searched, and a page of it at a time; one of them is chosen."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, get_args

import streamlit as st

from core.bootstrap import TraceOrder, TraceQuery, TraceRow, Workbench
from core.errors import FootlightsError
from core.types import Turn, TurnStatus
from pages.ui import say, turn_picker
from pages.ui.session import query, user

_PAGE = 50
_ROW, _MOST_ROWS = 35, 8
_ORDERS: dict[str, tuple[TraceOrder, bool]] = {
    "Newest first": ("created_at", True),
    "Oldest first": ("created_at", False),
    "Slowest first": ("seconds", True),
    "Dearest first": ("spent", True),
    "Most tokens first": ("tokens", True),
    "Most steps first": ("steps", True),
}
_VERDICTS = {
    "verbatim": "verbatim",
    "supported": "supported",
    "other_source": "in another source",
    "not_found": "not found",
}
_DOUBTED = "Doubtful claims"
_ENDS: dict[str, TurnStatus] = {
    turn_picker.STATUS[status].partition(":")[0].capitalize(): status
    for status in get_args(TurnStatus)
}


def choose(bench: Workbench) -> Turn | None:
    """The chosen turn, the newest when none is named; None, with a way on, when there is none."""
    asked = _asked(bench)
    wanted = _wanted(bench)
    count = bench.trace_list.count(user(), asked)
    rows = _draw(bench, asked, count, wanted.id if wanted else "")
    if wanted is None and rows:
        wanted = bench.turn_rows.get(user(), rows[0].turn_id)
    if wanted is None:
        _nothing(asked)
        return None
    st.query_params["turn"] = wanted.id
    return wanted


def _wanted(bench: Workbench) -> Turn | None:
    if not (named := query("turn")):
        return None
    try:
        return bench.turn_rows.get(user(), named)
    except FootlightsError as error:
        say.problem(error)
        return None


def _nothing(asked: TraceQuery) -> None:
    if asked == TraceQuery():
        st.info("Nothing was asked yet.", icon=":material/forum:")
        st.page_link("chat/page.py", label="Ask a first question", query_params={"c": "new"})


# --- which, and in which order -------------------------------------------------------------------


def _asked(bench: Workbench) -> TraceQuery:
    with st.container(horizontal=True, gap="small", key="trace_filters"):
        words = st.text_input(
            "Search questions",
            placeholder="Search by words, model or end",
            icon=":material/search:",
            label_visibility="collapsed",
            width=250,
        )
        end = st.selectbox(
            "End",
            [*_ENDS, _DOUBTED],
            index=None,
            placeholder="Any end",
            label_visibility="collapsed",
            width=170,
        )
        model = st.selectbox(
            "Model",
            bench.trace_list.models(user()),
            index=None,
            placeholder="Any model",
            label_visibility="collapsed",
            width=170,
        )
        order = st.selectbox("Order", list(_ORDERS), label_visibility="collapsed", width=170)
    by, descending = _ORDERS[order]
    asked = TraceQuery(words, _ENDS.get(end or ""), model or "", end == _DOUBTED, by, descending)
    if st.session_state.get("traces_asked") != asked:  # another list begins at its top
        st.session_state.update(traces_asked=asked, traces_places=[])
    return asked


# --- a page of them ------------------------------------------------------------------------------


def _draw(bench: Workbench, asked: TraceQuery, count: int, wanted: str) -> tuple[TraceRow, ...]:
    places: list[Any] = st.session_state.traces_places
    page = bench.trace_list.page(user(), asked, places[-1] if places else None, _PAGE)
    if not page.rows:
        if asked != replace(TraceQuery(), order=asked.order, descending=asked.descending):
            st.caption(
                "No trace fits these words and filters; what stands below is the one you looked at."
            )
        return ()
    _table(page.rows, wanted or page.rows[0].turn_id)
    first = len(places) * _PAGE
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="trace_pages"):
        if count > _PAGE:
            st.button(
                "Back",
                icon=":material/chevron_left:",
                key="traces_back",
                type="tertiary",
                disabled=not places,
                on_click=places.clear if len(places) == 1 else partial(_back, places),
            )
            st.button(
                "On",
                icon=":material/chevron_right:",
                key="traces_on",
                type="tertiary",
                disabled=page.after is None,
                on_click=partial(places.append, page.after),
            )
        many = f"{count:,} trace{'' if count == 1 else 's'}"
        st.caption(
            many if count <= _PAGE else f"{first + 1:,} to {first + len(page.rows):,} of {many}",
            width="content",
        )
    return page.rows


def _back(places: list[Any]) -> None:
    places.pop()


def _table(rows: tuple[TraceRow, ...], wanted: str) -> None:
    ids = [row.turn_id for row in rows]
    # Rows are named by their place: another list is another table.
    key = f"traces_{ids[0]}_{len(ids)}_{ids[-1]}"
    number = st.column_config.NumberColumn
    st.dataframe(
        [_row(row) for row in rows],
        height=_ROW * (1 + min(len(rows), _MOST_ROWS)) + 2,
        hide_index=True,
        column_config={
            "Asked": st.column_config.DatetimeColumn(
                format="D MMM, HH:mm", timezone=st.context.timezone or "UTC", width=105
            ),
            "Question": st.column_config.TextColumn(width=200),
            "Time": number(format="%.2f s", width=75, help="From the question to the last word"),
            "Steps": number(
                format="localized",
                width=60,
                help="Answers of the model, one after another: 1 without tools",
            ),
            "Tokens": number(format="localized", width=75, help="Sent and answered"),
            "Model": st.column_config.TextColumn(width=135),
            "Cost": st.column_config.TextColumn(alignment="right", width=105),
            "End": st.column_config.TextColumn(width=150),
            "Verdicts": st.column_config.TextColumn(
                width=130, help="What its passages say of the claims of the answer"
            ),
        },
        placeholder="–",
        key=key,
        on_select=partial(_selected, key, ids),
        selection_mode="single-row",
        selection_default={"selection": {"rows": [ids.index(wanted)] if wanted in ids else []}},
        alt="Traces in the chosen order; the chosen one is drawn below.",
    )


def _selected(key: str, ids: list[str]) -> None:
    rows = st.session_state[key].selection.rows
    if rows:
        st.query_params["turn"] = ids[rows[0]]


def _row(row: TraceRow) -> dict[str, Any]:
    running = row.status == "running"
    return {
        "Asked": row.created_at,
        "Question": " ".join(row.question.split()),
        # The filter above has it whole.
        "Model": row.model.partition(":")[2]
        or row.model
        or ("no model yet" if running else "no model"),
        "Time": None if running else row.seconds,
        "Steps": row.steps or None,
        "Tokens": row.tokens or None,
        "Cost": "" if running else say.money(row.cost),
        "End": _end(row),
        "Verdicts": _verdicts(row.verdicts),
    }


def _end(row: TraceRow) -> str:
    if row.status == "done":
        return row.ending or turn_picker.STATUS["done"]
    reason = row.ending.replace("_", " ")
    said = turn_picker.STATUS[row.status]
    return f"failed: {reason}" if row.status == "failed" and reason else said


def _verdicts(counts: Mapping[str, int]) -> str:
    told = [f"{counts[name]} {words}" for name, words in _VERDICTS.items() if counts.get(name)]
    return ", ".join(told)
