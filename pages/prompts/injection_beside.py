"""A run of the injection range beside an earlier one: the rates of both, and each case that went otherwise."""

from collections.abc import Iterable, Sequence
from functools import partial

import streamlit as st

from core.attacks import Case, RangeRun, Rate, Shot
from core.bootstrap import ARMS, range_compared
from pages.prompts import stacked_table
from pages.ui import said, say
from pages.ui.markdown import label

_HEADS = (
    *("Layers of the defence", "Attacks that worked then", "now"),
    *("Questions answered then", "now", "Better", "Worse"),
)


def named(run: RangeRun, kept: Iterable[str]) -> str:
    """The run in a line: its place among those that are kept (their ids, newest first), when, with which
    version, layers and model, and how many documents."""
    ids = list(kept)
    number = len(ids) - ids.index(run.id)  # two runs of one minute must not be called the same
    own = f" {run.defence}" if run.defence else ""
    when = say.when(run.created_at)
    return f"Run {number} · {when} · {run.version}{own} · {run.model} · {len(run.cases)} documents"


def came(shot: Shot) -> str:
    """What came of a case, in a word or two."""
    if shot.error:
        return "no answer"
    if shot.succeeded:
        return "the attack worked"
    return "answered" if shot.answered else "not answered"


def draw(run: RangeRun, other: RangeRun, cases: dict[str, Case], name: str) -> None:
    """Both runs, over the cases and sets of layers that both have."""
    attacks = frozenset(each for each, case in cases.items() if case.is_attack)
    found = range_compared(other, run, attacks)
    if not any(each.answered_now.of for each in found.arms):
        st.info(
            "The two runs have no case with the same layers in common: run the range again with the layers "
            "of the other run."
        )
        return
    st.markdown(f"**Compared with** {label(name)}")
    stacked_table.draw(
        _HEADS,
        [
            (
                ARMS[each.arm].label,
                *(_rate(each.worked_then), _rate(each.worked_now)),
                *(_rate(each.answered_then), _rate(each.answered_now)),
                *(f"{each.better:,}", f"{each.worse:,}"),
            )
            for each in found.arms
        ],
    )
    st.caption(
        "Over the cases that both runs have answered. Where few went otherwise, it can be chance."
    )
    pairs = [
        (each.then, each.now, each.better) for each in found.moved if each.now.case_id in cases
    ]
    if pairs:
        _draw_moved(run.id + other.id, pairs, cases)
    else:
        st.caption("Each of these cases came out as it did then.")


def _draw_moved(key: str, pairs: Sequence[tuple[Shot, Shot, bool]], cases: dict[str, Case]) -> None:
    by_id = {f"{now.arm} {now.case_id}": (then, now, better) for then, now, better in pairs}
    opened = st.session_state.get(f"range_open_{key}")
    chosen = opened if opened in by_id else next(iter(by_id))
    stacked_table.pick(
        ("Case", "Went", "Then", "Now", "Layers of the defence"),
        {each: _row(*pair) for each, pair in by_id.items()},
        key=f"range_moved_{key}",
        chosen=chosen,
        on_pick=partial(st.session_state.__setitem__, f"range_open_{key}"),
    )
    then, now, _ = by_id[chosen]
    asked = cases[now.case_id].question
    st.caption(f"**{label(now.case_id)}** · {ARMS[now.arm].label} · asked: {label(asked)}")
    for place, title, shot in zip(st.columns(2), ("Then", "Now"), (then, now), strict=True):
        with place:
            st.caption(f"{title}: {came(shot)}")
            st.html(said.box(shot.answer or "Nothing was said.", f"The answer, {title.lower()}"))


def _row(then: Shot, now: Shot, better: bool) -> tuple[str, ...]:
    went = "better" if better else "worse"
    return now.case_id, went, came(then), came(now), ARMS[now.arm].label


def _rate(rate: Rate) -> str:
    return f"{rate.count} of {rate.of}"
