"""A question asked again under a plan of the lab, and its answer beside those under the others."""

from dataclasses import replace

import streamlit as st

from core.bootstrap import Workbench
from core.errors import FootlightsError
from core.types import ModelInfo, Turn, TurnRequest, WindowPlan
from pages.ui import live, say
from pages.ui.markdown import label, safe
from pages.ui.session import user


def wanted(asked: Turn, tried: WindowPlan, reserve: int, model: ModelInfo) -> TurnRequest:
    """The question once more under this plan, by this model. It is the owner who asks and pays now, whoever
    asked it first."""
    return replace(
        asked.request,
        model=model.ref,
        key_id="",
        link_id="",
        visitor_id="",
        max_tokens=reserve,
        again=asked.request.again or asked.id,
        plan=whole(tried, model),
    )


def draw(bench: Workbench, asked: Turn, tried: WindowPlan, reserve: int, model: ModelInfo) -> None:
    """The question again under this plan, as if it were asked where the slider is; its answer stands here."""
    turns = bench.turns_of(user(), asked.conversation_id)
    if st.button(
        "Ask it with this",
        key=f"ask_{tried.strategy}",
        icon=":material/send:",
        width="stretch",
        disabled=any(turn.status == "running" for turn in turns),
        help="Asks the question of the slider once more, with what was said before it, and shows the answer here. "
        "The conversation keeps its strategy; of both answers later questions see the newest.",
    ):
        request = wanted(asked, tried, reserve, model)
        try:
            bench.turns.start(user(), request, conversation_id=asked.conversation_id)
        except FootlightsError as error:
            say.problem(error)
        else:
            st.rerun()
    first = asked.request.again or asked.id
    again = [turn for turn in turns if turn.request.again == first and _is_by(turn, tried)]
    if again:
        _answered(bench, again[-1])


def _is_by(turn: Turn, tried: WindowPlan) -> bool:
    return turn.request.plan is not None and turn.request.plan.strategy == tried.strategy


def _answered(bench: Workbench, turn: Turn) -> None:
    """The newest answer under this strategy, with what it took."""
    if turn.status == "running":
        live.follow(bench, turn, st.empty())
        st.rerun()
    with st.container(border=True, gap="xsmall", key=f"again_{turn.id}"):
        if turn.error:
            st.markdown(f":red[{label(turn.error['message'])}] {label(turn.error['hint'])}")
        else:
            st.markdown(safe(turn.answer, len(turn.sources)))
        sent = say.tokens(turn.usage.input_tokens) if turn.usage else "nothing"
        limit = turn.request.plan.limit if turn.request.plan else None
        within = f" of {limit:,}" if limit else ""
        st.caption(f"{sent} sent{within} · {label(say.money(turn.cost))}")
        st.page_link(
            "tokens/page.py",
            label="Its window",
            icon=":material/data_usage:",
            query_params={"turn": turn.id},
        )


def whole(tried: WindowPlan, model: ModelInfo) -> WindowPlan:
    """Without a limit where it is that of the model."""
    return replace(tried, limit=None if tried.limit == model.window else tried.limit)
