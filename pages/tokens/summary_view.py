"""The summaries of a conversation: what each replaced, taking it back, and writing it anew with another prompt."""

import streamlit as st

from core.bootstrap import Workbench
from core.errors import FootlightsError
from core.types import Summary, Turn
from pages.ui import say
from pages.ui.health import counted
from pages.ui.markdown import label
from pages.ui.session import user


def draw(bench: Workbench, turn: Turn, key: str = "") -> None:
    """Each summary of the turn's conversation, newest first, with the turns that it stands for."""
    made = bench.summaries.all(user(), turn.conversation_id)
    if not made:
        return
    used = bench.summaries.latest(user(), turn.conversation_id)
    by_id = {each.id: each for each in bench.turns_of(user(), turn.conversation_id)}
    for each in made:
        state = "in use" if used and each.id == used.id else "not in use"
        depth = f", depth {each.depth}" if each.depth > 1 else ""
        title = f"{counted(len(each.turns), 'turn')} in short{depth} · {say.when(each.created_at)} · {state}"
        with st.expander(label(title), icon=":material/short_text:", type="compact"):
            _opened(bench, turn, each, by_id, key)


def _opened(bench: Workbench, turn: Turn, made: Summary, by_id: dict[str, Turn], key: str) -> None:
    st.markdown(label(made.text))
    depth = f" It is a summary of a summary, {made.depth} upon each other." * (made.depth > 1)
    st.caption(label(f"Written by {made.model} with {made.prompt_version}.{depth} It stands for:"))
    for turn_id in made.turns:
        if each := by_id.get(turn_id):
            st.caption(f"“{label(' '.join(each.request.prompt.split())[:80])}”")
    with st.container(horizontal=True, gap="small", key=f"{key}summary_{made.id}"):
        st.button(
            "Use it again" if made.undone_at else "Undo: send the turns themselves",
            icon=":material/redo:" if made.undone_at else ":material/undo:",
            key=f"{key}undo_{made.id}",
            on_click=_undo,
            args=(bench, made),
        )
        if st.button(
            "Redo with another prompt",
            icon=":material/restart_alt:",
            key=f"{key}redo_{made.id}",
        ):
            _redo(bench, turn.conversation_id, made)
    if made.undone_at:
        st.caption(
            "When these turns do not fit, the next question has them summarised anew, with the prompt "
            "as it then is."
        )


@st.dialog("Write the summary anew")
def _redo(bench: Workbench, conversation_id: str, made: Summary) -> None:
    """The same turns once more, with the prompt that is chosen; what it costs is said before."""
    prompt = st.selectbox("Prompt", bench.summariser.prompts(), key=f"redo_with_{made.id}")
    st.page_link(
        "prompts/page.py",
        label="Read or change the prompt",
        icon=":material/edit_note:",
        query_params={"p": prompt.partition("@")[0]},
    )
    try:
        [model] = bench.priced(user(), [bench.models.resolve(made.model)])
        sent, answered = bench.bridge.run(
            bench.summariser.call(user(), conversation_id, made, prompt)
        )
    except FootlightsError as error:
        say.problem(error)
        return
    cost = None if model.price is None else model.price.of(sent, answered)
    st.caption(
        label(
            f"One call to {model.label}: about {say.tokens(sent)}, at most {answered:,} back, "
            f"{say.money(cost)} at most. The summary before it stays, and is not used."
        )
    )
    if st.button(
        "Summarise these turns again",
        icon=":material/restart_alt:",
        key=f"redo_now_{made.id}",
        type="primary",
    ):
        try:
            with st.spinner("The summary is being written"):
                bench.bridge.run(bench.summariser.redo(user(), conversation_id, made, prompt))
        except FootlightsError as error:
            say.problem(error)
        else:
            st.rerun()


def _undo(bench: Workbench, made: Summary) -> None:
    try:
        bench.summaries.undo(user(), made.id, undone=not made.undone_at)
    except FootlightsError as error:
        say.problem(error)
