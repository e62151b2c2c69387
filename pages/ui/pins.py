"""What is pinned in a conversation: it is sent with every question, whatever the strategy drops."""

import streamlit as st

from core.errors import FootlightsError
from core.types import Source, Turn, WindowPlan
from pages.ui import say
from pages.ui.markdown import label
from pages.ui.session import user, workbench

_HELP = "What is pinned is sent with every question of this conversation, and takes its tokens each time."


def turn_button(turn: Turn, plan: WindowPlan) -> None:
    """Pin a question with its answer, or let it go."""
    pinned = turn.id in plan.turns
    st.button(
        "Pinned" if pinned else "Pin",
        icon=":material/lock:" if pinned else ":material/keep:",
        type="tertiary",
        help=_HELP,
        key=f"pin_{turn.id}",
        on_click=lambda: _pin(turn.conversation_id, turn_id=turn.id, pinned=not pinned),
    )


def passage_button(turn: Turn, source: Source, plan: WindowPlan) -> None:
    """Pin a passage, or let it go."""
    pinned = source.hit.chunk_id in plan.passages
    st.button(
        "Unpin this passage" if pinned else "Pin this passage",
        icon=":material/lock:" if pinned else ":material/keep:",
        type="tertiary",
        help=_HELP,
        key=f"pin_{turn.id}_{source.number}",
        on_click=lambda: _pin(turn.conversation_id, passage=source.hit.chunk_id, pinned=not pinned),
    )


def _pin(
    conversation_id: str, *, turn_id: str | None = None, passage: int | None = None, pinned: bool
) -> None:
    try:
        workbench().conversations.pin(
            user(), conversation_id, turn=turn_id, passage=passage, pinned=pinned
        )
    except FootlightsError as error:
        say.problem(error)


def listed(conversation_id: str, plan: WindowPlan, key: str = "") -> None:
    """All that is pinned in the conversation, each with a button that lets it go."""
    bench = workbench()
    by_id = (
        {turn.id: turn for turn in bench.turns_of(user(), conversation_id)} if plan.turns else {}
    )
    for hit in bench.documents.described(user(), plan.passages):
        text = f"{hit.name}, {say.place(hit.unit, hit.chunk.page)}"
        _let_go(text, conversation_id, f"{key}{hit.chunk_id}", passage=hit.chunk_id)
    for turn_id in plan.turns:
        if turn := by_id.get(turn_id):
            text = f"“{' '.join(turn.request.prompt.split())[:70]}” with its answer"
            _let_go(text, conversation_id, f"{key}{turn_id}", turn_id=turn_id)


def _let_go(
    text: str,
    conversation_id: str,
    key: str,
    turn_id: str | None = None,
    passage: int | None = None,
) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(
            "Unpin",
            icon=":material/lock_open:",
            type="tertiary",
            key=f"unpin_{key}",
            on_click=lambda: _pin(conversation_id, turn_id=turn_id, passage=passage, pinned=False),
        )
        st.caption(label(text), width="content")
