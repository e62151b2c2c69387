"""The values with which a prompt is tried: a typed form, filled from a turn, and real passages."""

import json
import time
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.bootstrap import PromptTemplate, Variable, Workbench
from core.documents.service import MAX_QUERY
from core.types import Source, Turn
from pages.ui.session import user

TRUST = {
    "trusted": (":violet-badge[trusted]", "set by you"),
    "user": (":green-badge[user]", "typed by the user"),
    "retrieved": (":orange-badge[retrieved]", "from documents"),
}
_LONG = ("long_text", "list", "json", "messages")
_FRESH_SECONDS = 30


def form(
    bench: Workbench, template: PromptTemplate, turn: Turn | None, row: DeltaGenerator
) -> dict[str, Any]:
    """A value for each variable of the template: what the turn had, what was typed, what was found.

    Long values are asked for here, short ones in `row`.
    """
    start = starting(bench, template, turn)
    prefix = f"try_{template.name}_{turn.id if turn else ''}"
    values: dict[str, Any] = {}
    for variable in template.variables:
        if not _is_passages(variable):
            with st.container() if variable.type in _LONG else row:
                name = variable.name
                values[name] = field(variable, start[name], f"{prefix}_{name}_{variable.type}")
    for variable in filter(_is_passages, template.variables):
        question = str(values.get("question", ""))
        with row:
            values[variable.name] = _passages(bench, question, turn, f"{prefix}_{variable.name}")
    return values


def starting(bench: Workbench, template: PromptTemplate, turn: Turn | None) -> dict[str, Any]:
    """What each variable is before anybody types: what it was in the turn, its default, an example."""
    given = {**turn.request.variables, "question": turn.request.prompt} if turn else {}
    if turn:
        given["passages"] = [source.plain for source in turn.sources]
        if any(variable.type == "messages" for variable in template.variables):
            given.setdefault("history", _said_before(bench, turn))
    return {
        variable.name: given.get(variable.name, _first(bench, variable))
        for variable in template.variables
    }


def _said_before(bench: Workbench, turn: Turn) -> list[dict[str, str]]:
    """The conversation until the turn, as a history of messages."""
    before = bench.turns_of(user(), turn.conversation_id)
    return [
        {"role": role, "text": text}
        for each in before
        if each.created_at < turn.created_at
        for role, text in (("user", each.request.prompt), ("assistant", each.answer))
        if text
    ]


def _is_passages(variable: Variable) -> bool:
    return variable.type == "list" and variable.trust == "retrieved"


def _first(bench: Workbench, variable: Variable) -> Any:
    if variable.type == "choice" and variable.default is None:
        return variable.choices[0]
    if variable.type == "number":
        return variable.default or 0
    if variable.name != "question" or variable.type not in ("text", "long_text"):
        return variable.initial
    asked = bench.turn_rows.list(user(), 1)
    return asked[0].request.prompt if asked else "What is this document about?"


def field(variable: Variable, start: Any, key: str, *, whose: bool = True) -> Any:
    """A field for the variable, holding `start` at first; its value. `whose` says its trust besides."""
    name = variable.name.replace("_", " ").capitalize()
    words = " ".join([name, *[TRUST[variable.trust][0]] * whose])
    more = variable.description or None
    match variable.type:
        case "choice":
            at = variable.choices.index(start) if start in variable.choices else 0
            return st.selectbox(words, variable.choices, index=at, key=key, help=more, width=170)
        case "yes_no":
            return st.toggle(words, value=bool(start), key=key, help=more)
        case "number":
            return st.number_input(words, value=start or 0, key=key, help=more, width=170)
        case "text":
            return st.text_input(words, str(start or ""), key=key, help=more, width=220)
        case "long_text":
            return st.text_area(words, str(start or ""), height=80, key=key, help=more)
        case "messages":
            return _messages(words, start, key, more)
        case "list" | "json":
            return _json(words, start, key, more)


def _messages(words: str, start: Any, key: str, more: str | None) -> list[dict[str, str]]:
    st.markdown(words, help=more)
    rows = [{"role": each["role"], "text": each["text"]} for each in start or []]
    edited = st.data_editor(
        pd.DataFrame(rows, columns=["role", "text"], dtype=str),
        key=key,
        num_rows="dynamic",
        hide_index=True,
        height=140,
        column_config={
            "role": st.column_config.SelectboxColumn(
                "Role", options=["user", "assistant"], required=True, width="small"
            ),
            "text": st.column_config.TextColumn("Text", required=True, width="large"),
        },
    )
    return [
        {"role": str(row["role"]), "text": str(row["text"])}
        for row in edited.to_dict("records")
        if row["role"] in ("user", "assistant") and row["text"]
    ]


def _json(words: str, start: Any, key: str, more: str | None) -> Any:
    typed = st.text_area(f"{words}, as JSON", json.dumps(start), height=80, key=key, help=more)
    try:
        return json.loads(typed)
    except ValueError as error:
        st.caption(f":red[This is no JSON: {error}.] The preview uses what it was before.")
        return start


def _passages(
    bench: Workbench, question: str, turn: Turn | None, key: str
) -> list[dict[str, object]]:
    if turn and question == turn.request.prompt:
        many = len(turn.sources)
        words = "the one passage" if many == 1 else f"the {many} passages"
        st.caption(f"With {words} of this answer.", width="content")
        return [source.plain for source in turn.sources]
    count = st.slider(f"Passages found {TRUST['retrieved'][0]}", 0, 8, 3, key=key, width=190)
    return searched(bench, question, count, key)


def searched(bench: Workbench, question: str, count: int, key: str) -> list[dict[str, object]]:
    """So many passages that fit the question, as a template is given them; of a long one its beginning is
    searched. The same question is searched once, however often the page around it changes."""
    if not count or not question.strip():
        return []
    asked = (question, count, int(time.monotonic() / _FRESH_SECONDS))
    if st.session_state.get(f"{key}_asked") != asked:
        hits = bench.bridge.run(bench.documents.search(user(), question[:MAX_QUERY], count))
        st.session_state[f"{key}_found"] = [Source(n, hit).plain for n, hit in enumerate(hits, 1)]
        st.session_state[f"{key}_asked"] = asked
    found: list[dict[str, object]] = st.session_state[f"{key}_found"]
    return found
