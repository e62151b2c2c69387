"""Tokens: the window of a turn by region, every item in it, and what a text of one's own comes to.

A visitor wants to see where the tokens of an answer went, what was left out and why, and whether the
count agrees with the vendor's.
"""

import streamlit as st

from core.types import Budget, Item, Slice, Turn, Usage
from pages.ui import say, session, turn_picker, window_bar
from pages.ui.markdown import label

_MODELS = {"o200k_base": "openai:gpt-4o", "cl100k_base": "openai:gpt-4"}
_MOST = 1_000_000
_SHOWN = 4_000

# --- state and ask -------------------------------------------------------------------------------

bench = session.workbench()
st.title("Tokens", anchor=False)
turn = turn_picker.pick(bench)
budget = bench.turn_rows.budget(session.user(), turn.id) if turn else None


# --- draw ----------------------------------------------------------------------------------------


def draw_window(turn: Turn, budget: Budget) -> None:
    """The bar, the sums, and every region with its items."""
    turn_picker.doors(turn, here="tokens.py")
    st.html(window_bar.bar(budget, session.theme()))
    draw_agreement(budget, turn.usage)
    for part in budget.slices:
        if part.items:
            draw_region(part)


def draw_agreement(budget: Budget, usage: Usage | None) -> None:
    """What we counted beside what the provider reported."""
    how = "exactly" if budget.exact else f"as an estimate ({budget.counter})"
    counted = f"Counted {how}: **{say.tokens(budget.input_tokens)}** were sent."
    if usage is None or usage.source == "estimated" or not usage.input_tokens:
        st.markdown(f"{counted} The provider reported none.")
        return
    off = budget.input_tokens / usage.input_tokens - 1
    st.markdown(
        f"{counted} The provider reported **{say.tokens(usage.input_tokens)}**: "
        f"our count is {abs(off):.1%} {'above' if off >= 0 else 'below'}."
    )


def draw_region(part: Slice) -> None:
    """One region with its items in their order, kept or dropped and why."""
    dropped = sum(not item.kept for item in part.items)
    left_out = f", {dropped} left out" if dropped else ""
    st.header(window_bar.NAMES[part.region], anchor=False)
    st.caption(f"{say.tokens(part.tokens)}{left_out}")
    for item in part.items:
        draw_item(item)


def draw_item(item: Item) -> None:
    """One item: what it is, what it takes, why it is not in, and its text to open."""
    icon = ":material/check:" if item.kept else ":material/block:"
    with st.expander(f"{label(item.label)} · {say.tokens(item.tokens)}", icon=icon, type="compact"):
        if not item.kept:
            st.markdown(f"Left out: {label(item.reason)}")
        st.code(item.text[:_SHOWN] or " ", language=None, wrap_lines=True)
        if len(item.text) > _SHOWN:
            st.caption(f"the first {_SHOWN:,} of {len(item.text):,} characters")


def draw_counter() -> None:
    """Count a text of one's own in both vocabularies."""
    st.divider()
    st.header("Count a text", anchor=False)
    text = st.text_area(
        "Text",
        placeholder="Paste anything: prose, code, JSON, another script",
        max_chars=_MOST,
        height=140,
        label_visibility="collapsed",
    )
    if not text:
        st.caption("English has about 4.5 characters a token, code 2.8, JSON 1.9, Japanese 1.3.")
        return
    columns = st.columns(len(_MODELS))
    for column, (name, model) in zip(columns, _MODELS.items(), strict=True):
        count = bench.counter.count(text, model)
        each = len(text) / count if count else 0
        column.metric(name, say.tokens(count), f"{each:.1f} characters a token", delta_color="off")


if turn and budget:
    draw_window(turn, budget)
elif turn and turn.status == "running":
    st.info("The window is being put together; look again in a moment.", icon=":material/schedule:")
elif turn:
    st.info("This question ended before anything was sent.", icon=":material/info:")
    turn_picker.doors(turn, here="tokens.py")
draw_counter()
