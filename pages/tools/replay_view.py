"""Replay: a kept run gone through again with one thing changed, and the two runs side by side."""

import streamlit as st

from core.bootstrap import CUT_OFF, Changes, Comparison, ReplayPair, Workbench
from core.errors import FootlightsError
from core.tape import Step
from core.types import Turn
from pages.tools import replay_form
from pages.ui import changes, say, steps
from pages.ui.markdown import label, safe
from pages.ui.session import user


def draw(bench: Workbench, turn_id: str) -> None:
    """The replay of this turn: what can be changed, or, when it is one itself, both runs."""
    st.title("Replay", anchor=False)
    try:
        turn = bench.turn_rows.get(user(), turn_id)
        if turn.request.replay:
            _draw_comparison(bench, bench.replays.compare(user(), turn_id))
        else:
            replay_form.draw(bench, turn)
    except FootlightsError as error:
        say.problem(error)
        st.page_link("traces/page.py", label="Look at other runs", icon=":material/account_tree:")


def _draw_comparison(bench: Workbench, found: Comparison) -> None:
    after = found.after
    st.header(label(after.request.prompt[:140]), anchor=False)
    if after.status == "running":
        st.info(
            "The replay goes on. A tool may be waiting for you to allow it: that is answered in the chat.",
            icon=":material/back_hand:",
        )
        replay_form.doors(after, "Trace of the replay")
        st.button("Look again", icon=":material/refresh:")
        return
    if after.status in CUT_OFF:
        _draw_cut_off(bench, after)
    elif found.diverged is None:
        st.success("The same run: every step came from the tape.", icon=":material/equal:")
    else:
        st.info(
            f"Live from step {found.diverged} on: {label(found.why)}. {_cost(after)}.",
            icon=":material/call_split:",
        )
    replay_form.doors(after, "Trace of the replay", again=found.before.id)
    _draw_messages(bench, found)
    for pair in found.pairs:
        _draw_pair(pair, first=pair.number == found.diverged)
    _draw_ends(found)


def _draw_messages(bench: Workbench, found: Comparison) -> None:
    """The messages of the window that were changed; all other changes are seen in the steps."""
    replay = found.after.request.replay
    if not replay or not replay.messages:
        return
    window = replay_form.window(bench.turn_rows.tape(user(), found.before.id))
    names = replay_form.names(window)
    for place, text in replay.messages:
        if place in names:
            with st.expander(f"Changed: {label(names[place])}", icon=":material/edit:"):
                st.html(changes.STYLE + changes.diff(window[place].text, text))


def _draw_cut_off(bench: Workbench, turn: Turn) -> None:
    """It did not come to its end: why, and how it goes on from there."""
    why = turn.error["message"] if turn.error else "it was stopped"
    st.warning(f"The replay was cut off: {label(why)}.", icon=":material/power_off:")
    price = bench.replays.price(user(), turn.id, Changes())
    st.caption(f":material/payments: {replay_form.in_words(price)}")
    if st.button("Go on", type="primary", icon=":material/resume:", key="replay_on"):
        replay_form.begin(bench, turn, Changes())


def _cost(turn: Turn) -> str:
    return "What it cost is unknown" if turn.cost is None else f"It cost {say.money(turn.cost)}"


def _draw_pair(pair: ReplayPair, first: bool) -> None:
    state = "live" if pair.live else "from the tape"
    changed = "" if pair.live else " · with what you changed"
    alike = " · the same again" if pair.live else ""
    differs = alike if pair.same else changed or " · differs"
    mark = " · :orange[:material/call_split: the runs part here]" if first else ""
    st.markdown(f"**Step {pair.number}** · {state}{differs}{mark}")
    if pair.same and pair.before:
        with st.container(border=True):
            _draw_step(pair.before)
        return
    left, right = st.columns(2)
    for column, name, step in ((left, "Before", pair.before), (right, "Replay", pair.after)):
        with column, st.container(border=True):
            st.caption(name)
            if step is None:
                st.caption("This run had ended by then.")
            else:
                _draw_step(step)


def _draw_step(step: Step) -> None:
    if text := step.response.text.strip():
        st.markdown(safe(text))
    for ran in step.calls:
        st.markdown(f"{steps.icon(ran.call.name)} {label(ran.call.name[:64])}")
        steps.text(ran.call.arguments, "json")
        if ran.result:
            steps.text(ran.result.text)


def _draw_ends(found: Comparison) -> None:
    st.markdown("**End**")
    left, right = st.columns(2)
    for column, name, turn in ((left, "Before", found.before), (right, "Replay", found.after)):
        said = turn.error["message"] if turn.error else turn.stop_reason
        with column, st.container(border=True):
            st.caption(name)
            st.markdown(label(said or turn.status))
            st.caption(
                f"{label(turn.model)} · {say.seconds(turn.seconds)} · {say.money(turn.cost)}"
            )
