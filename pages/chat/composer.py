"""Where a question is written: the input with its files, and above it what the question is asked with."""

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.bootstrap import Workbench
from core.errors import FootlightsError
from core.table_fields import parse_fields
from core.types import Conversation, Turn, TurnRequest
from pages.chat import composer_documents, composer_model, composer_prompt, estimate
from pages.ui import say, unsent
from pages.ui.markdown import label
from pages.ui.session import user

FIELD = "question"
"""The key of the field."""
_ALL = "all"


def draw(
    bench: Workbench, running: Turn | None, conversation: Conversation | None
) -> tuple[TurnRequest | None, DeltaGenerator]:
    """The composer at the bottom of the page; what was asked, if something was, and the place above the
    input for the bar of the window."""
    with st.bottom:
        request, missing = _options(bench, running, conversation)
        gauge = st.empty()
        line = st.container()
    # Files of any ending: a wrong one is refused with what to do about it, and a list of all helps nobody.
    # Not inside `st.bottom`, where it stands all the same: only then does the page follow the answer down.
    if not running and not missing:
        unsent.put_back(FIELD)
    else:
        unsent.catch(FIELD)
    said = st.chat_input(
        _invitation(running, missing),
        accept_file="multiple",
        max_upload_size=bench.settings.max_upload_mb,
        disabled=running is not None or bool(missing),
        key=FIELD,
    )
    st.session_state["sent"] = st.session_state.get("sent", 0) + bool(said)
    if not running:
        with line:
            estimate.draw(conversation, request, st.session_state["sent"])
    if said and said.files:
        _take_in(bench, said.files)
    text = said.text.strip() if said else st.session_state.pop("suggested", "")
    if text and missing:  # a suggestion was pressed
        st.toast(_invitation(running, missing), icon=":material/tune:")
    if not text or running or missing:
        return None, gauge
    guess = st.session_state.pop("guess_once", False) or st.session_state.get("guess", False)
    return replace(request, prompt=text, guess=guess), gauge


def _options(
    bench: Workbench, running: Turn | None, conversation: Conversation | None
) -> tuple[TurnRequest, str]:
    """What the next question is asked with, and what has to be filled in before it ("" for nothing)."""
    with st.container(
        horizontal=True, gap="small", key="composer_options", vertical_alignment="center"
    ):
        if running:
            st.button(
                "Stop",
                icon=":material/stop_circle:",
                key="stop",
                on_click=say.told(lambda: bench.bridge.run(bench.turns.stop(user(), running.id))),
            )
        prompt = composer_prompt.current(bench)
        hint = composer_prompt.hinted(bench, prompt)
        model = composer_model.draw(bench, hint)
        documents = composer_documents.draw(bench)
        composer_prompt.draw(bench)
        variables, missing = composer_prompt.form(prompt)
        table = _table()
        tools = _tools(bench, model or (hint.ref if hint else None), conversation)
    request = TurnRequest(
        "",
        model=model,
        use_documents=documents,
        template=prompt.name,
        variables=variables,
        table=table,
        tools=tools,
        condense=st.session_state.get("condense", False),
    )
    return request, missing


def _invitation(running: Turn | None, missing: str) -> str:
    if running:
        return "Waiting for the answer"
    if missing:
        return f"First fill in what the prompt asks for: {missing}"
    return "Ask about your documents, or drop files here"


def suggestions(bench: Workbench, last: Turn | None = None) -> None:
    """Questions about the samples, while an answer rests on nothing else, or nothing else is there."""
    there = {document.name for document in bench.documents.list(user())}
    if not there:
        st.caption("Drop a file below, and ask about it.")
        return
    if not ((last.rests_on if last else set()) or there) <= bench.samples.names():
        return
    asked = {turn.request.prompt for turn in bench.turn_rows.list(user(), 50)}
    offered = [text for text in bench.samples.questions().suggestions if text not in asked][:3]
    with st.container(horizontal=True, gap="small", key="suggestions"):
        for number, text in enumerate(offered):
            st.button(
                label(text),
                key=f"suggestion_{number}",
                on_click=lambda text=text: st.session_state.update(suggested=text),
            )


def _tools(
    bench: Workbench, model: str | None, conversation: Conversation | None
) -> tuple[str, ...]:
    """The tools that the model may call: those of the conversation, until others are chosen."""
    names = bench.tools.names(user())
    if conversation and st.session_state.get("tools_of") != conversation.id:
        asked = bench.turns_of(user(), conversation.id)
        st.session_state["tools_of"] = conversation.id
        st.session_state["tools_choice"] = asked[-1].request.tools if asked else ()
    # What is gone since it was chosen is chosen no more.
    chosen = [name for name in st.session_state.get("tools_choice", ()) if name in names]
    st.session_state["tools_choice"] = chosen
    title = "No tools" if not chosen else f"{len(chosen)} tool{'' if len(chosen) == 1 else 's'}"
    with st.popover(title, icon=":material/build:", type="tertiary"):
        picked = st.pills(
            "What the model may call",
            names,
            selection_mode="multi",
            format_func=label,
            key="tools_choice",
        )
        if model == "quotes":
            st.caption("Quotations call no tools: choose a model that answers.")
        elif "search_documents" in picked:
            st.caption("It searches your documents by itself, as often as it needs to.")
        else:
            st.caption("With tools it works in steps, and each of them is shown.")
        st.page_link("tools/page.py", label="What each of them does", icon=":material/build:")
    return () if model == "quotes" else tuple(picked)


def _table() -> str:
    """The fields of the table that the answer shall be, "" for an answer in words."""
    fields = str(st.session_state.get("table_fields", "")).strip()
    chosen = "As a table" if fields else "In words"
    with st.popover(chosen, icon=":material/table:", type="tertiary"):
        st.text_input(
            "Columns of the answer",
            key="table_fields",
            placeholder="name, amount: number, due: date",
            help="Commas between them. A column may have a kind: text, number, yes/no, date, or "
            "choice(open|closed).",
        )
        if not fields:
            st.caption(
                "Name columns, and the answer comes as a table: for CSV, JSON and cited by row."
            )
            return ""
        try:
            columns = parse_fields(fields)
        except FootlightsError as error:
            st.error(f"{label(str(error))}. {label(error.hint)}")
        else:
            kinds = ", ".join(f"{each.name} ({each.kind})" for each in columns)
            st.caption(label(kinds))
        st.button(
            "Answer in words again",
            key="no_table",
            on_click=lambda: st.session_state.update(table_fields=""),
        )
    return fields


def _take_in(bench: Workbench, files: list[st.typing.UploadedFile]) -> None:
    for file in files:
        try:
            document, is_new = bench.documents.add(user(), file.name, file.getvalue())
        except FootlightsError as error:  # the question that came with it is not to be lost
            _not_taken(file.name, f"{error}. {error.hint}")
            continue
        if document.status == "refused":
            _not_taken(document.name, document.reason)
        elif is_new:
            size = say.size(document.bytes)
            st.toast(
                f"{label(document.name)}, {size}, is being read.", icon=":material/description:"
            )
        else:
            st.toast(f"{label(document.name)} is here already.", icon=":material/check:")


def _not_taken(name: str, why: str) -> None:
    # Not on the page itself: with a question in the same breath it is drawn anew at once.
    st.toast(
        f"**{label(name)}** was not taken: {label(why)}",
        icon=":material/error:",
        duration="infinite",
    )
