"""A visitor's chat: the same for whoever comes, whatever he sends but his words."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

import streamlit as st

from core.bootstrap import ENDED, THANKS, Demo, Told, Workbench
from core.errors import FootlightsError, NotOpen
from pages.ui import demo_turn, scroll, session, unsent
from pages.ui.answer import ASSISTANT
from pages.ui.markdown import label, safe

_FIELD = "demo_prompt"
_DRAW_SECONDS = 0.1
_LOOK_UP_SECONDS = 0.25


def draw(bench: Workbench, visit: str) -> None:
    """The page of a live link, or its end."""
    try:
        _draw(bench, visit)
    except NotOpen:
        ended()


def ended() -> None:
    """A good end: nobody is told why."""
    with st.container(key="demo_end"):
        st.title(ENDED, anchor=False)
        st.markdown(THANKS)


def nothing() -> None:
    """Any other address, for whoever is not the owner, or is no more."""
    if session.visit():
        ended()
        return
    with st.container(key="demo_end"):
        st.title("You are signed out", anchor=False)
        st.markdown("Sign in with the newest token. [Sign in](/sign-in)")


def _draw(bench: Workbench, visit: str) -> None:
    demo = bench.visits.demo(visit)
    asked = _input(demo)
    if asked:
        _ask(bench, visit, asked)
        st.rerun()
    with st.container(key="chat"):
        head(demo)
        turns = bench.visits.history(visit)
        for number, turn in enumerate(turns):
            demo_turn.question(turn["question"])
            if turn["status"] != "running":
                demo_turn.answer(turn, number)
        if demo.running:
            scroll.asked(_newest(turns))
            _follow(bench, visit)
            st.rerun()  # a link that has ended meanwhile then shows its end, and nothing else
        unsent.say_why(_FIELD)
        _suggestions(demo, turns)
        scroll.answered(_newest(turns))


def _ask(bench: Workbench, visit: str, text: str) -> None:
    try:
        bench.visits.ask(visit, text, session.address())
    except NotOpen:
        raise
    except FootlightsError as error:
        unsent.keep(_FIELD, text, error)
    else:
        scroll.sent(_newest(bench.visits.history(visit)))


def _newest(turns: list[Told]) -> str:
    """A name for the last question of this visit, which is told no id."""
    return f"question {len(turns)}"


def head(demo: Demo) -> None:
    """What a stranger reads first."""
    st.title(label(demo.title), anchor=False)
    if demo.description:
        st.markdown(safe(demo.description))
    st.caption(
        ":material/visibility: Whoever shared this can read what you ask and what is answered. "
        "Answers are written by a model and can be wrong."
    )


def _input(demo: Demo) -> str:
    over = demo.left == 0 or demo.spent
    with st.bottom:
        st.caption(left_of(demo), text_alignment="center")
    if demo.running:
        unsent.catch(_FIELD)
    elif not over:
        unsent.put_back(_FIELD)
    return (
        st.chat_input(
            "This demo is used up" if over else "Ask a question",
            max_chars=demo.longest_question,
            disabled=over or demo.running,
            key=_FIELD,
        )
        or st.session_state.pop("demo_suggested", "")
        or ""
    )


def left_of(demo: Demo) -> str:
    """What is left of the demo, in words."""
    if demo.spent:
        return "The budget of this demo is used up. What was answered stays until it ends."
    if demo.left == 0:
        return "You have asked all your questions. The answers stay until the demo ends."
    questions = f"{demo.left} of {demo.messages} questions left"
    return f"{questions} · open for {_until(demo.expires_at)}" if demo.expires_at else questions


def _until(moment: datetime) -> str:
    hours = max(0.0, (moment - datetime.now(UTC)).total_seconds() / 3600)
    if hours >= 48:
        return f"{hours / 24:.0f} days"
    if hours >= 2:
        return f"{hours:.0f} hours"
    return f"{max(1, round(hours * 60))} minutes"


def _suggestions(demo: Demo, turns: list[Told]) -> None:
    asked = {turn["question"] for turn in turns}
    left = [each for each in demo.questions if each not in asked]
    if not left or demo.left == 0 or demo.spent or demo.running:
        return
    with st.container(horizontal=True, gap="small", key="suggestions"):
        for each in left:
            if st.button(label(each), key=f"demo_{each}"):
                st.session_state["demo_suggested"] = each
                st.rerun()


@dataclass
class _Seen:
    """What was told so far."""

    text: str = ""
    note: str = "Searching the documents"
    over: bool = False
    started: float = field(default_factory=time.monotonic)

    def add(self, told: Told) -> None:
        match told["type"]:
            case "text_delta":
                self.text += told["text"]
            case "answer_replaced":
                self.text = told["text"]
            case "progress":
                self.note = told["note"]
            case "turn_done" | "turn_failed":
                self.over = True
            case _:
                pass  # citations are drawn with the finished answer


def _follow(bench: Workbench, visit: str) -> None:
    """Draw the answer as it comes, until its end or that of the link."""
    with st.chat_message("assistant", avatar=ASSISTANT):
        status, said = st.empty(), st.empty()
        stop = st.empty()
        stop.button("Stop", icon=":material/stop_circle:", on_click=_stop, args=(bench, visit))
        seen, drawn = _Seen(), 0.0
        for batch in bench.bridge.iterate(bench.visits.follow(visit), _LOOK_UP_SECONDS):
            for _, told in batch or ():
                seen.add(told)
            if time.monotonic() - drawn < _DRAW_SECONDS and not seen.over:
                continue
            drawn = time.monotonic()
            if not seen.text:
                elapsed = time.monotonic() - seen.started
                status.markdown(f":shimmer[{label(seen.note)}] :gray[{elapsed:.0f} s]")
            else:
                status.empty()
                said.markdown(safe(seen.text, 99) + " ▍")
        stop.empty()


def _stop(bench: Workbench, visit: str) -> None:
    bench.bridge.run(bench.visits.stop(visit))
