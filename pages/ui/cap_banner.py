"""What is said in the chat when a cap is near or reached: what is left, and when it renews."""

import streamlit as st

from core.bootstrap import CapState, Workbench, near_caps
from pages.ui import say
from pages.ui.markdown import label
from pages.ui.session import is_owner, user

_WORDS = {
    "day": "Today's cap",
    "month": "This month's cap",
    "conversation": "This conversation's cap",
}


def draw(bench: Workbench, conversation_id: str) -> None:
    """Draw a line for the cap with least left, if any is near."""
    if not (found := near_caps(bench.caps, user(), conversation_id)):
        return
    st.warning(label(words(found[0], after=_after(bench))), icon=":material/savings:")
    if is_owner():
        st.page_link("models/page.py", label="Change the caps", icon=":material/tune:")


def _after(bench: Workbench) -> str:
    """What becomes of a question that the cap does not let pass."""
    if bench.preferences.at_cap(user()) == "refuse":
        return "refused"
    if not here(bench):
        return "refused, as the model of this machine is not ready"
    return "answered by the model on this machine, if it fits its window"


def here(bench: Workbench) -> bool:
    """Whether a model of this machine can be asked now."""
    return any(each.name == "local" and each.state == "ready" for each in bench.models.states())


def words(cap: CapState, *, after: str) -> str:
    """What is left of the cap, when it renews, and what happens then."""
    name, left = _WORDS.get(cap.scope, "A cap"), cap.left or 0
    renews = (
        f"It renews on {cap.renews_at:%-d %b at %H:%M} UTC."
        if cap.renews_at
        else "It never renews."
    )
    if cap.over:
        return (
            f"{name} of {say.money(cap.limit)} is passed by {say.money(cap.over)}: it was lowered, or a vendor counted "
            f"more tokens than anybody could reserve for. A question that costs something is {after}. {renews}"
        )
    if not left:
        return f"{name} of {say.money(cap.limit)} is used up: a question that costs something is {after}. {renews}"
    return (
        f"{name} is near: {say.money(cap.left)} of {say.money(cap.limit)} is left. A question that may cost more "
        f"is {after}. {renews}"
    )
