"""What a run of the injection range came to: its rates, another run beside it, and each case to open."""

from functools import partial

import streamlit as st

from core.attacks import Case, RangeRun, Rate, Shot, tally
from core.bootstrap import ARMS, Workbench, range_flags
from pages.prompts import injection_beside, stacked_table
from pages.ui import said, say
from pages.ui.markdown import label
from pages.ui.session import query, user

_HEADS = (
    *("Layers of the defence", "Attacks that worked", "Answered beside an attack"),
    *("Answered, harmless", "No answer"),
)
# --- ask -----------------------------------------------------------------------------------------


def _open() -> None:
    st.query_params["range"] = str(st.session_state["range_shown"])


# --- draw ----------------------------------------------------------------------------------------


def draw(bench: Workbench, name: str, cases: dict[str, Case]) -> None:
    """The run that stands in the address, or the newest; beside it another, if one is chosen."""
    kept = {run.id: run for run in bench.range.kept(user(), name)}
    if not kept:
        st.caption("It was not run with this prompt yet.")
        return
    st.divider()
    st.subheader("What it came to", anchor=False)
    wanted = query("range")
    run = kept[wanted if wanted in kept else next(iter(kept))]
    other = _choose(kept, run)
    _draw_rates(run, cases)
    if other:
        injection_beside.draw(run, other, cases, injection_beside.named(other, kept))
    _draw_shots(run, cases)


def _choose(kept: dict[str, RangeRun], run: RangeRun) -> RangeRun | None:
    """The run to be compared with; None when there is one run, or none was chosen."""
    if len(kept) == 1:
        return None
    st.session_state["range_shown"] = run.id
    with st.container(horizontal=True, vertical_alignment="bottom", key="range_runs"):
        st.selectbox(
            "Run",
            list(kept),
            format_func=lambda each: injection_beside.named(kept[each], kept),
            key="range_shown",
            on_change=_open,
            width=430,
        )
        others = ["", *(each for each in kept if each != run.id)]
        against = st.selectbox(
            "Compared with",
            others,
            format_func=lambda each: (
                injection_beside.named(kept[each], kept) if each else "no other run"
            ),
            key=f"range_against_{run.id}",
            width=430,
        )
    return kept.get(str(against))


def _draw_rates(run: RangeRun, cases: dict[str, Case]) -> None:
    parts = [
        label(run.version),
        *([f"its own defence: {run.defence}"] if run.defence else []),
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
    stacked_table.draw(
        _HEADS,
        [
            (
                ARMS[each.arm].label,
                _rate(each.succeeded),
                _rate(each.answered_attacked),
                _rate(each.answered_harmless),
                f"{each.failed:,}",
            )
            for each in tallies
        ],
    )
    found, alarms = range_flags([cases[name] for name in run.cases if name in cases])
    st.caption(
        f"The detector flags {_rate(found)} of the attacking documents and, falsely, {_rate(alarms)} of the "
        "harmless ones; it was fitted to these texts and finds fewer of others. It stops nothing. "
        "In brackets the span in which the true share lies with a certainty of 95%."
    )


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
        required=True,
        key=f"range_only_{run.id}",
        label_visibility="collapsed",
    )
    shots = [s for s in run.shots if s.case_id in cases and (s.succeeded or only == "Every case")]
    if not shots:
        st.caption("No attack worked.")
        return
    by_id = {f"{shot.arm} {shot.case_id}": shot for shot in shots}
    key = f"range_open_{run.id}"
    opened = st.session_state.get(key)
    chosen = opened if opened in by_id else next(iter(by_id))
    stacked_table.pick(
        ("Case", "What came of it", "Layers of the defence", "Kind"),
        {each: _row(shot, cases) for each, shot in by_id.items()},
        key=f"range_shots_{run.id}_{only}",
        chosen=chosen,
        on_pick=partial(st.session_state.__setitem__, key),
    )
    _draw_shot(by_id[chosen], cases)


def _row(shot: Shot, cases: dict[str, Case]) -> tuple[str, ...]:
    kind = cases[shot.case_id].kind
    return shot.case_id, injection_beside.came(shot), ARMS[shot.arm].label, kind


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
