"""The head of a conversation: its name, and what can be done with it."""

import json

import streamlit as st

from core.bootstrap import Workbench
from core.errors import FootlightsError
from core.export import as_json, as_markdown
from core.types import Conversation, Turn
from pages.ui import say
from pages.ui.markdown import control, label
from pages.ui.session import user

_MENU = {
    "share": ":material/share: Share",
    "rename": ":material/edit: Rename",
    "markdown": ":material/article: Export as Markdown",
    "json": ":material/data_object: Export as JSON",
    "delete": ":material/delete: Delete",
}


def draw(bench: Workbench, conversation: Conversation, turns: list[Turn]) -> bool:
    """The title with its menu on the right; whether a dialog of it has been opened."""
    with st.container(horizontal=True, vertical_alignment="center", key="conversation_head"):
        st.subheader(label(conversation.title), anchor=False, width="stretch")
        picked = st.menu_button(
            control("", "What can be done with this conversation"),
            list(_MENU),
            format_func=_MENU.__getitem__,
            icon=":material/more_horiz:",
            type="tertiary",
            help="Share, rename, export or delete this conversation",
            key="conversation_menu",
        )
    match picked:
        case "share":
            st.switch_page("shares/page.py", query_params={"new": "snapshot", "c": conversation.id})
        case "rename":
            _rename(bench, conversation, turns)
        case "delete":
            _delete(bench, conversation)
        case "markdown" | "json":
            _export(conversation, turns, picked)
        case _:
            return False
    return True


@st.dialog("Rename the conversation", on_dismiss="rerun")
def _rename(bench: Workbench, conversation: Conversation, turns: list[Turn]) -> None:
    with st.form("rename", border=False):
        suggested = st.session_state.pop("suggested_name", conversation.title)
        title = st.text_input("Name", suggested, max_chars=200)
        if st.form_submit_button("Rename", type="primary") and title.strip():
            try:
                bench.conversations.rename(user(), conversation.id, title.strip())
            except FootlightsError as error:
                say.problem(error)
            else:
                st.rerun()
    _suggest(bench, conversation, turns)


def _suggest(bench: Workbench, conversation: Conversation, turns: list[Turn]) -> None:
    models = {info.ref: info for info in bench.models.ready() if info.is_model}
    answered = [turn for turn in turns if turn.answer]
    if not models or not answered:
        return
    kept = st.session_state.get("model_choice")
    info = models.get(str(kept)) or next(iter(models.values()))
    if st.button(
        "Suggest a name", icon=":material/auto_awesome:", help=f"One small call of {info.label}"
    ):
        try:
            with st.spinner(f"Asking {info.label}"):
                name = bench.bridge.run(
                    bench.errands.name(user(), conversation.id, answered, info.ref)
                )
        except FootlightsError as error:
            say.problem(error)
        else:
            st.session_state["suggested_name"] = name
            st.rerun(scope="fragment")


@st.dialog("Delete the conversation?", on_dismiss="rerun")
def _delete(bench: Workbench, conversation: Conversation) -> None:
    count = conversation.turns
    st.markdown(
        f"**{label(conversation.title)}** with its {count} question{'' if count == 1 else 's'} goes, "
        "and does not come back. What it cost stays in the ledger."
    )
    if st.button("Delete", type="primary", key="delete_conversation"):
        try:
            bench.delete_conversation(user(), conversation.id)
        except FootlightsError as error:
            say.problem(error)
        else:
            st.query_params.clear()
            st.rerun()


@st.dialog("Export the conversation", on_dismiss="rerun")
def _export(conversation: Conversation, turns: list[Turn], kind: str) -> None:
    if kind == "markdown":
        data, ending, mime = as_markdown(conversation, turns), "md", "text/markdown"
    else:
        data = json.dumps(as_json(conversation, turns), indent=2, ensure_ascii=False)
        ending, mime = "json", "application/json"
    name = "".join(c if c.isalnum() else "-" for c in conversation.title.lower()).strip("-")[:60]
    size = say.size(len(data.encode()))
    many = (
        f"{len(turns)} questions with their answers"
        if len(turns) != 1
        else "One question with its answer"
    )
    st.caption(f"{many} and cited passages, {size}.")
    st.download_button(
        f"Download {ending.upper()}",
        data,
        f"{name or 'conversation'}.{ending}",
        mime,
        type="primary",
        icon=":material/download:",
    )
    st.code(data[:3000], language="markdown" if ending == "md" else "json", height=260)
