"""The values with which a prompt is tried: a small form, filled from a turn, and real passages."""

import json
from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.bootstrap import PromptTemplate, Variable, Workbench
from core.types import Source, Turn
from pages.ui.session import user

_LONG = ("long_text", "list", "json")


def form(
    bench: Workbench, template: PromptTemplate, turn: Turn | None, row: DeltaGenerator
) -> dict[str, Any]:
    """A value for each variable of the template: what the turn had, what was typed, what was found.

    Long values are asked for here, short ones in `row`.
    """
    given = {**turn.request.variables, "question": turn.request.prompt} if turn else {}
    prefix = f"try_{template.name}_{turn.id if turn else ''}"
    values: dict[str, Any] = {}
    for variable in template.variables:
        if not _is_passages(variable):
            start = given.get(variable.name, _first(bench, variable))
            with st.container() if variable.type in _LONG else row:
                values[variable.name] = _field(variable, start, f"{prefix}_{variable.name}")
    for variable in filter(_is_passages, template.variables):
        question = str(values.get("question", ""))
        with row:
            values[variable.name] = _passages(bench, question, turn, f"{prefix}_{variable.name}")
    return values


def _is_passages(variable: Variable) -> bool:
    return variable.type == "list" and variable.trust == "retrieved"


def _first(bench: Workbench, variable: Variable) -> Any:
    if variable.name != "question":
        return variable.initial
    asked = bench.turn_rows.list(user(), 1)
    return asked[0].request.prompt if asked else "What is this document about?"


def _field(variable: Variable, start: Any, key: str) -> Any:
    words = variable.name.replace("_", " ").capitalize()
    more = variable.description or None
    match variable.type:
        case "choice":
            at = variable.choices.index(start) if start in variable.choices else 0
            return st.selectbox(words, variable.choices, index=at, key=key, help=more, width=140)
        case "yes_no":
            return st.toggle(words, value=bool(start), key=key, help=more)
        case "number":
            return st.number_input(words, value=start or 0, key=key, help=more, width=140)
        case "text":
            return st.text_input(words, str(start or ""), key=key, help=more)
        case "long_text":
            return st.text_area(words, str(start or ""), height=80, key=key, help=more)
        case "list" | "json":
            return _json(words, start, key, more)


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
        st.caption(f"With the {len(turn.sources)} passages of this answer.", width="content")
        return plain(turn.sources)
    count = st.slider("Passages found", 0, 8, 3, key=key, width=150)
    if not count or not question.strip():
        return []
    with st.spinner("Searching"):
        hits = bench.bridge.run(bench.documents.search(user(), question, count))
    return plain([Source(number, hit) for number, hit in enumerate(hits, 1)])


def plain(sources: Sequence[Source]) -> list[dict[str, object]]:
    """The passages as a template sees them."""
    return [
        {
            "number": source.number,
            "name": source.hit.name,
            "page": source.hit.chunk.page,
            "unit": source.hit.unit,
            "heading": source.hit.chunk.heading,
            "text": source.hit.chunk.text,
        }
        for source in sources
    ]
