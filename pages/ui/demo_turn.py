"""One question of a demo and what was answered, as whoever has the link sees them."""

from decimal import Decimal
from typing import Any

import streamlit as st

from core.bootstrap import Told, excerpt
from pages.ui import say
from pages.ui.answer import ASSISTANT, USER
from pages.ui.markdown import label, safe
from pages.ui.passage import passage

_CHECKED = {
    "verbatim": ":green[:material/done_all: The claim stands in the passage word for word.]",
    "supported": ":green[:material/check: The passage bears the claim out.]",
    "not_found": ":orange[:material/report: The claim was not found in this passage.]",
    "other_source": ":orange[:material/alt_route: The claim was found in another passage.]",
}


def question(text: str) -> None:
    """What was asked."""
    with st.chat_message("user", avatar=USER):
        st.markdown(safe(text))


def frozen(turn: Told, number: int) -> None:
    """One question of a snapshot, for a look before it is shared."""
    question(turn["question"])
    with st.chat_message("assistant", avatar=ASSISTANT):
        most = max((source["number"] for source in turn["sources"]), default=0)
        st.markdown(safe(turn["answer"], most))
        for source in turn["sources"]:
            name = f"{source['number']} · {source['name']}, {source['place']}"
            with st.expander(
                label(name), type="compact", key=f"frozen_{number}_{source['number']}"
            ):
                st.html(passage(source["text"], *source["quote"]))


def answer(turn: Told, number: int) -> None:
    """What was answered, with its passages."""
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
