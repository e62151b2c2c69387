"""What if: one conversation under several plans side by side, replayed turn by turn. Nothing is sent."""

from dataclasses import replace

import streamlit as st

from core.bootstrap import STRATEGIES, Lab, Outcome, Workbench
from core.errors import FootlightsError
from core.types import ModelInfo, Turn, TurnRequest, WindowPlan
from pages.tokens import summary_view, whatif_answers, whatif_outcome
from pages.ui import pins, say, turn_picker
from pages.ui.markdown import label
from pages.ui.session import user

_SHARE = 0.6
_MOST = 4
_SUMMARY = "summary"
_STEPS = (1, 2, 3, 5, 7)


def draw(bench: Workbench, turn: Turn) -> None:
    """The lab of the conversation that the turn belongs to."""
    model = _model(bench, turn)
    lab = bench.whatif.open(user(), turn.conversation_id, model)
    if lab is None:
        st.info("Nothing was answered in this conversation yet.", icon=":material/science:")
        return
    plan = bench.conversations.plan(user(), turn.conversation_id) or WindowPlan()
    st.html(whatif_outcome.STYLE)
    names = _strategies()
    for problem in bench.strategy_problems:
        st.warning(
            f"A strategy of yours is not there: {label(problem)}", icon=":material/extension_off:"
        )
    tried, reserve = _controls(bench, turn, lab, plan)
    at = _place(lab)
    _pinned(turn.conversation_id, lab, plan)
    if not names:
        st.caption("Choose a strategy to see what it keeps.")
        return
    asked = bench.turn_rows.get(user(), lab.turns[at].turn_id)
    plans = [replace(tried, strategy=name) for name in names]
    found = _seen(bench, lab, whatif_answers.wanted(asked, tried, reserve, model), at, plans)
    columns = st.columns(len(plans), gap="medium")
    for column, each, outcome in zip(columns, plans, found, strict=True):
        with column:
            whatif_outcome.draw(lab, each, outcome, at)
            if each.strategy == _SUMMARY:
                summary_view.draw(bench, asked, key="lab_")
            whatif_answers.draw(bench, asked, each, reserve, model)
            _use(bench, turn.conversation_id, each, plan, model)


def _strategies() -> list[str]:
    """The names of those that are chosen, as many as fit."""
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
    return names[:_MOST]


def _seen(
    bench: Workbench, lab: Lab, request: TurnRequest, at: int, plans: list[WindowPlan]
) -> list[Outcome]:
    """The window of the question under each plan, as it would be sent now."""
    try:
        return bench.bridge.run(bench.upcoming.again(user(), lab, request, at, plans))
    except FootlightsError as error:
        st.caption(
            f":orange[It cannot be asked again: {label(str(error))}. {label(error.hint)}] The counts below are "
            "about what it would take."
        )
        return [lab.outcome(plan, at, request.max_tokens or 0) for plan in plans]


def _model(bench: Workbench, turn: Turn) -> ModelInfo:
    known = {info.ref: info for info in bench.priced(user(), bench.models.ready())}
    first = bench.models.resolve(None)
    return known.get(turn.model) or known.get(first.ref) or first


def _controls(bench: Workbench, turn: Turn, lab: Lab, plan: WindowPlan) -> tuple[WindowPlan, int]:
    """The plan as the sliders say it, and how many tokens it keeps for the answer: as many as it would by
    itself, until that is changed."""
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
            width=185,
            help=f"{lab.model.label} reads {lab.model.window:,}; the lab begins with less, so that there "
            "is something to see.",
        )
        most = min(max(50, window // 2), max(2, lab.model.max_output))
        usual = min(most, _usual(bench, turn, lab.model, window))
        reserve = st.slider(
            "Kept for the answer, tokens",
            1,
            most,
            min(most, plan.reserve or usual),
            width=190,
            key=f"lab_reserve_{window}",  # its bound is that of the window
            help="An answer ends there. A plan that is used in the conversation keeps it.",
        )
        share = st.slider(
            "Passages may take", 0, 100, int(plan.source_share * 100), 5, "%d%%", width=135
        )
        latest = st.slider("Sliding window, turns", 1, 20, plan.latest, width=150)
    kept = None if reserve == usual else reserve
    return replace(
        plan, limit=window, source_share=share / 100, latest=latest, reserve=kept
    ), reserve


def _usual(bench: Workbench, turn: Turn, model: ModelInfo, window: int) -> int:
    """What is kept for an answer where nobody says how much."""
    request = replace(turn.request, model=model.ref, max_tokens=None)
    try:
        return bench.upcoming.reserve(user(), request, WindowPlan(limit=window))
    except FootlightsError:  # its prompt is gone: any will do
        return 256


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
    st.caption(f"“{label(turn_picker.one_line(lab.turns[at - 1].question, 70))}”")
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


def _use(
    bench: Workbench, conversation_id: str, tried: WindowPlan, plan: WindowPlan, model: ModelInfo
) -> None:
    wanted = whatif_answers.whole(tried, model)
    if wanted == plan:
        st.caption(":green[:material/check:] This conversation uses it.")
        st.page_link(
            "chat/page.py",
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
