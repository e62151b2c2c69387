"""One turn on the page: the question, the answer with its citations, and what it took."""

import streamlit as st

from core import figures
from core.bootstrap import STRATEGIES, summary
from core.errors import Interrupted
from core.tables import is_json
from core.turns.endings import NOT_FOUND
from core.types import Citation, Source, Turn, Verdict, WindowPlan
from pages.ui import pins, say, steps, table, ways_on, why
from pages.ui.health import counted
from pages.ui.markdown import label, safe
from pages.ui.passage import passage

USER = ":material/person:"
ASSISTANT = ":material/wb_incandescent:"
# The worst first.
_VERDICTS: dict[Verdict, tuple[str, str]] = {
    "not_found": (":material/report:", "The claim is not in this passage, nor in another one."),
    "other_source": (
        ":material/alt_route:",
        "The claim is not in this passage, but in passage {}.",
    ),
    "unchecked": (":material/format_quote:", ""),
    "supported": (":material/check:", "The passage bears the claim out."),
    "verbatim": (":material/done_all:", "The claim stands in the passage word for word."),
}
_CHECKED = (
    "Each claim that cites a passage is compared with it, without a model: its words, numbers, names and "
    "negations. A claim can be wrong all the same where the passage is, and a free paraphrase may go unrecognised. "
    "A sentence that cites nothing is not checked."
)
_CLAIM = 90
_STATES = {
    "stopped": ("Stopped by you. What was said is kept.", ":material/stop_circle:"),
    "interrupted": ("The app ended in the middle of this answer.", ":material/power_off:"),
}
_GO_ON = "**Replay**, with nothing changed, goes on where it was cut off."


def question(turn: Turn) -> None:
    """What was asked."""
    with st.chat_message("user", avatar=USER):
        st.markdown(safe(turn.request.prompt))
        if turn.request.again and turn.request.plan:
            known = STRATEGIES.get(turn.request.plan.strategy)
            st.caption(f"asked again: {label(known.label if known else 'another window')}")


def answer(turn: Turn, plan: WindowPlan) -> None:
    """A finished answer: the text, its citations to open, what happened if it was cut, and the facts."""
    with st.chat_message("assistant", avatar=ASSISTANT):
        if turn.reasoning:
            with st.expander("What the model thought", type="compact"):
                st.markdown(safe(turn.reasoning))
        steps.of(turn)
        if turn.request.table and table.draw(turn, turn.answer):
            table.take_away(turn)
        elif turn.answer and is_json(turn.answer):
            st.code(turn.answer, language="json", wrap_lines=True)
        elif turn.answer:
            st.markdown(safe(turn.answer, len(turn.sources)))
        _what_happened(turn)
        if turn.error and turn.error["code"] == "pins_too_large":
            pins.listed(turn.conversation_id, plan, key=f"{turn.id}_")
        citations(turn, plan)
        facts(turn, plan)


def _what_happened(turn: Turn) -> None:
    if turn.leak:
        st.warning(
            f"**This answer repeats its own instructions** ({label(turn.leak)}): a document or the question "
            "got the model to. Do not pass it on, and look at the flagged passages below; *Prompts* has a "
            "range that tries such documents on a prompt.",
            icon=":material/key_off:",
        )
    if turn.status in _STATES:
        text, icon = _STATES[turn.status]
        st.info(f"{text} {_GO_ON}" if turn.request.tools else text, icon=icon)
        if turn.status == "interrupted" and not turn.request.tools:
            ways_on.draw(turn, Interrupted.hint)
    elif turn.error:
        hint = label(turn.error["hint"])
        st.error(f"**{label(turn.error['message'])}**\n\n{hint}", icon=":material/error:")
        ways_on.draw(turn, turn.error["hint"])
    elif turn.stop_reason == NOT_FOUND:
        st.button(
            "Ask the model all the same",
            icon=":material/psychology:",
            key=f"guess_{turn.id}",
            on_click=lambda: st.session_state.update(
                suggested=turn.request.prompt, guess_once=True
            ),
        )
    elif turn.stop_reason.startswith("finished, "):
        st.info(label(turn.stop_reason.capitalize()), icon=":material/alt_route:")
    elif turn.stop_reason not in ("", "finished"):
        icon = ":material/flag:" if turn.request.tools else ":material/content_cut:"
        words = turn.stop_reason[:1].upper() + turn.stop_reason[1:]
        st.warning(label(words), icon=icon)


def citations(turn: Turn, plan: WindowPlan) -> None:
    """A row of chips, one for each cited passage; opened, it shows the passage with the words marked."""
    cited = {citation.number for citation in turn.citations}
    chosen = [source for source in turn.sources if source.number in cited]
    others = [source for source in turn.sources if source.number not in cited]
    if not turn.sources:
        return
    with st.container(
        horizontal=True, gap="small", key=f"citations_{turn.id}", vertical_alignment="center"
    ):
        for source in chosen:
            _chip(turn, source, plan)
        if told := summary(turn.citations, turn.answer):
            st.caption(told, width="content", help=_CHECKED)
        if others:
            name, words = _others(turn, len(others), cites=bool(chosen))
            with st.popover(name, type="tertiary", icon=":material/notes:"):
                st.caption(words)
                for source in others:
                    _passage(source, [])
                    pins.passage_button(turn, source, plan)


def _others(turn: Turn, many: int, *, cites: bool) -> tuple[str, str]:
    """What the passages are that no claim cites: their name, and a sentence about them."""
    if turn.stop_reason == NOT_FOUND:
        return counted(many, "nearest passage"), "What comes nearest to the question."
    if turn.unsent:
        return f"{counted(many, 'passage')} found", "Found for the question; nothing was sent."
    name = f"{counted(many, 'more passage' if cites else 'passage')} read"
    return name, "Sent to the model, but not cited by the answer."


def _of(turn: Turn, source: Source) -> list[Citation]:
    return [citation for citation in turn.citations if citation.number == source.number]


def _chip(turn: Turn, source: Source, plan: WindowPlan) -> None:
    hit, found = source.hit, _of(turn, source)
    name = label(_short(hit.name))
    text = f"{source.number} · {name} · {say.place(hit.unit, hit.chunk.page)}"
    if source.flagged:
        text += " :orange[:material/flag:]"
    with st.popover(text, type="tertiary", icon=_icon(found)):
        for citation in found:
            _verdict(citation, turn.answer)
        if any(citation.start == citation.end for citation in found):
            st.caption("The model named no passage; this one was found by comparing.")
        _passage(source, found)
        pins.passage_button(turn, source, plan)


def _flag(source: Source) -> None:
    """That the passage reads like an order to the model: it only tells, nothing depends on it."""
    if source.flagged:
        st.markdown(
            f":orange[:material/flag: Reads like an instruction to the model, {source.suspicion:.0%} sure.] "
            ":small[:gray[It was sent as a quotation all the same.]]"
        )


def _icon(found: list[Citation]) -> str:
    """That of the worst verdict on what cites the passage."""
    verdicts = {citation.verdict for citation in found}
    return next(icon for verdict, (icon, _) in _VERDICTS.items() if verdict in verdicts)


def _verdict(citation: Citation, answer: str) -> None:
    icon, words = _VERDICTS[citation.verdict]
    if not words:
        return
    colour = "green" if citation.verdict in ("verbatim", "supported") else "orange"
    claim = " ".join(answer[citation.claim_start : citation.claim_end].split())
    short = claim if len(claim) <= _CLAIM else f"{claim[:_CLAIM]}…"
    short = short.removeprefix("“").removesuffix("”")  # a quotation has its own
    said = f"  \n:small[:gray[“{label(short)}”]]" if claim else ""
    st.markdown(f":{colour}[{icon} {words.format(citation.found_in)}]{said}")


def _passage(source: Source, found: list[Citation]) -> None:
    hit = source.hit
    heading = f" · {label(hit.chunk.heading)}" if hit.chunk.heading else ""
    st.markdown(f"**{label(hit.name)}**, {hit.unit} {hit.chunk.page}{heading}")
    _flag(source)
    quoted = next((each for each in found if each.quote_end > each.quote_start), None)
    start, end = (quoted.quote_start, quoted.quote_end) if quoted else (0, 0)
    st.html(passage(hit.chunk.text, start, end))
    marked = "the words that the answer rests on are marked · " if quoted else ""
    st.caption(f"{marked}similarity to the question {hit.score:.2f} of 1")
    st.page_link(
        "documents/page.py",
        label="Open the document",
        icon=":material/description:",
        query_params={
            "d": hit.document_id,
            "passage": str(hit.chunk.seq),
            **({"from": str(start), "to": str(end)} if quoted else {}),
        },
    )


def facts(turn: Turn, plan: WindowPlan) -> None:
    """Tokens, cost, time and model, and the doors to what is behind the answer."""
    with st.container(
        horizontal=True, gap="small", key=f"facts_{turn.id}", vertical_alignment="center"
    ):
        st.caption(" · ".join(_facts(turn)), width="content")
        doors = (
            ("tokens/page.py", "Window", ":material/data_usage:", {"turn": turn.id}),
            ("traces/page.py", "Trace", ":material/account_tree:", {"turn": turn.id}),
            ("costs/page.py", "Cost", ":material/payments:", {"turn": turn.id}),
        )
        if turn.request.tools:
            doors += (("tools/page.py", "Replay", ":material/replay:", {"replay": turn.id}),)
        for page, text, icon, where in doors:
            st.page_link(page, label=text, icon=icon, query_params=where)
        why.button(turn)
        pins.turn_button(turn, plan)
        if turn.prompt_version:
            name, _, version = turn.prompt_version.partition("@")
            where = {"p": name, "v": version, "turn": turn.id}
            st.page_link(
                "prompts/page.py", label="Prompt", icon=":material/edit_note:", query_params=where
            )


def _facts(turn: Turn) -> list[str]:
    shown = [label(turn.model)] if turn.model and not turn.unsent else []
    shown += map(label, figures.taken(turn))
    if turn.seconds is not None:
        shown.append(say.seconds(turn.seconds))
    return shown


def _short(name: str) -> str:
    return name if len(name) <= 28 else f"{name[:16]}…{name[-11:]}"
