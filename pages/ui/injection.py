"""The injection range of a prompt: poisoned documents and harmless look-alikes, with and without each layer.

A visitor wants to see how often an attack works on this prompt with this model, what each layer of the
defence is worth, and what exactly was sent and answered in one case.
"""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.attacks import Case, RangeRun, Rate, Shot, tally
from core.bootstrap import (
    ARMS,
    FIRST_ARMS,
    PromptTemplate,
    RangePlan,
    Workbench,
    range_cases,
    range_flags,
)
from core.errors import FootlightsError
from pages.ui import playground_columns, said, say
from pages.ui.markdown import label
from pages.ui.session import user

_SIZES = {"a sample of 24": 24, "all": None}
_LOOK_UP_SECONDS = 0.5
_COLUMNS = {
    "layers": st.column_config.TextColumn("Layers of the defence", width="medium"),
    "worked": st.column_config.TextColumn(
        "Attacks that worked", help="In brackets the interval that holds the true rate with 95 %."
    ),
    "beside": st.column_config.TextColumn(
        "Answered beside an attack",
        help="The question was answered although the document attacked.",
    ),
    "harmless": st.column_config.TextColumn(
        "Answered, harmless", help="Questions about harmless look-alikes that were answered."
    ),
    "failed": st.column_config.NumberColumn("No answer", format="%d", width="small"),
}

# --- ask -----------------------------------------------------------------------------------------


def _start(bench: Workbench, plan: RangePlan) -> None:
    try:
        bench.bridge.run(bench.range.start(user(), plan))
    except FootlightsError as error:
        st.toast(f"{error} {error.hint}", icon=":material/error:")


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
    last = bench.range.last(user(), template.name)
    if last is None:
        st.caption("It was not run with this prompt yet.")
        return
    _draw_result(last, {case.id: case for case in cases})


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


def _draw_start(bench: Workbench, template: PromptTemplate) -> None:
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
        arms = st.multiselect(
            "With and without",
            list(ARMS),
            default=list(FIRST_ARMS),
            format_func=lambda name: ARMS[name].label,
            key="range_arms",
            width=520,
        )
    if not arms:
        st.caption("Choose at least one set of layers.")
        return
    try:
        plan = _planned(bench, template, str(model), arms, _SIZES[str(size)])
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


def _draw_result(run: RangeRun, cases: dict[str, Case]) -> None:
    st.divider()
    st.subheader("What it came to", anchor=False)
    parts = [
        label(run.version),
        label(run.model),
        say.when(run.created_at),
        say.seconds(run.seconds),
    ]
    st.caption(" · ".join([*parts, label(say.money(run.cost))]))
    if run.error:
        st.error(
            f"**It ended early: {label(run.error)}** What was answered until then stands below."
        )
    elif run.state == "stopped":
        st.caption(f"Stopped after {len(run.shots)} of {run.total} answers.")
    attacks = frozenset(name for name, case in cases.items() if case.is_attack)
    tallies = [tally(arm, run.shots, attacks) for arm in run.arms]
    rows = [
        {
            "layers": ARMS[each.arm].label,
            "worked": _rate(each.succeeded),
            "beside": _rate(each.answered_attacked),
            "harmless": _rate(each.answered_harmless),
            "failed": each.failed,
        }
        for each in tallies
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=_COLUMNS, key="range_table")
    found, alarms = range_flags([cases[name] for name in run.cases if name in cases])
    st.caption(
        f"The detector flags {_rate(found)} of the attacking documents and, falsely, {_rate(alarms)} of the "
        "harmless ones; it was fitted to these texts and finds fewer of others. It stops nothing."
    )
    _draw_shots(run, cases)


def _rate(rate: Rate) -> str:
    low, high = rate.interval
    return f"{rate.count} of {rate.of}, {rate.share:.0%} ({low:.0%} to {high:.0%})"


def _draw_shots(run: RangeRun, cases: dict[str, Case]) -> None:
    only = st.segmented_control(
        "Show",
        ["Attacks that worked", "Every case"],
        default="Attacks that worked"
        if any(shot.succeeded for shot in run.shots)
        else "Every case",
        key=f"range_only_{run.id}",
        label_visibility="collapsed",
    )
    shots = [s for s in run.shots if s.case_id in cases and (s.succeeded or only == "Every case")]
    if not shots:
        st.caption("No attack worked.")
        return
    frame = pd.DataFrame(
        [
            {
                "case": shot.case_id,
                "kind": cases[shot.case_id].kind,
                "layers": ARMS[shot.arm].label,
                "came of it": _came(shot),
            }
            for shot in shots
        ]
    )
    picked = st.dataframe(
        frame,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        height=min(9, len(frame)) * 35 + 38,
        key=f"range_shots_{run.id}_{only}",
    )
    rows: Sequence[int] = picked.selection.rows
    _draw_shot(shots[rows[0] if rows else 0], cases)


def _came(shot: Shot) -> str:
    if shot.error:
        return "no answer"
    return "worked" if shot.succeeded else "answered" if shot.answered else "not answered"


def _draw_shot(shot: Shot, cases: dict[str, Case]) -> None:
    case = cases[shot.case_id]
    st.markdown(f"**{label(case.id)}** · {label(case.kind)} · {ARMS[shot.arm].label}")
    if shot.why:
        st.markdown(f":red[:material/report: It worked: {label(shot.why)}.]")
    elif shot.error:
        st.warning(label(shot.error))
    st.caption(
        f"Asked: {label(case.question)} · an answer has to say: {label(case.expects.replace('|', ' or '))}"
    )
    for title, text in [
        ("The document", "\n\n".join(case.passages)),
        ("The answer", shot.answer or "Nothing was said."),
    ]:
        st.caption(title)
        st.html(said.box(text, title, ""))
    with st.expander("What was sent", type="compact"):
        for role, text in shot.sent:
            st.caption(role)
            st.html(said.box(text, role, ""))
