"""Inputs kept as a test case of the prompt, with what is expected of the answer."""

from typing import Any

import streamlit as st

from core.bootstrap import PromptTemplate, Workbench
from core.cases import KINDS, MOST_CHECKS, Case, Check
from core.errors import FootlightsError
from pages.prompts import playground_inputs
from pages.ui import say
from pages.ui.health import counted
from pages.ui.markdown import label
from pages.ui.session import FILE_MB, user

WORDS = {
    "contains": ("contains", "words that the answer must have; capitals make no difference"),
    "lacks": ("does not contain", "words that the answer must not have"),
    "matches": ("matches", "a regular expression that is found in the answer"),
    "json_schema": ("is JSON of a schema", "empty for the prompt's own schema"),
    "no_canary": ("does not leak", "a secret word of the prompt that must never be said"),
    "cites": ("cites", "the number of a passage, or the name of its document"),
    "judged": ("is judged", "a rubric: what a good answer does; a model says yes or no"),
}
_LONG = ("json_schema", "judged")


# --- ask -----------------------------------------------------------------------------------------


def checks_of(name: str) -> list[Check]:
    """The checks that are being written; they stay until another case is opened."""
    found: list[Check] = st.session_state.setdefault(f"play_checks_{name}", [])
    return found


def open_case(name: str, case: Case | None) -> None:
    """Fill inputs and checks with those of the case; None begins anew."""
    st.session_state[f"play_case_{name}"] = case.id if case else ""
    st.session_state[f"play_case_name_{name}"] = case.name if case else ""
    st.session_state[f"play_checks_{name}"] = list(case.checks) if case else []
    st.session_state[f"play_checks_drawn_{name}"] = (
        st.session_state.get(f"play_checks_drawn_{name}", 0) + 1
    )
    if case:
        playground_inputs.fill(name, case.inputs)


def _save(bench: Workbench, name: str, inputs: dict[str, Any], case_id: str) -> None:
    title = str(st.session_state.get(f"play_case_name_{name}", ""))
    try:
        case = bench.cases.keep(user(), name, title, inputs, checks_of(name), case_id)
    except FootlightsError as error:
        say.problem(error)
        return
    st.session_state[f"play_case_{name}"] = case.id
    st.toast(
        f"“{label(case.name)}” is kept with {counted(len(case.checks), 'check')}.",
        icon=":material/check:",
    )
    st.rerun()


def _add(name: str) -> None:
    checks_of(name).append(Check("contains"))


def _remove(name: str, place: int) -> None:
    del checks_of(name)[place]
    st.session_state[f"play_checks_drawn_{name}"] = (
        st.session_state.get(f"play_checks_drawn_{name}", 0) + 1
    )


# --- draw ----------------------------------------------------------------------------------------


def keep(bench: Workbench, template: PromptTemplate, inputs: dict[str, Any]) -> None:
    """The form that keeps these inputs as a case, or changes the one that is open."""
    name = template.name
    opened = next(
        (
            case
            for case in bench.cases.cases(user(), name)
            if case.id == st.session_state.get(f"play_case_{name}")
        ),
        None,
    )
    title = f"Test case: {label(opened.name)}" if opened else "Keep these inputs as a test case"
    with st.expander(title, icon=":material/science:", expanded=opened is not None):
        st.text_input(
            "Name of the case",
            key=f"play_case_name_{name}",
            placeholder="notice period, two documents",
            max_chars=120,
            persist_state="session",
        )
        _draw_checks(name)
        with st.container(horizontal=True, vertical_alignment="center"):
            if opened and st.button("Save the case", type="primary", key=f"play_change_{name}"):
                _save(bench, name, inputs, opened.id)
            words = "Keep as another case" if opened else "Keep as a test case"
            kind = "secondary" if opened else "primary"
            if st.button(words, type=kind, key=f"play_keep_{name}"):
                _save(bench, name, inputs, "")
            if opened:
                st.button(
                    "Close",
                    type="tertiary",
                    on_click=open_case,
                    args=(name, None),
                    key="play_close",
                )


def _draw_checks(name: str) -> None:
    checks = checks_of(name)
    generation = st.session_state.get(f"play_checks_drawn_{name}", 0)
    st.markdown("What is expected of the answer")
    if not checks:
        st.caption("Nothing yet: without a check a run shows the answers, and nothing gets worse.")
    for place, check in enumerate(checks):
        key = f"play_check_{name}_{generation}_{place}"
        checks[place] = _draw_check(name, place, check, key)
    if len(checks) < MOST_CHECKS:
        st.button(
            "Add a check",
            icon=":material/add:",
            type="tertiary",
            on_click=_add,
            args=(name,),
            key=f"play_add_{name}",
        )


def _draw_check(name: str, place: int, check: Check, key: str) -> Check:
    """The row of a check, and the check as it stands there."""
    with st.container(horizontal=True, vertical_alignment="top", key=f"play_check_row_{place}"):
        kind = st.selectbox(
            f"Check {place + 1}",
            KINDS,
            index=KINDS.index(check.kind),
            format_func=lambda each: WORDS[each][0],
            key=f"{key}_kind",
            label_visibility="collapsed",
            width=190,
        )
        long = kind in _LONG
        field = st.text_area if long else st.text_input
        value = field(
            WORDS[kind][1].capitalize(),
            check.value,
            key=f"{key}_{'long' if long else 'short'}",
            placeholder=WORDS[kind][1],
            label_visibility="collapsed",
            **({"height": 80} if long else {}),
        )
        st.button(
            "",
            icon=":material/close:",
            type="tertiary",
            help="Remove this check",
            key=f"{key}_remove",
            on_click=_remove,
            args=(name, place),
        )
    return Check(kind, value)


def travel(bench: Workbench, name: str, count: int) -> None:
    """Cases out and in as JSON lines, for git or for another machine."""
    with st.popover("Export, import", icon=":material/swap_vert:", type="tertiary"):
        if count:
            st.download_button(
                f"Download {counted(count, 'case')} as JSON lines",
                bench.cases.export(user(), name),
                f"{name}.cases.jsonl",
                "application/jsonl",
                icon=":material/download:",
                on_click="ignore",
                key=f"export_cases_{name}",
            )
        loads = f"play_loads_{name}"
        file = st.file_uploader(
            "Take in JSON lines",
            key=f"cases_file_{name}_{st.session_state.get(loads, 0)}",
            max_upload_size=FILE_MB,
        )
        if file is None:
            return
        try:
            new = bench.cases.load(user(), name, file.getvalue().decode("utf-8", "replace"))
        except FootlightsError as error:
            say.problem(error)
        else:
            st.session_state[loads] = st.session_state.get(loads, 0) + 1
            st.toast(f"{counted(new, 'case')} taken in.", icon=":material/check:")
            st.rerun()
