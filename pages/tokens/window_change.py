"""A window beside the one before it: what a vendor's cache can keep of it, what came and what went."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from core.bootstrap import SENT, Placed, Workbench, compare
from core.types import Budget, Turn
from pages.ui import palette, said, say, window_bar
from pages.ui.markdown import label
from pages.ui.session import theme, user

STYLE = """<style>
.fl-same { border-top: 2px solid currentColor; margin-top: 3px; font-size: .8rem; opacity: .75;
  padding-top: 2px; min-width: 8rem; }
</style>"""


def draw(bench: Workbench, turn: Turn, budget: Budget) -> None:
    """What changed since the question before in the same conversation; nothing at the first one."""
    before = _before(bench, turn)
    if before is None:
        return
    change = compare(before, budget)
    share = change.prefix / max(budget.input_tokens, 1)
    with st.container(gap="xsmall"):
        st.header("Since the question before", anchor=False)
        st.html(STYLE + _bar(budget, share, change.prefix))
        st.markdown(_words(turn, change.prefix, share, change.broken_by))
        _items("Came", change.came)
        _items("Went", change.went)


def _before(bench: Workbench, turn: Turn) -> Budget | None:
    """The window of the newest earlier turn of the conversation that had one."""
    turns = bench.turns_of(user(), turn.conversation_id)
    place = next((n for n, each in enumerate(turns) if each.id == turn.id), 0)
    windows = (bench.turn_rows.budget(user(), each.id) for each in reversed(turns[:place]))
    return next((window for window in windows if window), None)


def _words(turn: Turn, prefix: int, share: float, broken: Placed | None) -> str:
    kept = (
        f"**{say.tokens(prefix)}** at its beginning, {share:.0%} of what was sent, are as they were: so much "
        "a vendor's cache can keep."
    )
    if turn.usage and turn.usage.cached_tokens:
        part = turn.usage.cached_tokens / max(turn.usage.input_tokens, 1)
        kept += (
            f" It reported {turn.usage.cached_tokens:,} from its cache, {part:.0%} of what it read."
        )
    if broken is None:
        return f"{kept} Nothing in it was changed."
    begun = " ".join(broken.item.text[:200].split())[:50] if broken.item.role else ""
    first = (
        f"{window_bar.NAMES[broken.region]}: {broken.item.label}{f', {begun}…' if begun else ''}"
    )
    return f"{kept} The first that is new is *{label(first)}*."


def _bar(budget: Budget, share: float, prefix: int) -> str:
    """HTML of what was sent in its order, with a line under the beginning that is as it was."""
    parts = {part.region: part for part in budget.slices if part.tokens}
    shown = [parts[name] for name in SENT if name in parts]
    whole = max(sum(part.tokens for part in shown), 1)
    segments = "".join(
        f'<span class="fl-part" title="{escape(window_bar.NAMES[part.region])}: {part.tokens:,} tokens" '
        f'style="width:{part.tokens / whole:.3%};'
        f'background-color:{palette.region(part.region, theme())}"></span>'
        for part in shown
    )
    told = f"{prefix:,} tokens as before"
    return (
        f'<div class="fl-bar" role="img" aria-label="What was sent, in its order; {told}">{segments}</div>'
        f'<div class="fl-same" style="width:{share:.2%}">{told}</div>'
    )


def _items(title: str, items: Sequence[Placed]) -> None:
    if not items:
        return
    total = say.tokens(sum(each.item.tokens for each in items))
    with st.expander(f"{title}: {len(items)} · {total}", type="compact"):
        for each in items:
            colour = palette.region(each.region, theme())
            st.caption(
                label(
                    f"{window_bar.NAMES[each.region]} · {each.item.label} · {say.tokens(each.item.tokens)}"
                )
            )
            st.html(said.box(each.item.text, each.item.label, colour))
