"""Which turn a page looks at: named by the address bar as `?turn=`, chosen from the newest, with doors
to its other sides."""

from functools import partial
from typing import Any

import streamlit as st

from core.bootstrap import Workbench
from core.errors import FootlightsError
from core.types import Turn
from pages.ui import say
from pages.ui.session import query, user

_SHOWN = 200
_ROW, _MOST_ROWS = 35, 6
_STATUS = {
    "running": "being answered",
    "done": "answered",
    "stopped": "stopped by you",
    "failed": "failed",
    "interrupted": "interrupted: the app ended",
}
_DOORS = (
    ("tokens.py", "Window", ":material/data_usage:"),
    ("traces.py", "Trace", ":material/account_tree:"),
    ("costs.py", "Cost", ":material/payments:"),
)


def pick(bench: Workbench) -> Turn | None:
    """The chosen turn, the newest when none is named; None, with a way on, when there is none."""
    turns, wanted = _turns(bench)
    if not turns:
        return None
    by_id = {turn.id: turn for turn in turns}
    ids = list(by_id)
    chosen = st.selectbox(
        "Question",
        ids,
        index=ids.index(wanted),
        format_func=lambda turn_id: _line(by_id[turn_id]),
        help=f"The newest {_SHOWN} questions; type to search by words, model or time.",
    )
    st.query_params["turn"] = chosen
    return by_id[chosen]


def choose(bench: Workbench) -> Turn | None:
    """The same from a table with time, tokens, cost and end of each turn."""
    turns, wanted = _turns(bench)
    if not turns:
        return None
    words = st.text_input(
        "Search questions",
        placeholder="Search by words, model or end: failed, stopped, gpt",
        icon=":material/search:",
        label_visibility="collapsed",
    )
    found = [turn for turn in turns if _matches(turn, words)]
    if found:
        _table(found, wanted)
    else:
        st.caption("No question has these words; the one below is the one you looked at.")
    st.query_params["turn"] = wanted
    return next(turn for turn in turns if turn.id == wanted)


def _turns(bench: Workbench) -> tuple[list[Turn], str]:
    """The newest turns, with the one that is asked for, and its id; an empty list is said."""
    turns = bench.turn_rows.list(user(), _SHOWN)
    wanted = query("turn")
    if wanted and wanted not in {turn.id for turn in turns}:
        try:
            turns = [*turns, bench.turn_rows.get(user(), wanted)]
        except FootlightsError as error:
            say.problem(error)
            wanted = ""
    if not turns:
        st.info("Nothing was asked yet.", icon=":material/forum:")
        st.page_link("chat.py", label="Ask a first question", query_params={"c": "new"})
    return turns, wanted or (turns[0].id if turns else "")


def _table(turns: list[Turn], wanted: str) -> None:
    ids = [turn.id for turn in turns]
    # Rows are named by their place: another list is another table.
    key = f"turns_{ids[0]}_{len(ids)}"
    st.dataframe(
        [_row(turn) for turn in turns],
        height=_ROW * (1 + min(len(turns), _MOST_ROWS)) + 2,
        hide_index=True,
        column_config={
            "Asked": st.column_config.DatetimeColumn(
                format="D MMM, HH:mm", timezone=st.context.timezone or "UTC", width=110
            ),
            "Question": st.column_config.TextColumn(width=340),
            "Time": st.column_config.NumberColumn(
                format="%.2f s", width=75, help="From the question to the last word"
            ),
            "Tokens": st.column_config.NumberColumn(
                format="localized", width=75, help="Sent and answered"
            ),
            "Model": st.column_config.TextColumn(width=130),
            "Cost": st.column_config.TextColumn(alignment="right", width=105),
            "End": st.column_config.TextColumn(width=150),
        },
        placeholder="–",
        key=key,
        on_select=partial(_selected, key, ids),
        selection_mode="single-row",
        selection_default={"selection": {"rows": [ids.index(wanted)] if wanted in ids else []}},
        alt="The newest questions; the chosen one is drawn below.",
    )


def _selected(key: str, ids: list[str]) -> None:
    rows = st.session_state[key].selection.rows
    if rows:
        st.query_params["turn"] = ids[rows[0]]


def _row(turn: Turn) -> dict[str, Any]:
    usage = turn.usage
    return {
        "Asked": turn.created_at,
        "Question": question(turn, 200),
        "Model": model(turn),
        "Time": turn.seconds,
        "Tokens": usage.input_tokens + usage.output_tokens if usage else None,
        "Cost": "" if turn.status == "running" else say.money(turn.cost),
        "End": status(turn),
    }


def doors(turn: Turn, *, here: str) -> None:
    """Links from this turn to its answer, its window, its trace, its cost and its prompt."""
    with st.container(horizontal=True, gap="small", key="doors"):
        where = {"c": turn.conversation_id}
        st.page_link("chat.py", label="Answer", icon=":material/forum:", query_params=where)
        for page, text, icon in _DOORS:
            if page != here:
                st.page_link(page, label=text, icon=icon, query_params={"turn": turn.id})
        if turn.prompt_version:
            name, _, version = turn.prompt_version.partition("@")
            where = {"p": name, "v": version, "turn": turn.id}
            st.page_link(
                "prompts.py", label="Prompt", icon=":material/edit_note:", query_params=where
            )


def status(turn: Turn) -> str:
    """How the turn ended, in words."""
    if turn.status == "done":
        return turn.stop_reason or _STATUS["done"]
    reason = (turn.error or {}).get("code", "").replace("_", " ")
    return f"failed: {reason}" if turn.status == "failed" and reason else _STATUS[turn.status]


def question(turn: Turn, longest: int = 80) -> str:
    """The question as one line."""
    line = " ".join(turn.request.prompt.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def model(turn: Turn) -> str:
    """The model that answered, or was to answer."""
    unknown = "no model yet" if turn.status == "running" else "no model"
    return turn.model or turn.request.model or unknown


def _line(turn: Turn) -> str:
    return f"{question(turn)} · {model(turn)} · {say.when(turn.created_at)}"


def _matches(turn: Turn, words: str) -> bool:
    said = f"{turn.request.prompt} {model(turn)} {status(turn)}".casefold()
    return all(word in said for word in words.casefold().split())
