"""What is changed in a replay of a run, and what that may cost."""

from collections.abc import Sequence
from textwrap import shorten

import streamlit as st

from core.bootstrap import Changes, ReplayPrice, Workbench
from core.events import ApprovalAsked
from core.tape import Ran, Row, Step, events_of
from core.types import Message, Turn
from pages.ui import say, steps
from pages.ui.markdown import label
from pages.ui.session import user

_NOTHING = "Nothing"
_RESULT = "A tool's result"
_MESSAGE = "A message"
_QUESTION = "The question"
_MODEL = "The model"
_PROMPT = "The prompt"
_IDLE_SECONDS = 30


def draw(bench: Workbench, turn: Turn) -> None:
    """The run, what can be changed in it, and the button. Raises core.errors when it has no tape."""
    bench.replays.price(user(), turn.id, Changes())  # says in words when it cannot be replayed
    rows = bench.turn_rows.tape(user(), turn.id)
    st.markdown(
        "Go through this run again with one thing changed. What is unchanged comes from its tape: no "
        "model is asked for it, and no tool runs."
    )
    st.header(label(turn.request.prompt[:140]), anchor=False)
    doors(turn, "Trace of this run")
    with st.container(key="replay_steps"):
        taped = steps.draw_taped(rows)
    changed = st.segmented_control(
        "What is changed",
        [_NOTHING, _RESULT, _QUESTION, _MESSAGE, _MODEL, _PROMPT],
        default=_NOTHING,
        required=True,
        key="replay_what",
    )
    if changed == _MESSAGE:
        changes = _changed_message(rows, taped)
    else:
        changes = _changes(bench, turn, taped, changed or _NOTHING)
    price = bench.replays.price(user(), turn.id, changes)
    if changed != _NOTHING and changes == Changes():
        st.caption(":material/edit: Nothing differs yet: change it above.")
    st.caption(f":material/payments: {in_words(price)}")
    if st.button("Replay", type="primary", icon=":material/replay:", key="replay_now"):
        begin(bench, turn, changes)


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


def _changed_message(rows: Sequence[Row], taped: Sequence[Step]) -> Changes:
    """One of the window, or what the model said before it called a tool."""
    sent = window(rows)
    named = names(sent)
    said = {step.number: step.response.text for step in taped if step.calls}
    left, right = st.columns([2, 1])
    with left:
        at, place = st.selectbox(
            "Message",
            [*(("window", place) for place in named), *(("step", number) for number in said)],
            format_func=lambda each: (
                named[each[1]]
                if each[0] == "window"
                else f"Step {each[1]} · the model, before its calls"
            ),
            key="replay_message",
        )
    if at == "step":
        text = st.text_area(
            "What the model said instead", said[place], height=160, key=f"words_{place}"
        )
        return Changes(said={place: text}) if text != said[place] else Changes()
    with right:
        step = _from_step(taped)
    was = sent[place].text
    text = st.text_area("What is sent instead", was, height=320, key=f"sent_{place}")
    return Changes(step, messages={place: text}) if text != was else Changes()


def window(rows: Sequence[Row]) -> Sequence[Message]:
    """The messages that the run was given; none when its tape was deleted."""
    return [message for _, began in events_of(rows, "begin") for message in began.messages]


def names(messages: Sequence[Message]) -> dict[int, str]:
    """What those that are words are called, by their place."""
    whose = {"system": "System prompt", "user": "You", "assistant": "The model"}
    found = {}
    for place, each in enumerate(messages):
        if each.role in whose and each.text:
            is_question = each.role == "user" and place == len(messages) - 1
            who = "Question, as it was sent" if is_question else whose[each.role]
            found[place] = f"{place + 1} · {who} · {shorten(each.text, 50, placeholder='…')}"
    return found


def _from_step(taped: Sequence[Step]) -> int:
    return st.selectbox(
        "From step",
        [step.number for step in taped],
        key="replay_step",
        help="What comes before it is kept.",
    )


def _changed_from(bench: Workbench, turn: Turn, taped: Sequence[Step], what: str) -> Changes:
    left, right = st.columns([2, 1])
    with right:
        step = _from_step(taped)
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


def in_words(price: ReplayPrice) -> str:
    """What comes from the tape, what is asked, and what that costs at most."""
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


def begin(bench: Workbench, turn: Turn, changes: Changes) -> None:
    """Start the replay and follow it to its end, or to a tool that asks; then the page shows it."""
    started = bench.replays.start(user(), turn.id, changes)
    with st.spinner("Replaying…"):
        follow = bench.turns.follow(user(), started.turn_id)
        for batch in bench.bridge.iterate(follow, _IDLE_SECONDS):
            if any(isinstance(record.event, ApprovalAsked) for record in batch or ()):
                break
    st.query_params["replay"] = started.turn_id
    st.rerun()


def doors(turn: Turn, trace: str, again: str = "") -> None:
    """Where else the run is seen; `again` is the run of which another replay is begun."""
    with st.container(horizontal=True, gap="small"):
        st.page_link(
            "chat/page.py",
            label="Answer",
            icon=":material/forum:",
            query_params={"c": turn.conversation_id},
        )
        st.page_link(
            "traces/page.py",
            label=trace,
            icon=":material/account_tree:",
            query_params={"turn": turn.id},
        )
        if again:
            st.page_link(
                "tools/page.py",
                label="Change something else",
                icon=":material/replay:",
                query_params={"replay": again},
            )
