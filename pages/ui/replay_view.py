"""Replay: a kept run gone through again with one thing changed, and the two runs side by side."""

from collections.abc import Sequence

import streamlit as st

from core.bootstrap import CUT_OFF, Changes, Comparison, ReplayPair, ReplayPrice, Workbench
from core.errors import FootlightsError
from core.events import ApprovalAsked
from core.tape import Ran, Step
from core.types import Turn
from pages.ui import say, steps
from pages.ui.markdown import label, safe
from pages.ui.session import user

_NOTHING = "Nothing"
_RESULT = "A tool's result"
_QUESTION = "The question"
_MODEL = "The model"
_PROMPT = "The prompt"
_IDLE_SECONDS = 30


def draw(bench: Workbench, turn_id: str) -> None:
    """The replay of this turn: what can be changed, or, when it is one itself, both runs."""
    st.title("Replay", anchor=False)
    try:
        turn = bench.turn_rows.get(user(), turn_id)
        if turn.request.replay:
            _draw_comparison(bench, bench.replays.compare(user(), turn_id))
        else:
            _draw_form(bench, turn)
    except FootlightsError as error:
        say.problem(error)
        st.page_link("traces.py", label="Look at other runs", icon=":material/account_tree:")


# --- before -----------------------------------------------------------------------------------


def _draw_form(bench: Workbench, turn: Turn) -> None:
    bench.replays.price(user(), turn.id, Changes())  # says in words when it cannot be replayed
    rows = bench.turn_rows.tape(user(), turn.id)
    st.markdown(
        "Go through this run again with one thing changed. What is unchanged comes from its tape: no "
        "model is asked for it, and no tool runs."
    )
    st.header(label(turn.request.prompt[:140]), anchor=False)
    _doors(turn, "Trace of this run")
    with st.container(key="replay_steps"):
        taped = steps.draw_taped(rows)
    changed = st.segmented_control(
        "What is changed",
        [_NOTHING, _RESULT, _QUESTION, _MODEL, _PROMPT],
        default=_NOTHING,
        required=True,
        key="replay_what",
    )
    changes = _changes(bench, turn, taped, changed or _NOTHING)
    price = bench.replays.price(user(), turn.id, changes)
    if changed != _NOTHING and changes == Changes():
        st.caption(":material/edit: Nothing differs yet: change it above.")
    st.caption(f":material/payments: {_in_words(price)}")
    if st.button("Replay", type="primary", icon=":material/replay:", key="replay_now"):
        _begin(bench, turn, changes)


def _changes(bench: Workbench, turn: Turn, taped: Sequence[Step], what: str) -> Changes:
    if what == _RESULT:
        return _changed_result(taped)
    if what == _QUESTION:
        text = st.text_area("Question", turn.request.prompt, key="replay_question")
        return Changes(question=text) if text.strip() != turn.request.prompt.strip() else Changes()
    if what in (_MODEL, _PROMPT):
        return _changed_from(bench, turn, taped, what)
    return Changes()


def _changed_result(taped: Sequence[Step]) -> Changes:
    calls: dict[str, tuple[int, Ran]] = {
        ran.call.id: (step.number, ran) for step in taped for ran in step.calls if ran.result
    }
    if not calls:
        st.info("No tool returned anything in this run.", icon=":material/info:")
        return Changes()
    chosen = st.selectbox(
        "Result of",
        list(calls),
        format_func=lambda each: f"Step {calls[each][0]} · {calls[each][1].call.name}",
        key="replay_call",
    )
    result = calls[chosen][1].result
    was = result.text if result else ""
    text = st.text_area("What the model is told instead", was, height=160, key=f"said_{chosen}")
    return Changes(results={chosen: text}) if text != was else Changes()


def _changed_from(bench: Workbench, turn: Turn, taped: Sequence[Step], what: str) -> Changes:
    left, right = st.columns([2, 1])
    with right:
        step = st.selectbox(
            "From step",
            [step.number for step in taped],
            key="replay_step",
            help="What comes before it is kept.",
        )
    with left:
        if what == _MODEL:
            refs = [info.ref for info in bench.models.ready() if info.is_model]
            at = refs.index(turn.model) if turn.model in refs else None
            model = st.selectbox("Model", refs, index=at, key="replay_model")
            return Changes(step, model=model) if model and model != turn.model else Changes()
        refs = [
            f"{each.name}@{each.version}"
            for each in bench.prompts.versions(turn.prompt_version.partition("@")[0])
        ]
        at = refs.index(turn.prompt_version) if turn.prompt_version in refs else None
        prompt = st.selectbox("Version of the prompt", refs, index=at, key="replay_prompt")
    return Changes(step, template=prompt) if prompt != turn.prompt_version else Changes()


def _in_words(price: ReplayPrice) -> str:
    if price.live_from is None:
        return "All of it comes from the tape: it costs nothing, and no tool runs."
    kept = f"Steps 1 to {price.taped} come" if price.taped > 1 else "Step 1 comes"
    before = f"{kept} from the tape at no cost. " if price.taped else ""
    if price.first is None:
        cost = "what it costs is unknown, since the price of the model is"
    elif not price.first:
        cost = "it costs nothing"
    else:
        most = (
            "" if price.limit is None else f", and the run ends before \\${price.limit:f} is passed"
        )
        cost = f"the first call costs at most {say.money(price.first)}{most}"
    return (
        f"{before}From step {price.live_from} on {label(price.model)} is asked where its input differs, "
        f"at most {price.calls} {'time' if price.calls == 1 else 'times'}: {cost}. "
        "A tool that changes something asks first."
    )


def _begin(bench: Workbench, turn: Turn, changes: Changes) -> None:
    started = bench.replays.start(user(), turn.id, changes)
    with st.spinner("Replaying…"):
        follow = bench.turns.follow(user(), started.turn_id)
        for batch in bench.bridge.iterate(follow, _IDLE_SECONDS):
            if any(isinstance(record.event, ApprovalAsked) for record in batch or ()):
                break
    st.query_params["replay"] = started.turn_id
    st.rerun()


# --- afterwards -------------------------------------------------------------------------------


def _draw_comparison(bench: Workbench, found: Comparison) -> None:
    after = found.after
    st.header(label(after.request.prompt[:140]), anchor=False)
    if after.status == "running":
        st.info(
            "The replay goes on. A tool may be waiting for you to allow it: that is answered in the chat.",
            icon=":material/back_hand:",
        )
        _doors(after, "Trace of the replay")
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
    _doors(after, "Trace of the replay", again=found.before.id)
    for pair in found.pairs:
        _draw_pair(pair, first=pair.number == found.diverged)
    _draw_ends(found)


def _draw_cut_off(bench: Workbench, turn: Turn) -> None:
    """It did not come to its end: why, and how it goes on from there."""
    why = turn.error["message"] if turn.error else "it was stopped"
    st.warning(f"The replay was cut off: {label(why)}.", icon=":material/power_off:")
    price = bench.replays.price(user(), turn.id, Changes())
    st.caption(f":material/payments: {_in_words(price)}")
    if st.button("Go on", type="primary", icon=":material/resume:", key="replay_on"):
        _begin(bench, turn, Changes())


def _cost(turn: Turn) -> str:
    return "What it cost is unknown" if turn.cost is None else f"It cost {say.money(turn.cost)}"


def _draw_pair(pair: ReplayPair, first: bool) -> None:
    state = "live" if pair.live else "from the tape"
    changed = "" if pair.live else " · with a result that you changed"
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


def _doors(turn: Turn, trace: str, again: str = "") -> None:
    with st.container(horizontal=True, gap="small"):
        st.page_link(
            "chat.py",
            label="Answer",
            icon=":material/forum:",
            query_params={"c": turn.conversation_id},
        )
        st.page_link(
            "traces.py",
            label=trace,
            icon=":material/account_tree:",
            query_params={"turn": turn.id},
        )
        if again:
            st.page_link(
                "tools.py",
                label="Change something else",
                icon=":material/replay:",
                query_params={"replay": again},
            )
