"""A visitor's chat: the same for whoever comes, whatever he sends but his words."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import streamlit as st

from core.bootstrap import ENDED, THANKS, Demo, Told, Workbench, excerpt
from core.errors import FootlightsError, NotOpen
from pages.ui import say, scroll, session
from pages.ui.answer import ASSISTANT, USER
from pages.ui.markdown import label, safe
from pages.ui.passage import passage

_DRAW_SECONDS = 0.1
_LOOK_UP_SECONDS = 0.25
_CHECKED = {
    "verbatim": ":green[:material/done_all: The claim stands in the passage word for word.]",
    "supported": ":green[:material/check: The passage bears the claim out.]",
    "not_found": ":orange[:material/report: The claim was not found in this passage.]",
    "other_source": ":orange[:material/alt_route: The claim was found in another passage.]",
}


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
            _question(turn["question"])
            if turn["status"] != "running":
                _answer(turn, number)
        if demo.running:
            scroll.asked(_newest(turns))
            _follow(bench, visit)
            st.rerun()  # a link that has ended meanwhile then shows its end, and nothing else
        if problem := st.session_state.pop("demo_problem", None):
            say.problem(problem)
        _suggestions(demo, turns)
        scroll.answered(_newest(turns))


def _ask(bench: Workbench, visit: str, text: str) -> None:
    try:
        bench.visits.ask(visit, text, session.address())
    except NotOpen:
        raise
    except FootlightsError as error:
        st.session_state["demo_problem"] = error
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
    return (
        st.chat_input(
            "This demo is used up" if over else "Ask a question",
            max_chars=demo.longest_question,
            disabled=over or demo.running,
            key="demo_prompt",
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


def _question(text: str) -> None:
    with st.chat_message("user", avatar=USER):
        st.markdown(safe(text))


def frozen(turn: Told, number: int) -> None:
    """One question of a snapshot, for a look before it is shared."""
    _question(turn["question"])
    with st.chat_message("assistant", avatar=ASSISTANT):
        most = max((source["number"] for source in turn["sources"]), default=0)
        st.markdown(safe(turn["answer"], most))
        for source in turn["sources"]:
            name = f"{source['number']} · {source['name']}, {source['place']}"
            with st.expander(
                label(name), type="compact", key=f"frozen_{number}_{source['number']}"
            ):
                st.html(passage(source["text"], *source["quote"]))


def _answer(turn: Told, number: int) -> None:
    with st.chat_message("assistant", avatar=ASSISTANT):
        if turn["answer"]:
            most = max((source["number"] for source in turn["sources"]), default=0)
            st.markdown(safe(turn["answer"], most))
        if turn["status"] in ("stopped", "interrupted"):
            st.caption(":material/stop_circle: Stopped here.")
        if turn["error"]:
            st.warning(f"**{label(turn['error']['message'])}** {label(turn['error']['hint'])}")
        _passages(turn, number)
        if "cost" in turn:
            st.caption(label(" · ".join(_facts(turn))))


def _facts(turn: Told) -> list[str]:
    facts = []
    if turn.get("input_tokens"):
        facts.append(f"{turn['input_tokens']:,} tokens in, {turn['output_tokens']:,} out")
    facts.append(say.money(None if turn["cost"] is None else Decimal(turn["cost"])))
    if turn["seconds"] is not None:
        facts.append(say.seconds(turn["seconds"]))
    return facts


def _passages(turn: Told, number: int) -> None:
    if not turn["sources"]:
        return
    with st.container(horizontal=True, gap="small", key=f"citations_{number}"):
        for source in turn["sources"]:
            cited = [each for each in turn["citations"] if each["number"] == source["number"]]
            name = source["name"] if len(source["name"]) <= 24 else f"{source['name'][:22]}…"
            with st.popover(f"{source['number']} · {label(name)}", type="tertiary"):
                _passage(source, cited)


def _passage(source: dict[str, Any], cited: list[dict[str, Any]]) -> None:
    st.markdown(f"**{label(source['name'])}**, {label(source['place'])}")
    for verdict in dict.fromkeys(each["verdict"] for each in cited):
        if verdict in _CHECKED:
            st.markdown(_CHECKED[verdict])
    quoted = next((each for each in cited if each["quote_end"] > each["quote_start"]), None)
    places = [(quoted["quote_start"], quoted["quote_end"])] if quoted else []
    shown = excerpt(source["text"], places)
    st.html(passage(shown["text"], *shown["quote"]))


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
