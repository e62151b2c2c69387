"""Which turn a page looks at: named by the address bar as `?turn=`, chosen from the newest, with doors
to its other sides."""

import streamlit as st

from core.bootstrap import Workbench
from core.errors import FootlightsError
from core.types import Turn
from pages.ui import say
from pages.ui.session import query, user

_SHOWN = 200
STATUS = {
    "running": "being answered",
    "done": "answered",
    "stopped": "stopped by you",
    "failed": "failed",
    "interrupted": "interrupted: the app ended",
}
_DOORS = (
    ("tokens/page.py", "Window", ":material/data_usage:"),
    ("traces/page.py", "Trace", ":material/account_tree:"),
    ("costs/page.py", "Cost", ":material/payments:"),
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
        st.page_link("chat/page.py", label="Ask a first question", query_params={"c": "new"})
    return turns, wanted or (turns[0].id if turns else "")


def doors(turn: Turn, *, here: str) -> None:
    """Links from this turn to its answer, its window, its trace, its cost and its prompt."""
    with st.container(horizontal=True, gap="small", key="doors"):
        where = {"c": turn.conversation_id}
        st.page_link("chat/page.py", label="Answer", icon=":material/forum:", query_params=where)
        for page, text, icon in _DOORS:
            if page != here:
                st.page_link(page, label=text, icon=icon, query_params={"turn": turn.id})
        if turn.request.tools and turn.status != "running":
            where = {"replay": turn.id}
            st.page_link(
                "tools/page.py", label="Replay", icon=":material/replay:", query_params=where
            )
        if turn.prompt_version:
            name, _, version = turn.prompt_version.partition("@")
            where = {"p": name, "v": version, "turn": turn.id}
            st.page_link(
                "prompts/page.py", label="Prompt", icon=":material/edit_note:", query_params=where
            )


def status(turn: Turn) -> str:
    """How the turn ended, in words."""
    if turn.status == "done":
        return turn.stop_reason or STATUS["done"]
    reason = (turn.error or {}).get("code", "").replace("_", " ")
    return f"failed: {reason}" if turn.status == "failed" and reason else STATUS[turn.status]


def question(turn: Turn, longest: int = 80) -> str:
    """The question as one line."""
    return one_line(turn.request.prompt, longest)


def one_line(words: str, longest: int = 80) -> str:
    """Words as one line of at most so many characters."""
    line = " ".join(words.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def model(turn: Turn) -> str:
    """The model that answered, or was to answer."""
    unknown = "no model yet" if turn.status == "running" else "no model"
    return turn.model or turn.request.model or unknown


def _line(turn: Turn) -> str:
    return f"{question(turn)} · {model(turn)} · {say.when(turn.created_at)}"
