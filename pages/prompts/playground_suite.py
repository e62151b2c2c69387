"""All cases of a prompt, run against a version and a model, and compared with the labelled version."""

from collections.abc import Sequence

import streamlit as st

from core.bootstrap import Pair, Plan, PromptTemplate, Workbench
from core.cases import Case, Compared
from core.errors import FootlightsError
from pages.prompts import playground_cases, playground_columns, playground_compare
from pages.ui import say
from pages.ui.health import counted
from pages.ui.markdown import label
from pages.ui.session import user

_LOOK_UP_SECONDS = 0.25


# --- ask -----------------------------------------------------------------------------------------


def _start(bench: Workbench, plan: Plan) -> None:
    try:
        bench.bridge.run(bench.suites.start(user(), plan))
    except FootlightsError as error:
        st.toast(label(f"{error} {error.hint}"), icon=":material/error:")


@say.told
def _stop(bench: Workbench, name: str) -> None:
    bench.bridge.run(bench.suites.stop(user(), name))


def _planned(bench: Workbench, pair: Pair, compared: Sequence[Compared]) -> Plan:
    """The plan, made anew only when something of it has changed."""
    state = (
        bench.cases.digest(pair.template),
        pair.labelled and bench.cases.digest(pair.labelled),
        pair.model,
        pair.judge,
        tuple((each.case.id, each.case.digest, each.baseline is None) for each in compared),
    )
    kept = st.session_state.get("play_plan")
    if kept is None or kept[0] != state:
        kept = state, bench.bridge.run(bench.suites.plan(user(), pair))
        st.session_state["play_plan"] = kept
    plan: Plan = kept[1]
    return plan


# --- draw ----------------------------------------------------------------------------------------


def draw(bench: Workbench, template: PromptTemplate) -> None:
    """The cases: what they cost to run, the run, and what came of it."""
    name = template.name
    cases = bench.cases.cases(user(), name)
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center", key="play_cases_head"):
        st.subheader("Test cases", anchor=False, width="stretch")
        playground_cases.travel(bench, name, len(cases))
    if not cases:
        st.caption(
            "None yet. Keep inputs with what you expect of the answer; then every version can be run "
            "against all of them, and you see here what got better and what got worse."
        )
        return
    pair = _choose(bench, template, cases)
    _draw_run(bench, pair)
    playground_compare.draw(bench, pair, bench.cases.compare(user(), pair))


def _choose(bench: Workbench, template: PromptTemplate, cases: Sequence[Case]) -> Pair:
    name = template.name
    offered = playground_columns.versions(bench, template)
    models = {info.ref: info.label for info in bench.models.ready()}
    with st.container(horizontal=True, vertical_alignment="bottom", key="play_suite_row"):
        version = st.selectbox(
            "Run all cases against",
            list(offered),
            index=0
            if playground_columns.DRAFT in offered
            else list(offered).index(template.version),
            format_func=lambda number: playground_columns.version_words(bench, name, number),
            key=f"play_suite_version_{name}_{playground_columns.DRAFT in offered}",
            width=230,
        )
        model = st.selectbox(
            "With the model",
            list(models),
            format_func=lambda ref: models[ref],
            key=f"play_suite_model_{name}",
            width=230,
        )
        judge = ""
        if any(case.is_judged for case in cases):
            judges = [each.ref for each in bench.models.ready() if each.provider != "quotes"]
            judge = st.selectbox(
                "Judged by",
                ["", *judges],
                index=1 if judges else 0,
                format_func=lambda ref: models.get(ref, "nobody"),
                key=f"play_judge_{name}",
                width=230,
            )
    return bench.cases.pair(offered[version], model, judge)


def _draw_run(bench: Workbench, pair: Pair) -> None:
    name = pair.template.name
    suite = bench.suites.find(user(), name)
    if suite and not suite.progress.ended:
        st.button(
            "Stop the run",
            icon=":material/stop:",
            key="play_suite_stop",
            on_click=_stop,
            args=(bench, name),
        )
        bar = st.empty()
        for seen in bench.bridge.iterate(bench.suites.follow(user(), name), _LOOK_UP_SECONDS):
            if seen:
                cost = label(say.money(seen.cost))
                words = f"{seen.done} of {seen.total} answers · {cost} so far"
                bar.progress(seen.done / max(1, seen.total), text=words)
        st.session_state.pop(f"play_open_{name}", None)  # what got worse is opened first
        st.rerun()
    try:
        plan = _planned(bench, pair, bench.cases.compare(user(), pair))
    except FootlightsError as error:
        say.problem(error)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Run all cases",
            icon=":material/checklist:",
            key="play_suite_run",
            on_click=_start,
            args=(bench, plan),
        )
        st.caption(plan_words(plan))
    for told, error in plan.problems[:3]:
        st.warning(f"**{label(told)}: {label(str(error))}**\n\n{label(error.hint)}")
    if suite and suite.progress.error:
        say.problem(suite.progress.error)
    elif suite and suite.progress.stopped:
        st.caption(f"Stopped after {suite.progress.done} of {suite.progress.total} answers.")


def plan_words(plan: Plan) -> str:
    """What a run will do and cost, in words."""
    own = sum(template is plan.pair.template for _, template in plan.runs)
    others = len(plan.runs) - own
    parts = [counted(own, "answer")]
    if others:
        parts.append(f"{others} of the labelled version, to compare with")
    judged = plan.estimate.calls - len(plan.runs) + len(plan.problems)
    if judged > 0:
        parts.append(counted(judged, "judgement"))
    cost = label(playground_columns.cost_words(plan.estimate))
    kept = f" {counted(plan.taken, 'result')} of the labelled version kept from before." * bool(
        plan.taken
    )
    return f"{', '.join(parts)}: **{cost}**.{kept}"
