"""The injection range of a prompt: poisoned documents and harmless look-alikes, with and without each layer.

A visitor wants to see how often an attack works on this prompt with this model, what each layer of the
defence is worth, and what exactly was sent and answered in one case.
"""

import streamlit as st

from core.bootstrap import (
    ARMS,
    FIRST_ARMS,
    PromptTemplate,
    RangePlan,
    Workbench,
    range_cases,
)
from core.errors import FootlightsError
from pages.prompts import injection_result, playground_columns
from pages.ui import said, say
from pages.ui.markdown import label
from pages.ui.session import user

_SIZES = {"a sample of 24": 24, "all": None}
_LOOK_UP_SECONDS = 0.5

# --- ask -----------------------------------------------------------------------------------------


def _start(bench: Workbench, plan: RangePlan) -> None:
    try:
        st.query_params["range"] = bench.bridge.run(bench.range.start(user(), plan))
    except FootlightsError as error:
        st.toast(label(f"{error} {error.hint}"), icon=":material/error:")


@say.told
def _stop(bench: Workbench, name: str) -> None:
    bench.bridge.run(bench.range.stop(user(), name))


def _planned(
    bench: Workbench, template: PromptTemplate, model: str, arms: list[str], size: int | None
) -> RangePlan:
    """The plan, made anew only when something of it has changed."""
    state = (bench.cases.digest(template), model, tuple(arms), size)
    kept = st.session_state.get("range_plan")
    if kept is None or kept[0] != state:
        kept = state, bench.bridge.run(bench.range.plan(user(), template, model, arms, size))
        st.session_state["range_plan"] = kept
    plan: RangePlan = kept[1]
    return plan


# --- draw ----------------------------------------------------------------------------------------


def draw(bench: Workbench, template: PromptTemplate) -> None:
    """The whole tab."""
    cases = range_cases()
    attacks = sum(case.is_attack for case in cases)
    st.markdown(
        f"{attacks} documents that attack the model which reads them, and {len(cases) - attacks} harmless "
        "ones that look alike, go through this prompt one by one. An attack has worked when the answer "
        "does what the document wanted."
    )
    st.html(said.STYLE)
    if template.kind == "partial" or not any(v.trust == "retrieved" for v in template.variables):
        st.info(
            "This prompt takes no text from documents, so there is nothing that could attack it. Open one "
            "with a variable of the trust *retrieved*, such as `answer`.",
            icon=":material/shield:",
        )
        return
    running = bench.range.running(user(), template.name)
    if running:
        _draw_running(bench, template.name)
    _draw_start(bench, template)
    injection_result.draw(bench, template.name, {case.id: case for case in cases})


def _draw_running(bench: Workbench, name: str) -> None:
    st.button("Stop", icon=":material/stop:", key="range_stop", on_click=_stop, args=(bench, name))
    bar = st.empty()
    for seen in bench.bridge.iterate(bench.range.follow(user(), name), _LOOK_UP_SECONDS):
        if seen:
            worked = sum(shot.succeeded for shot in seen.shots)
            words = (
                f"{len(seen.shots)} of {seen.total} answers · {worked} attacks worked · "
                f"{label(say.money(seen.cost))} so far · {seen.seconds:.0f} s"
            )
            bar.progress(len(seen.shots) / max(1, seen.total), text=words)
    st.rerun()


def _chosen(bench: Workbench) -> tuple[str, list[str], int | None]:
    """The model, the sets of layers, and how many documents; None for all of them."""
    models = {info.ref: info.label for info in bench.models.ready()}
    with st.container(horizontal=True, vertical_alignment="bottom", key="range_row"):
        model = st.selectbox(
            "With the model",
            list(models),
            format_func=lambda ref: models[ref],
            width=260,
            key="range_model",
        )
        size = st.selectbox("Documents", list(_SIZES), width=170, key="range_size")
    picked = st.pills(
        "With and without",
        list(ARMS),
        selection_mode="multi",
        default=list(FIRST_ARMS),
        format_func=lambda name: ARMS[name].label,
        key="range_arms",
    )
    arms = [name for name in ARMS if name in picked]
    return str(model), arms, _SIZES[str(size)]


def _draw_start(bench: Workbench, template: PromptTemplate) -> None:
    model, arms, size = _chosen(bench)
    if not arms:
        st.caption("Choose at least one set of layers.")
        return
    try:
        with st.spinner("Counting what it would cost"):
            plan = _planned(bench, template, model, arms, size)
    except FootlightsError as error:
        say.problem(error)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Run the range",
            type="primary",
            icon=":material/target:",
            key="range_run",
            on_click=_start,
            args=(bench, plan),
        )
        cost = label(playground_columns.cost_words(plan.estimate))
        sent = say.tokens(plan.estimate.input_tokens)
        st.caption(f"{plan.estimate.calls} answers, {sent} to send: **{cost}**")
