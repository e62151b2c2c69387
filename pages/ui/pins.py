"""What is pinned in a conversation: it is sent with every question, whatever the strategy drops."""

import streamlit as st

from core.errors import FootlightsError
from core.types import Source, Turn, WindowPlan
from pages.ui import say
from pages.ui.session import user, workbench

_HELP = "What is pinned is sent with every question of this conversation, and takes its tokens each time."


def turn_button(turn: Turn, plan: WindowPlan) -> None:
    """Pin a question with its answer, or let it go."""
    pinned = turn.id in plan.turns
    st.button(
        "Pinned" if pinned else "Pin",
        icon=":material/keep:",
        type="tertiary",
        help=_HELP,
        key=f"pin_{turn.id}",
        on_click=lambda: _pin(turn, turn_id=turn.id, pinned=not pinned),
    )


def passage_button(turn: Turn, source: Source, plan: WindowPlan) -> None:
    """Pin a passage, or let it go."""
    pinned = source.hit.chunk_id in plan.passages
    st.button(
        "Unpin this passage" if pinned else "Pin this passage",
        icon=":material/keep:",
        type="tertiary",
        help=_HELP,
        key=f"pin_{turn.id}_{source.number}",
        on_click=lambda: _pin(turn, passage=source.hit.chunk_id, pinned=not pinned),
    )


def _pin(
    turn: Turn, *, turn_id: str | None = None, passage: int | None = None, pinned: bool
) -> None:
    try:
        workbench().conversations.pin(
            user(), turn.conversation_id, turn=turn_id, passage=passage, pinned=pinned
        )
    except FootlightsError as error:
        say.problem(error)
