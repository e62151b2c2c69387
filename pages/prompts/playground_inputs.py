"""What all columns of the playground are given: a field for each variable, passages found or typed."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.bootstrap import PromptTemplate, Variable, Workbench
from pages.prompts import prompt_preview
from pages.ui import prompt_values
from pages.ui.markdown import label
from pages.ui.session import user

_LONG = ("long_text", "json", "list", "messages")
_PLACE = ("number", "name", "page", "unit", "heading", "text")
_SEARCHED, _GIVEN = "Found by search", "Given here"


def values_key(name: str) -> str:
    """Where the session holds what was typed last, so that it is there after a look at another tab."""
    return f"play_values_{name}"


def fill(name: str, values: dict[str, Any], *, given: bool = True) -> None:
    """Fill the form with these, of a case or of another call; its passages stay as they are if they are
    `given`, else they are searched."""
    st.session_state[values_key(name)] = dict(values)
    st.session_state[f"play_given_{name}"] = given
    st.session_state[_generation(name)] = st.session_state.get(_generation(name), 0) + 1


def form(bench: Workbench, name: str, templates: Sequence[PromptTemplate]) -> dict[str, Any]:
    """A value for each variable that one of the templates takes."""
    variables: dict[str, Variable] = {}
    for template in templates:
        for variable in template.variables:
            variables.setdefault(variable.name, variable)
    if values_key(name) not in st.session_state:
        turn = _turn(bench)
        start = prompt_values.starting(bench, templates[0], turn)
        st.session_state[values_key(name)] = {**start, **prompt_preview.tried(name)}
        st.session_state[f"play_given_{name}"] = bool(turn)
    before: dict[str, Any] = st.session_state[values_key(name)]
    prefix = f"play_{name}_{st.session_state.get(_generation(name), 0)}"
    values: dict[str, Any] = {}
    short = st.container(horizontal=True, vertical_alignment="bottom")
    for variable in variables.values():
        if not _is_passages(variable):
            start = before.get(variable.name, variable.initial)
            with st.container() if variable.type in _LONG else short:
                key = f"{prefix}_{variable.name}_{variable.type}"
                values[variable.name] = prompt_values.field(variable, start, key)
    for variable in filter(_is_passages, variables.values()):
        question = str(values.get("question", ""))
        start = before.get(variable.name) or []
        values[variable.name] = _passages(bench, name, question, start, f"{prefix}_passages")
    st.session_state[values_key(name)] = values
    return values


def _turn(bench: Workbench) -> Any:
    turn_id = str(st.query_params.get("turn", ""))
    return bench.turn_rows.get(user(), turn_id) if turn_id else None


def _generation(name: str) -> str:
    return f"play_generation_{name}"


def _is_passages(variable: Variable) -> bool:
    return variable.type == "list" and variable.trust == "retrieved"


def _passages(
    bench: Workbench, name: str, question: str, start: list[Any], key: str
) -> list[dict[str, Any]]:
    given = bool(st.session_state.get(f"play_given_{name}"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        way = st.segmented_control(
            f"Passages {prompt_values.TRUST['retrieved'][0]}",
            [_SEARCHED, _GIVEN],
            default=_GIVEN if given else _SEARCHED,
            required=True,
            key=f"{key}_way",
        )
        st.session_state[f"play_given_{name}"] = way == _GIVEN
        if way == _SEARCHED:
            count = st.slider("How many", 0, 8, 3, key=f"{key}_count", width=190)
    if way == _GIVEN:
        return _typed(start, key)
    found = prompt_values.searched(bench, question, count, key)
    if found:
        names = dict.fromkeys(label(str(each["name"])) for each in found)
        st.caption(f"Found: {', '.join(names)}.")
    elif count and question.strip():
        st.caption("Your documents have nothing to find: the prompt is sent without passages.")
    return found


def _typed(start: list[Any], key: str) -> list[dict[str, Any]]:
    rows = [{part: each.get(part) for part in _PLACE} for each in start if isinstance(each, dict)]
    edited = st.data_editor(
        # As it was when it was first drawn: the editor keeps what was changed since by itself.
        st.session_state.setdefault(
            f"{key}_rows", pd.DataFrame(rows, columns=list(_PLACE), dtype=object)
        ),
        key=f"{key}_typed",
        num_rows="dynamic",
        hide_index=True,
        height=180,
        column_order=["name", "page", "text"],
        column_config={
            "name": st.column_config.TextColumn("Document", width="small"),
            "page": st.column_config.NumberColumn("Page", width="small", min_value=1, step=1),
            "text": st.column_config.TextColumn("Text", required=True, width="large"),
        },
    )
    found = []
    for number, row in enumerate(edited.to_dict("records"), 1):
        passage = {part: value for part, value in row.items() if not pd.isna(value)}
        if str(passage.get("text", "")).strip():
            whole = {part: int(passage[part]) for part in ("number", "page") if part in passage}
            found.append({"number": number, **passage, **whole})
    return found
