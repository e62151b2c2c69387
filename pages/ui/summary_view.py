"""The summary that a window holds: what it replaced, and taking it back."""

import streamlit as st

from core.bootstrap import Workbench
from core.errors import FootlightsError
from core.types import Summary, Turn
from pages.ui import say
from pages.ui.markdown import label
from pages.ui.session import user


def draw(bench: Workbench, turn: Turn) -> None:
    """Each summary of the turn's conversation, newest first, with the turns that it stands for."""
    by_id = {each.id: each for each in bench.turns_of(user(), turn.conversation_id)}
    for made in bench.summaries.all(user(), turn.conversation_id):
        count = len(made.turns)
        depth = f", a summary of {made.depth} summaries" if made.depth > 1 else ""
        state = "undone" if made.undone_at else "in use"
        with st.expander(
            label(f"{count} turns in short{depth} · {say.when(made.created_at)} · {state}"),
            icon=":material/short_text:",
            type="compact",
        ):
            st.markdown(label(made.text))
            st.caption(label(f"Written by {made.model} with {made.prompt_version}. It stands for:"))
            for turn_id in made.turns:
                if each := by_id.get(turn_id):
                    st.caption(f"“{label(' '.join(each.request.prompt.split())[:80])}”")
            st.button(
                "Use it again" if made.undone_at else "Undo: send the turns themselves",
                icon=":material/redo:" if made.undone_at else ":material/undo:",
                key=f"undo_{made.id}",
                on_click=_undo,
                args=(bench, made),
            )
            if made.undone_at:
                st.caption(
                    "When these turns do not fit, the next question has them summarised anew, with the prompt "
                    "as it then is."
                )
            st.page_link(
                "prompts.py",
                label="The prompt that writes it",
                icon=":material/edit_note:",
                query_params={"p": "history"},
            )


def _undo(bench: Workbench, made: Summary) -> None:
    try:
        bench.summaries.undo(user(), made.id, undone=not made.undone_at)
    except FootlightsError as error:
        say.problem(error)
