"""What would have been cheaper, from one's own calls; said with how it was computed and what it ignores."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import streamlit as st

from core import figures
from core.bootstrap import Sent, Spend, Workbench
from core.cheaper import (
    CACHE_LEAST,
    CACHE_LIFE,
    Cacheable,
    FewerPassages,
    Otherwise,
    caching_could_save,
    fewer_passages,
    on_other_models,
    paid,
    saved_by_caching,
)
from core.types import Usage
from pages.ui.markdown import label
from pages.ui.session import user

_MOST = 4
NEWEST = 100


def draw(bench: Workbench, since: date, until: date, sent: Sequence[Sent]) -> None:
    """A line for each model on which the same tokens cost less, and what caches and fewer passages save."""
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
        st.markdown(label(f"The vendors' caches {word} {figures.nearly(abs(saved))}."))
    st.caption(
        "The tokens of these days at today's prices: the average call of each model, times its calls; no token "
        "cached on the other model. It says nothing of the quality of the answers, and another model may "
        "count and write more or fewer tokens. Calls without a known price are left out."
    )
    _windows(bench, sent)


def _windows(bench: Workbench, sent: Sequence[Sent]) -> None:
    """What the recorded windows tell of caches and of passages."""

    def price_of(ref: str, usage: Usage) -> Decimal | None:
        return bench.price(user(), ref, usage)

    caching, fewer = caching_could_save(sent, price_of), fewer_passages(sent, price_of)
    if caching:
        st.markdown(label(of_caching(caching)))
    if fewer:
        st.markdown(label(of_passages(fewer)))
    if not caching:
        return
    st.caption(
        f"From the windows that were recorded: the newest {NEWEST:,} answers of these days, of them those "
        "that were one call with a known price, at today's prices. A cache is taken to keep a beginning of "
        f"{CACHE_LEAST:,} tokens or more for {CACHE_LIFE.seconds // 60} minutes, for one conversation and "
        "model; its writing is paid, and the vendor may keep less. A passage that nothing cites may have "
        "helped all the same, and which one will be cited is not known before."
    )


def of_caching(found: Cacheable) -> str:
    """What caches could have saved, in words."""
    if not found.repeated:
        return (
            f"A cache could have saved nothing more: in {_answers(found.answers)} no beginning was read "
            "again that a vendor keeps."
        )
    return (
        f"A cache could have saved at most {figures.nearly(found.less)} more: {found.repeated:,} of "
        f"{_answers(found.answers)} read {found.tokens:,} tokens anew that the question before had begun "
        "with."
    )


def of_passages(found: FewerPassages) -> str:
    """What the passages that were not needed cost, in words."""
    left_out = (
        "none of them cites one that would have been left out"
        if not found.missed
        else f"{found.missed:,} of them would have lost a passage that they cite"
    )
    was = "was" if found.answers == 1 else "were"
    return (
        f"{_answers(found.answers)} {was} given passages of {found.tokens:,} tokens; no citation names "
        f"{found.uncited:,} of these, which is {figures.nearly(found.uncited_less)}. With half the "
        f"passages: {figures.nearly(found.half_less)} less, and {left_out}."
    )


def _answers(count: int) -> str:
    return f"{count:,} answer{'' if count == 1 else 's'}"


def _others(used: Sequence[Spend], others: Sequence[Otherwise]) -> None:
    if not others:
        st.markdown("No model that can be asked here, or was asked, is cheaper for all of it.")
        return
    before = sum(each.cost for each in paid(used) if each.cost)
    for other in others[:_MOST]:
        share = f"{other.less / before:.0%}"
        st.markdown(
            f"All of it on **{label(other.ref)}**: {label(figures.nearly(other.cost))}, {share} less."
        )
