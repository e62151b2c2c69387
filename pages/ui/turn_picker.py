"""Which turn a page looks at: named by the address bar, chosen from the newest, with doors to its other sides."""

import streamlit as st

from core.bootstrap import Workbench
from core.errors import FootlightsError
from core.types import Turn
from pages.ui import say
from pages.ui.session import query, user

_SHOWN = 200
_STATUS = {
    "running": "being answered",
    "done": "answered",
    "stopped": "stopped",
    "failed": "failed",
    "interrupted": "interrupted",
}
_DOORS = (
    ("tokens.py", "Window", ":material/data_usage:"),
    ("traces.py", "Trace", ":material/account_tree:"),
    ("costs.py", "Cost", ":material/payments:"),
)


def pick(bench: Workbench) -> Turn | None:
    """The chosen turn, the newest when none is named; None, with a way on, when there is none."""
    turns = bench.turn_rows.list(user(), _SHOWN)
    wanted = query("turn")
    if wanted and wanted not in {turn.id for turn in turns}:
        try:
            turns = [bench.turn_rows.get(user(), wanted), *turns]
        except FootlightsError as error:
            say.problem(error)
    if not turns:
        st.info("Nothing was asked yet.", icon=":material/forum:")
        st.page_link("chat.py", label="Ask a first question", query_params={"c": "new"})
        return None
    by_id = {turn.id: turn for turn in turns}
    ids = list(by_id)
    chosen = st.selectbox(
        "Question",
        ids,
        index=ids.index(wanted) if wanted in by_id else 0,
        format_func=lambda turn_id: _line(by_id[turn_id]),
        help="The newest questions; type to search.",
    )
    if chosen != wanted:
        st.query_params["turn"] = chosen
    return by_id[chosen]


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
    return turn.stop_reason if turn.status == "done" else _STATUS[turn.status]


def _line(turn: Turn) -> str:
    question = " ".join(turn.request.prompt.split())
    short = question if len(question) <= 80 else f"{question[:79]}…"
    return f"{short} · {turn.model or 'no model yet'} · {say.when(turn.created_at)}"
