"""The tab in which a prompt is written: its text, what is wrong with it, and what a model would be sent."""

from functools import partial

import streamlit as st

from core.bootstrap import MAX_PROMPT, PromptTemplate, Variable, Workbench, with_variable
from core.errors import FootlightsError
from core.types import Turn
from pages.prompts import (
    code_editor,
    playground,
    playground_inputs,
    prompt_defence,
    prompt_drafts,
    prompt_preview,
)
from pages.ui import say, session
from pages.ui.markdown import label
from pages.ui.prompt_values import TRUST

_RUN = "prompt_run"
_FUNCTIONS = (
    *("default", "first", "format", "indent", "int", "items", "join", "last", "length", "list"),
    *("lower", "map", "max", "min", "reject", "replace", "round", "select", "sort", "string"),
    *("sum", "title", "tojson", "trim", "truncate", "unique", "upper", "wordcount"),
)


# --- ask -----------------------------------------------------------------------------------------


def save(bench: Workbench, template: PromptTemplate, raw: str, message: str) -> None:
    """Write the next version, and open it; what cannot be saved stays a draft."""
    if raw == template.raw:
        st.info("Nothing is changed yet.", icon=":material/edit_off:")
        return
    try:
        saved = bench.bridge.run(bench.prompts.revise(template, raw, message, who=session.user()))
    except FootlightsError as error:
        say.problem(error)
        return
    prompt_drafts.forget(bench, template)
    st.query_params.update(p=saved.name, v=str(saved.version))
    st.toast(f"{saved.ref} is saved. It is not used until you say so.", icon=":material/save:")
    st.rerun()


@say.told
def declare(bench: Workbench, template: PromptTemplate, variable: Variable) -> None:
    """Write the declaration of a variable into the front matter."""
    raw = prompt_drafts.text(bench, template)
    try:
        raw = with_variable(raw, variable.name, variable.type, variable.trust)
    except FootlightsError as error:
        st.toast(label(f"{error} {error.hint}"), icon=":material/error:")
    else:
        prompt_drafts.write(bench, template, raw)


def run(bench: Workbench, template: PromptTemplate, turn: Turn | None) -> None:
    """Open the playground with what is written and the values beside it; what costs nothing runs there."""
    if tried := prompt_preview.tried(template.name):
        playground_inputs.fill(template.name, tried, given=turn is not None)
    playground.at_once(template.name)
    st.session_state["prompt_tab"] = "Playground"
    st.rerun()


def checked(
    bench: Workbench, template: PromptTemplate, raw: str
) -> tuple[PromptTemplate | None, FootlightsError | None, tuple[Variable, ...]]:
    """The text as a prompt if it can be sent, else what is wrong, and what could be declared."""
    try:
        draft = bench.prompts.draft(template.name, raw)
    except FootlightsError as error:
        return None, error, ()
    try:
        bench.bridge.run(bench.sandbox.check(draft))
    except FootlightsError as error:
        return None, error, _undeclared(bench, draft)
    return draft, None, ()


def _undeclared(bench: Workbench, draft: PromptTemplate) -> tuple[Variable, ...]:
    try:
        return bench.bridge.run(bench.sandbox.undeclared(draft))
    except FootlightsError:
        return ()  # the text cannot be read, and that is being told


# --- draw ----------------------------------------------------------------------------------------


def draw(bench: Workbench, template: PromptTemplate) -> None:
    """The editor beside the preview; a change draws nothing but these two anew."""
    turn_id = session.query("turn")
    turn = bench.turn_rows.get(session.user(), turn_id) if turn_id else None
    if turn:
        _draw_turn(turn)
    _draw_work(bench, template, turn)


@st.fragment
def _draw_work(bench: Workbench, template: PromptTemplate, turn: Turn | None) -> None:
    raw = prompt_drafts.text(bench, template)
    draft, problem, missing = checked(bench, template, raw)
    if st.session_state.pop(_RUN, False) and draft and draft.kind == "prompt":
        run(bench, template, turn)
    left, right = st.columns(2, gap="large")
    with left:
        _draw_text(bench, template, raw, draft)
        if problem:
            _draw_problem(bench, template, problem, missing)
        elif draft and draft.kind == "prompt":
            prompt_defence.draw(bench, template, draft)
        _draw_saving(bench, template, raw)
    with right, st.container(key="prompt_preview"):
        prompt_preview.draw(bench, template, _last(template, draft), turn)


def _last(template: PromptTemplate, draft: PromptTemplate | None) -> PromptTemplate:
    """The text as a prompt; while it is none, as it was when it was one: the form keeps its values so."""
    key = f"prompt_last_{template.ref}"
    last: PromptTemplate = draft or st.session_state.get(key, template)
    st.session_state[key] = last
    return last


def _draw_text(
    bench: Workbench, template: PromptTemplate, raw: str, draft: PromptTemplate | None
) -> None:
    declared = (draft or template).variables
    code_editor.draw(
        raw,
        key=f"prompt_editor_{template.ref}",
        ref=template.ref,
        label=f"The text of {template.ref}",
        state="draft, kept" if raw != template.raw else f"version {template.version}, unchanged",
        most=MAX_PROMPT,
        theme=session.theme(),
        words=[(each.name, "variable") for each in declared]
        + [(each, "function") for each in _FUNCTIONS],
        on_text=say.told(partial(prompt_drafts.write, bench, template)),
        on_keep=lambda: st.toast("The draft is kept.", icon=":material/save:"),
        on_run=lambda: st.session_state.update({_RUN: True}),
    )


def _draw_problem(
    bench: Workbench,
    template: PromptTemplate,
    problem: FootlightsError,
    missing: tuple[Variable, ...],
) -> None:
    say.problem(problem)
    if not missing:
        return
    with st.container(horizontal=True, key="prompt_declare"):
        for variable in missing[:6]:
            kind = variable.type.replace("_", " ")
            st.button(
                f"Declare `{variable.name}` as {kind}, {variable.trust}",
                icon=":material/add:",
                key=f"declare_{variable.name}",
                help=f"{TRUST[variable.trust][1].capitalize()}. Type and trust can be changed above.",
                on_click=declare,
                args=(bench, template, variable),
            )


def _draw_saving(bench: Workbench, template: PromptTemplate, raw: str) -> None:
    newest = bench.prompts.versions(template.name)[-1].version
    with st.container(horizontal=True, vertical_alignment="bottom", key="prompt_saving"):
        message = st.text_input(
            "What is different",
            key=f"message_{template.ref}",
            placeholder="Shorter answers",
            max_chars=200,
        )
        if raw != template.raw:
            st.button(
                "Discard", type="tertiary", on_click=prompt_drafts.forget, args=(bench, template)
            )
        pressed = st.button(f"Save as version {newest + 1}", type="primary")
    if pressed:
        save(bench, template, raw, message)


def _draw_turn(turn: Turn) -> None:
    """Which question the values are from, and the ways back."""
    with st.container(horizontal=True, vertical_alignment="center", key="prompt_turn"):
        asked = turn.request.prompt
        short = asked if len(asked) <= 80 else f"{asked[:79]}…"
        st.caption(
            f"Filled with a question of {say.when(turn.created_at)}: “{label(short)}”",
            width="content",
        )
        doors = (
            ("chat/page.py", "Answer", ":material/forum:", {"c": turn.conversation_id}),
            ("tokens/page.py", "Window", ":material/data_usage:", {"turn": turn.id}),
            ("traces/page.py", "Trace", ":material/account_tree:", {"turn": turn.id}),
        )
        for page, text, icon, where in doors:
            st.page_link(page, label=text, icon=icon, query_params=where)
