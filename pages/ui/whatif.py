"""What if: one conversation under several plans side by side, replayed turn by turn. Nothing is sent."""

from dataclasses import replace
from decimal import Decimal
from html import escape

import streamlit as st

from core.bootstrap import STRATEGIES, Lab, Outcome, Workbench
from core.errors import FootlightsError
from core.types import ModelInfo, Turn, WindowPlan
from pages.ui import palette, pins, say, whatif_answers
from pages.ui.markdown import label
from pages.ui.session import theme, user

STYLE = """<style>
.fl-turns { display: flex; flex-wrap: wrap; gap: 3px; margin: .1rem 0 .4rem; }
.fl-turns i {
  width: 1.15rem; height: 1.15rem; border-radius: .25rem; font: 600 .6rem/1.15rem sans-serif;
  text-align: center; font-style: normal; box-sizing: border-box;
}
.fl-turns .fl-gone { border: 1px dashed currentColor; opacity: .55; }
</style>"""
_SHARE = 0.6
_MOST = 4
_STEPS = (1, 2, 3, 5, 7)


def draw(bench: Workbench, turn: Turn) -> None:
    """The lab of the conversation that the turn belongs to."""
    model = _model(bench, turn)
    lab = bench.whatif.open(user(), turn.conversation_id, model)
    if lab is None:
        st.info("Nothing was answered in this conversation yet.", icon=":material/science:")
        return
    plan = bench.conversations.plan(user(), turn.conversation_id) or WindowPlan()
    st.html(STYLE)
    names = st.pills(
        "Strategies, up to four side by side",
        list(STRATEGIES),
        selection_mode="multi",
        default=list(STRATEGIES)[:_MOST],
        format_func=lambda name: STRATEGIES[name].label,
        key="lab_strategies",
    )
    if len(names) > _MOST:
        st.caption(
            f":orange[Four fit side by side: the first {_MOST} are shown. Let one go to see another.]"
        )
        names = names[:_MOST]
    for problem in bench.strategy_problems:
        st.warning(
            f"A strategy of yours is not there: {label(problem)}", icon=":material/extension_off:"
        )
    asked, reserve = _controls(lab, plan)
    at = _place(lab)
    _pinned(turn.conversation_id, lab, plan)
    if not names:
        st.caption("Choose a strategy to see what it keeps.")
        return
    for column, name in zip(st.columns(len(names), gap="medium"), names, strict=True):
        with column:
            tried = replace(asked, strategy=name)
            _outcome(lab, tried, lab.outcome(tried, at, reserve), at)
            whatif_answers.draw(
                bench, turn.conversation_id, lab.turns[at].turn_id, tried, reserve, model
            )
            _use(bench, turn.conversation_id, tried, plan, model)


def _model(bench: Workbench, turn: Turn) -> ModelInfo:
    known = {info.ref: info for info in bench.priced(user(), bench.models.ready())}
    first = bench.models.resolve(None)
    return known.get(turn.model) or known.get(first.ref) or first


def _controls(lab: Lab, plan: WindowPlan) -> tuple[WindowPlan, int]:
    sizes = _sizes(lab.model.window)
    whole = lab.outcome(WindowPlan(), len(lab.turns) - 1, 0).sent
    wanted = plan.limit or min(lab.model.window, max(sizes[0], int(whole * _SHARE)))
    with st.container(horizontal=True, key="lab_controls", gap="medium"):
        window = st.select_slider(
            "Window, tokens",
            sizes,
            value=min(sizes, key=lambda size: abs(size - wanted)),
            format_func=lambda size: f"{size:,}",
            key="lab_window",
            width=230,
            help=f"{lab.model.label} reads {lab.model.window:,}; the lab begins with less, so that there "
            "is something to see.",
        )
        most = max(50, window // 2)
        reserve = st.slider(
            "Kept for the answer, tokens",
            0,
            most,
            min(256, most // 4),
            width=200,
            key=f"lab_reserve_{window}",  # its bound is that of the window
        )
        share = st.slider(
            "Passages may take", 0, 100, int(plan.source_share * 100), 5, "%d%%", width=170
        )
        latest = st.slider("Turns a sliding window keeps", 1, 20, plan.latest, width=200)
    return replace(plan, limit=window, source_share=share / 100, latest=latest), reserve


def _sizes(window: int) -> list[int]:
    """Round sizes up to the model's own."""
    sizes = [step * 10**power for power in range(2, 8) for step in _STEPS]
    return [*(size for size in sizes if 300 <= size < window), window]


def _place(lab: Lab) -> int:
    count = len(lab.turns)
    if count == 1:
        return 0
    at = st.slider(
        "At question",
        1,
        count,
        count,
        key=f"lab_at_{count}",
        help="Replays what was dropped, and when.",
    )
    st.caption(f"“{label(_short(lab.turns[at - 1].question))}”")
    return at - 1


def _pinned(conversation_id: str, lab: Lab, plan: WindowPlan) -> None:
    found = lab.pins(plan)
    if found:
        total = say.tokens(sum(size for _, size in found))
        with st.expander(
            f"Pinned, and sent with every question: {len(found)} · {total}",
            icon=":material/lock:",
            type="compact",
        ):
            pins.listed(conversation_id, plan, key="lab_")


def _outcome(lab: Lab, plan: WindowPlan, found: Outcome, at: int) -> None:
    chosen = STRATEGIES[plan.strategy]
    st.markdown(f"**{chosen.label}**", help=chosen.words)
    if found.over:
        pinned = lab.pins(plan)
        what = (
            f"unpin something, {label(_short(pinned[0][0]))} takes {pinned[0][1]:,}"
            if pinned
            else ""
        )
        st.markdown(
            f":red[Does not fit, by {found.over:,} tokens.] A question like this is refused before it "
            f"costs anything: widen the window{f', or {what}' if what else ''}."
        )
        return
    st.html(_strip(lab, plan, found))
    gone = [turn for turn, kept in zip(lab.turns, found.kept, strict=False) if not kept]
    kept = f"{at - len(gone)} of {at} earlier turn{'' if at == 1 else 's'} kept"
    more = f", {found.passages} of {found.offered} passages" if found.offered else ""
    st.markdown(f"**{say.tokens(found.sent)}** sent, {found.free:,} free  \n{kept}{more}")
    st.caption(
        f"{_money(found.cost)} this question · {_money(found.cost_next)} one more like it · "
        f"{_money(found.cost_so_far)} and {say.tokens(found.sent_so_far)} until here"
    )
    if gone:
        with st.expander(f"What goes: {len(gone)}", type="compact"):
            for turn in gone:
                st.caption(f"{turn.history:,} tokens · “{label(_short(turn.question))}”")


def _money(cost: Decimal | None) -> str:
    return label(say.money(cost))


def _strip(lab: Lab, plan: WindowPlan, found: Outcome) -> str:
    """HTML of a square for each earlier turn: filled when it is kept, dashed when it goes."""
    colour, ink = palette.region("history", theme()), palette.of(theme()).background
    squares = []
    for number, (turn, kept) in enumerate(zip(lab.turns, found.kept, strict=False), 1):
        pinned = turn.turn_id in plan.turns
        words = "pinned" if pinned else "kept" if kept else "dropped"
        title = escape(f"{number}: {_short(turn.question)}, {turn.history:,} tokens, {words}")
        look = f'style="background:{colour};color:{ink}"' if kept else 'class="fl-gone"'
        squares.append(f'<i {look} title="{title}">{"●" if pinned else number}</i>')
    kept_count = sum(found.kept)
    told = f"{kept_count} of {len(found.kept)} earlier turns kept"
    return f'<div class="fl-turns" role="img" aria-label="{told}">{"".join(squares)}</div>'


def _use(
    bench: Workbench, conversation_id: str, tried: WindowPlan, plan: WindowPlan, model: ModelInfo
) -> None:
    wanted = whatif_answers.whole(tried, model)
    if wanted == plan:
        st.caption(":green[:material/check:] This conversation uses it.")
        st.page_link(
            "chat.py",
            label="Ask with it",
            icon=":material/forum:",
            query_params={"c": conversation_id},
        )
        return
    if st.button("Use it in this conversation", key=f"use_{tried.strategy}", width="stretch"):
        try:
            bench.conversations.set_plan(user(), conversation_id, wanted)
        except FootlightsError as error:
            say.problem(error)
        else:
            chosen = STRATEGIES[tried.strategy].label
            st.toast(f"From the next question on: {chosen}.", icon=":material/check:")
            st.rerun()


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 70 else f"{line[:69]}…"
