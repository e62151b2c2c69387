"""One step of a turn, opened: what it took, what it gave, and what went wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core import errors
from core.export import plain
from core.traces.export import whole
from core.traces.tree import LEDGER_ROW, Step
from core.types import Budget, LedgerRow, Region, Span, Turn
from pages.traces import passages_found, tool_span, wire_view
from pages.ui import said, say, usage, window_bar
from pages.ui.charts import STATES
from pages.ui.markdown import label
from pages.ui.session import theme

ICONS = {
    "turn": ":material/forum:",
    "wait": ":material/hourglass_empty:",
    "call": ":material/replay:",
    "prompt": ":material/edit_note:",
    "retrieval": ":material/search:",
    "window": ":material/data_usage:",
    "model": ":material/memory:",
    "tool": ":material/build:",
    "citations": ":material/format_quote:",
}
_FINISH = {
    "stop": "finished",
    "length": "cut at the length limit",
    "content_filter": "withheld by the vendor's filter",
    "refusal": "refused by the model",
    "tool_calls": "called tools",
}
_USAGE = "gen_ai.usage."
_RESPONSE = "gen_ai.response."


def summary(span: Span, step: Step | None = None) -> str:
    """A step in one line: its time, what it and all below it moved and cost, and how it ended if that
    was not well."""
    found = span.attributes
    parts = [say.seconds((span.end_ns - span.start_ns) / 1e9)]
    if span.kind == "model" and (sent := found.get(f"{_USAGE}input_tokens")) is not None:
        parts.append(say.tokens(sent + found.get(f"{_USAGE}output_tokens", 0)))
    if span.kind == "retrieval" and "hits" in found:
        parts.append(_count(len(found["hits"]), "passage"))
    if span.kind == "window" and "used" in found:
        parts.append(say.tokens(found["used"]))
    if span.kind == "citations" and "citations" in found:
        parts.append(_count(found["citations"], "citation"))
    if (found.get("attempt") or 1) > 1:
        parts.append(f"attempt {found['attempt']}")
    if step and span.kind != "model" and step.tokens:
        parts.append(say.tokens(step.tokens))
    if step and (step.cost is None or step.cost):
        parts.append(say.money(step.cost))
    return " · ".join([*parts, *filter(None, [STATES[span.status]])])


def draw(
    span: Span, turn: Turn, budget: Budget | None, step: Step, rows: Sequence[LedgerRow]
) -> None:
    """The step with everything that was noted of it, and the ways from it."""
    st.subheader(f"{ICONS[span.kind]} {label(span.name)}", anchor=False)
    own = f" · {say.seconds(step.own_ns / 1e9)} of it its own"
    st.caption(label(summary(span, step) + own))
    _went_wrong(span, turn)
    _inside(span, turn, budget)
    for event in span.events:
        after = say.seconds((event.at_ns - span.start_ns) / 1e9)
        st.caption(f"after {after}: {label(event.name)} {label(str(plain(event.attributes)))}")
    _booked(span, turn, rows)
    raw = "Request, response and everything noted" if span.kind == "model" else "Everything noted"
    with st.expander(f"{raw}, as JSON", type="compact"):
        st.json(plain(whole(span)), expanded=1)


def _booked(span: Span, turn: Turn, rows: Sequence[LedgerRow]) -> None:
    row = next((each for each in rows if each.id == span.attributes.get(LEDGER_ROW)), None)
    if row is None:
        return
    cost = "still open" if row.state == "reserved" else say.money(row.cost)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            "costs/page.py",
            label="Its row in the ledger",
            icon=":material/payments:",
            query_params={"turn": turn.id},
        )
        st.caption(f"{label(cost)}, of {label(say.money(row.reserved))} reserved", width="content")


def _inside(span: Span, turn: Turn, budget: Budget | None) -> None:
    match span.kind:
        case "turn":
            st.html(said.message("question", turn.request.prompt, theme()))
        case "retrieval":
            passages_found.draw(span.attributes.get("hits") or (), turn)
        case "window":
            _window(span.attributes, turn, budget)
        case "model":
            _call(span.attributes, turn, budget)
        case "citations":
            _citations(span.attributes, turn)
        case "tool":
            tool_span.draw(span.attributes, turn)
        case "call":
            st.markdown(
                "It was not answered at once: its waits and attempts are the steps below it."
            )
        case _:
            _waited(span)


def _waited(span: Span) -> None:
    if span.kind == "wait":  # what is noted of the others stands below
        why = span.attributes.get("why") or "The question waited until its documents were read."
        st.markdown(label(str(why)))


def hint(code: str) -> str:
    """What to do about an error with this code."""
    kinds = (kind for kind in vars(errors).values() if isinstance(kind, type))
    found = (
        kind for kind in kinds if issubclass(kind, errors.FootlightsError) and kind.code == code
    )
    return next((kind.hint for kind in found), "")


def _went_wrong(span: Span, turn: Turn) -> None:
    if span.status == "stopped":
        st.info("This was going on when the answer was stopped.", icon=":material/stop_circle:")
    if span.status != "error":
        return
    found = span.attributes
    code = str(found.get("error.type") or found.get("code") or found.get("error_type") or "")
    kind, advice = tool_span.FAULTS.get(code) or (code.replace("_", " "), hint(code))
    message = found.get("error") or code or "This step failed."
    if turn.error and turn.error["message"] == message:
        advice = turn.error["hint"]  # it knows whose cap it was, and when that renews
    st.error(f"**{label(str(message))}**\n\n{label(advice)}", icon=":material/error:")
    if kind:
        st.caption(f"Kind of error: {label(kind)}")


# --- by kind -------------------------------------------------------------------------------------


def _window(found: Mapping[str, Any], turn: Turn, budget: Budget | None) -> None:
    if budget:
        st.html(window_bar.bar(budget, theme()))
    else:
        regions: Mapping[Region, int] = found.get("regions") or {}
        for region, tokens in regions.items():
            st.markdown(f"{window_bar.NAMES[region]}: **{say.tokens(tokens)}**")
    if found.get("dropped"):
        st.caption(f"{_count(found['dropped'], 'item')} did not fit.")
    if "defence" in found:
        st.caption(f":material/shield: Layers of the defence: {label(found['defence'] or 'none')}.")
    with st.container(horizontal=True):
        if budget:
            _items(turn)
        if found.get("prompt"):
            name, _, version = str(found["prompt"]).partition("@")
            st.page_link(
                "prompts/page.py",
                label=label(f"Prompt {name}, version {version}"),
                icon=":material/edit_note:",
                query_params={"p": name, "v": version, "turn": turn.id},
            )


def _items(turn: Turn) -> None:
    st.page_link(
        "tokens/page.py",
        label="Every item of it",
        icon=":material/data_usage:",
        query_params={"turn": turn.id},
    )


def _call(found: Mapping[str, Any], turn: Turn, budget: Budget | None) -> None:
    st.markdown(" · ".join(usage.of_span(found)))
    st.caption(" · ".join(_circumstances(found)))
    if budget:
        st.html(window_bar.bar(budget, theme()))
        _items(turn)
    messages = found.get("request") or ()
    if budget and any(message.get("role") == "tool" for message in messages):
        st.caption("This was the window at the first step; the results of tools came since.")
    shown = [said.STYLE]
    for message in messages:
        text = str(message.get("content", ""))
        shown.append(
            said.message(str(message.get("role")), text, theme(), f"{len(text):,} characters")
        )
    st.markdown(f"**Sent:** {_count(len(messages), 'message')}")
    st.html("".join(shown))
    said_ = (str(found.get("response") or ""), *map(str, found.get("calls") or ()))
    response = "\n\n".join(filter(None, said_))
    st.markdown("**Came back**" if response else "**Nothing came back**")
    if found.get("reasoning"):
        with st.expander("What the model thought", type="compact"):
            st.html(said.box(str(found["reasoning"]), "Reasoning"))
    if response:
        st.html(said.message("assistant", response, theme(), f"{len(response):,} characters"))
    wire_view.draw(found)


def _circumstances(found: Mapping[str, Any]) -> list[str]:
    first = found.get(f"{_RESPONSE}time_to_first_chunk")
    finish = [_FINISH.get(reason, reason) for reason in found.get(f"{_RESPONSE}finish_reasons", ())]
    answered, asked = found.get(f"{_RESPONSE}model"), found.get("gen_ai.request.model")
    parts = [
        f"attempt {found.get('attempt', 1)}",
        f"first word after {say.seconds(first)}" if first is not None else "no word came",
        *finish,
        f"at most {say.tokens(found.get('gen_ai.request.max_tokens', 0))} of answer",
    ]
    if answered and answered != asked:
        parts.append(f"answered by {answered}")
    return [label(part) for part in parts]


def _citations(found: Mapping[str, Any], turn: Turn) -> None:
    marked = sum(each.quote_end > each.quote_start for each in turn.citations)
    count = _count(found.get("citations", 0), "citation")
    st.markdown(
        f"{count} in the answer, of {_count(found.get('sources', 0), 'passage')} that were sent; "
        f"for {marked:,} of them the words that the sentence rests on were found."
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
