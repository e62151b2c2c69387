"""What a plan comes to in the lab: its window, which turns stay and which go, and what it costs."""

from decimal import Decimal
from html import escape

import streamlit as st

from core.bootstrap import STRATEGIES, Lab, Outcome, Shortened
from core.types import WindowPlan
from pages.ui import palette, say, window_bar
from pages.ui.health import counted
from pages.ui.markdown import label
from pages.ui.session import theme
from pages.ui.turn_picker import one_line

STYLE = """<style>
.fl-turns { display: flex; flex-wrap: wrap; gap: 3px; margin: .1rem 0 .4rem; }
.fl-turns i {
  width: 1.15rem; height: 1.15rem; border-radius: .25rem; font: 600 .6rem/1.15rem sans-serif;
  text-align: center; font-style: normal; box-sizing: border-box;
}
.fl-turns .fl-gone { border: 1px dashed currentColor; opacity: .55; }
</style>"""
_WORDS = 70


def draw(lab: Lab, plan: WindowPlan, found: Outcome, at: int) -> None:
    """The window of question number `at` (0 the first) under the plan."""
    chosen = STRATEGIES[plan.strategy]
    st.markdown(f"**{chosen.label}**", help=chosen.words)
    if found.over:
        pinned = lab.pins(plan)
        what = (
            f"unpin something, {label(one_line(pinned[0][0], _WORDS))} takes {pinned[0][1]:,}"
            if pinned
            else ""
        )
        st.markdown(
            f":red[Does not fit, by {found.over:,} tokens.] A question like this is refused before it "
            f"costs anything: widen the window{f', or {what}' if what else ''}."
        )
        return
    st.html(window_bar.line(found.parts, plan.limit or lab.model.window, theme()))
    st.html(_strip(lab, plan, found))
    short = found.summary.turns if found.summary else (False,) * at
    gone = [
        turn
        for turn, kept, inside in zip(lab.turns, found.kept, short, strict=False)
        if not (kept or inside)
    ]
    kept = f"{sum(found.kept)} of {at} earlier turn{'' if at == 1 else 's'} kept"
    more = f", {found.passages} of {found.offered} passages" if found.offered else ""
    st.markdown(f"**{say.tokens(found.sent)}** sent, {found.free:,} free  \n{kept}{more}")
    if found.summary:
        _summary(found.summary)
    st.caption(
        f"{_money(found.cost)} this question · {_about(found.cost_next)} one more like it · "
        f"{_about(found.cost_so_far)} and about {say.tokens(found.sent_so_far)} until here"
    )
    if gone:
        with st.expander(f"What goes: {len(gone)}", type="compact"):
            for turn in gone:
                st.caption(f"{turn.history:,} tokens · “{label(one_line(turn.question, _WORDS))}”")


def _summary(made: Shortened) -> None:
    """The summary in the window: what it stands for, and what it takes to have it."""
    count = sum(made.turns)
    colour = palette.region("summary", theme())
    which = "a new summary" if made.call else "the summary that there is"
    depth = f" of depth {made.depth}, made from the one before it" if made.depth > 1 else ""
    about = "about " if made.call else ""
    words = f"{counted(count, 'turn')} in {which}{depth}: {about}{say.tokens(made.tokens)}"
    st.html(
        f'<div class="fl-who"><i class="fl-mark" style="background:{colour}"></i>'
        f"<span>{escape(words)}</span></div>"
    )
    if made.call:
        st.caption(
            f"Needs one call: about {say.tokens(made.call)}, {_money(made.cost)} at most. It is made when the "
            "question is asked, and not before."
        )


def _money(cost: Decimal | None) -> str:
    return label(say.money(cost))


def _about(cost: Decimal | None) -> str:
    return f"about {_money(cost)}" if cost else _money(cost)


def _strip(lab: Lab, plan: WindowPlan, found: Outcome) -> str:
    """HTML of a square for each earlier turn: filled when it is kept, in the colour of the summary when that
    stands for it, dashed when it goes."""
    ink = palette.of(theme()).background
    short = found.summary.turns if found.summary else (False,) * len(found.kept)
    squares = []
    for number, (turn, kept, inside) in enumerate(
        zip(lab.turns, found.kept, short, strict=False), 1
    ):
        pinned = turn.turn_id in plan.turns
        words = (
            "pinned" if pinned else "kept" if kept else "in the summary" if inside else "dropped"
        )
        title = escape(
            f"{number}: {one_line(turn.question, _WORDS)}, {turn.history:,} tokens, {words}"
        )
        colour = palette.region("history" if kept else "summary", theme())
        is_in = kept or inside
        look = f'style="background:{colour};color:{ink}"' if is_in else 'class="fl-gone"'
        squares.append(f'<i {look} title="{title}">{"●" if pinned else number}</i>')
    told = f"{sum(found.kept)} of {len(found.kept)} earlier turns kept"
    if any(short):
        told += f", {sum(short)} in the summary"
    return f'<div class="fl-turns" role="img" aria-label="{told}">{"".join(squares)}</div>'
