"""What single answers cost: how many cost how much, and the dearest of them."""

from datetime import date

import streamlit as st

from core import figures
from core.bootstrap import Workbench
from pages.ui import cost_charts, say, turn_picker
from pages.ui.health import counted
from pages.ui.markdown import label
from pages.ui.session import theme, user


def draw(bench: Workbench, since: date, until: date) -> None:
    """What single answers cost, and the dearest of them to open."""
    found = bench.spending.distribution(user(), since, until)
    if not found.bins:
        return
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.subheader("What an answer costs", anchor=False)
        mean = found.cost / max(1, found.answers)
        st.caption(
            label(
                f"{counted(found.answers, 'answer')}, {figures.nearly(mean)} each on average, the dearest "
                f"{say.money(found.dearest)}."
            )
        )
        told = ", ".join(f"{many:,} from {say.money(low)}" for low, _, many in found.bins)
        st.plotly_chart(
            cost_charts.by_answer(found, theme()),
            config=cost_charts.CONFIG,
            key="cost_answers",
            alt=f"Answers by cost: {told}",
        )
    with right:
        _dearest(bench, since, until)


def _dearest(bench: Workbench, since: date, until: date) -> None:
    found = bench.spending.dearest(user(), since, until, 8)
    if not found:
        return
    st.subheader("The dearest answers", anchor=False)
    asked = bench.spending.questions(user(), [turn_id for turn_id, _, _ in found])
    with st.container(key="dearest"):
        for turn_id, cost, calls in found:
            words = turn_picker.one_line(asked.get(turn_id, "not of a chat that is there"), 90)
            plural = "" if calls == 1 else "s"
            st.page_link(
                "costs/page.py",
                label=f"**{label(say.money(cost))}** · {label(words)} · {calls}\u00a0call{plural}",
                icon=":material/payments:",
                query_params={"turn": turn_id},
                width="stretch",
            )
