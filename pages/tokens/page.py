"""Tokens: the window of a turn by region, every item in it, and what a text of one's own comes to.

A visitor wants to see where the tokens of an answer went, what was left out and why, and whether the
count agrees with the vendor's.
"""

from collections.abc import Sequence
from html import escape

import streamlit as st

from core.types import Budget, Item, Slice, Turn, Usage
from pages.tokens import summary_view, token_view, whatif, window_change, window_counts
from pages.ui import palette, said, say, session, turn_picker, window_bar
from pages.ui.markdown import label

# Below this share of the window the parts cannot be told apart in its bar.
_SMALL = 0.1
_WORDS = 50
_DRAWN, _MORE = 40, 100

# --- state and ask -------------------------------------------------------------------------------

bench = session.workbench()
st.html(said.STYLE)
st.title("Tokens", anchor=False)
turn = turn_picker.pick(bench)
budget = bench.turn_rows.budget(session.user(), turn.id) if turn else None


# --- draw ----------------------------------------------------------------------------------------


def draw_window(turn: Turn, budget: Budget) -> None:
    """The sums, the bar, and every region with its items."""
    turn_picker.doors(turn, here="tokens/page.py")
    responses = bench.turn_counts.responses(session.user(), turn.id)
    window_counts.draw(bench, turn, budget, responses)
    st.html(window_bar.bar(budget, session.theme()))
    if budget.input_tokens < budget.window * _SMALL:
        draw_sent(budget)
    st.toggle(
        "Show where each token begins",
        key="boundaries",
        help=f"By {budget.counter}; point at a token for its number and bytes.",
    )
    for part in budget.slices:
        if part.items:
            draw_region(part, turn, budget, responses)
    window_change.draw(bench, turn, budget)


def draw_sent(budget: Budget) -> None:
    """The parts of what was sent, where the whole window is too wide to show them."""
    parts = [part for part in budget.slices if part.tokens and part.region != "reserve"]
    shares = {part.region: part.tokens / max(budget.input_tokens, 1) for part in parts}
    words = ", ".join(f"{window_bar.NAMES[name]} {share:.0%}" for name, share in shares.items())
    bars = "".join(
        f'<span class="fl-part" title="{window_bar.NAMES[name]}: {share:.1%}" style="width:'
        f'{share:.2%};background-color:{palette.region(name, session.theme())}"></span>'
        for name, share in shares.items()
    )
    st.html(
        f'<div class="fl-who">Of what was sent <span>{escape(words)}</span></div>'
        f'<div class="fl-bar" role="img" aria-label="{escape(words)}">{bars}</div>'
    )


def draw_region(part: Slice, turn: Turn, budget: Budget, responses: Sequence[Usage]) -> None:
    """One region with its items in their order, kept or dropped and why."""
    dropped = sum(not item.kept for item in part.items)
    share = f"{say.share(part.tokens / max(budget.window, 1))} of the window"
    facts = [say.tokens(part.tokens), share, *([f"{dropped} left out"] if dropped else [])]
    with st.container(gap="xsmall"):
        st.header(window_bar.NAMES[part.region], anchor=False)
        colour = palette.region(part.region, session.theme())
        st.html(
            f'<div class="fl-who"><i class="fl-mark" style="background:{colour}"></i>'
            f"<span>{' · '.join([*facts, *_overhead(part)])}</span></div>"
        )
        if part.region == "reserve":
            draw_reserve(turn, part.tokens, responses)
            return
        for item in _newest(part, turn):
            draw_item(item, turn, colour)
        if part.region == "summary":
            summary_view.draw(bench, turn)


def _newest(part: Slice, turn: Turn) -> Sequence[Item]:
    """The last items of the region, each a widget; a button brings more of those before."""
    key = f"drawn_{part.region}_{turn.id}"
    drawn = st.session_state.get(key, _DRAWN)
    if before := len(part.items[:-drawn]):
        st.button(
            f"Show {min(before, _MORE):,} more of the {before:,} before",
            icon=":material/expand_less:",
            key=f"more_{part.region}",
            on_click=st.session_state.update,
            args=({key: drawn + _MORE},),
        )
    return part.items[-drawn:]


def _overhead(part: Slice) -> list[str]:
    """Where the region differs from the sum of its items: said, so that the page adds up."""
    alone = sum(item.tokens for item in part.items if item.kept)
    off = part.tokens - alone
    match part.region:
        case "prompt" if off:
            return [f"{off:,} of them begin the answer"]
        case "sources" if off:
            return [f"{alone:,} when each is counted alone with room for its fence"]
        case _:
            return []


def draw_reserve(turn: Turn, reserved: int, responses: Sequence[Usage]) -> None:
    """How much of the room for the answer was used; each of several answers has that room."""
    used = f"{say.tokens(turn.usage.output_tokens)} of them were used" if turn.usage else ""
    if len(responses) > 1:
        parts = ", ".join(f"{each.output_tokens:,}" for each in responses)
        used = f"its {len(responses)} answers, one after another, used {parts}"
    st.markdown(f"The answer may take {say.tokens(reserved)}; {used or 'how many is not known'}.")


def draw_item(item: Item, turn: Turn, colour: str) -> None:
    """One item: what it is, what it takes, why it is not in, and its text to open."""
    icon = ":material/lock:" if item.pinned else ":material/check:"
    icon = icon if item.kept else ":material/block:"
    parts = [f"{_number(item, turn)}{item.label}", say.tokens(item.tokens)]
    if item.role:
        parts.insert(1, _begun(item.text))
    if not item.kept:
        parts.append("left out")
    with st.expander(label(" · ".join(parts)), icon=icon, type="compact"):
        if not item.kept:
            st.markdown(f"Left out, {label(item.reason)}.")
        if st.session_state.get("boundaries"):
            st.html(token_view.boundaries(bench, item.text, turn.model))
        else:
            st.html(said.box(item.text, item.label, colour if item.kept else ""))
        source = next((each for each in turn.sources if str(each.hit.chunk_id) == item.ref), None)
        if source:
            st.page_link(
                "documents/page.py",
                label="Open the document",
                icon=":material/description:",
                query_params={
                    "d": source.hit.document_id,
                    "passage": str(source.hit.chunk.seq),
                },
            )


def _begun(text: str) -> str:
    """The first words of a message, so that one can be told from another."""
    line = " ".join(text[:200].split())
    return line if len(line) <= _WORDS else f"{line[:_WORDS]}…"


def _number(item: Item, turn: Turn) -> str:
    """The number under which an answer cites the passage, as it stands in the text."""
    found = (each.number for each in turn.sources if str(each.hit.chunk_id) == item.ref)
    number = next(found, None)
    return f"[{number}] " if number else ""


if turn and budget:
    window, lab, count = st.tabs(
        ["Window", "What if", "Count anything"], on_change="rerun", key="tab"
    )
    with window:
        draw_window(turn, budget)
    if lab.open:
        with lab:
            whatif.draw(bench, turn)
    with count:
        token_view.draw(bench)
elif turn and turn.status == "running":
    st.info("The window is being put together.", icon=":material/schedule:")
    st.button("Look again", icon=":material/refresh:")
elif turn:
    st.info("This question ended before anything was sent.", icon=":material/info:")
    if turn.error:
        st.error(
            f"**{label(turn.error['message'])}**\n\n{label(turn.error['hint'])}",
            icon=":material/error:",
        )
    turn_picker.doors(turn, here="tokens/page.py")
if not (turn and budget):
    st.divider()
    st.header("Count anything", anchor=False)
    token_view.draw(bench)
