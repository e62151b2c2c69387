"""What would have been cheaper, from one's own calls; said with how it was computed and what it ignores."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from core.bootstrap import Spend, Workbench
from core.cheaper import Otherwise, on_other_models, paid, saved_by_caching
from pages.ui import say
from pages.ui.markdown import label
from pages.ui.session import user

_MOST = 4


def draw(bench: Workbench, since: date, until: date) -> None:
    """A line for each model on which the same tokens cost less, and one for the caches."""
    used = bench.spending.by(user(), "model", since, until)
    if not paid(used):
        return
    refs = sorted({each.name for each in used} | {info.ref for info in bench.models.ready()})
    others = on_other_models(used, refs, lambda ref, usage: bench.price(user(), ref, usage))
    saved = saved_by_caching(used, lambda ref, usage: bench.price(user(), ref, usage))
    st.subheader("What would be cheaper", anchor=False)
    _others(used, others)
    if saved is not None:
        word = "saved" if saved >= 0 else "cost more than they saved, by"
        st.markdown(label(f"The vendors' caches {word} {say.money(abs(round(saved, 6)))}."))
    st.caption(
        "The tokens of these days at today's prices: the average call of each model, times its calls; no token "
        "cached on the other model. It says nothing of the quality of the answers, and another model may "
        "count and write more or fewer tokens. Calls without a known price are left out."
    )


def _others(used: Sequence[Spend], others: Sequence[Otherwise]) -> None:
    if not others:
        st.markdown("No model that can be asked here, or was asked, is cheaper for all of it.")
        return
    before = sum(each.cost for each in paid(used) if each.cost)
    for other in others[:_MOST]:
        share = f"{other.less / before:.0%}"
        st.markdown(
            f"All of it on **{label(other.ref)}**: {label(say.money(round(other.cost, 6)))}, {share} less."
        )
