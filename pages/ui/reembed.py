"""Another embedder: what re-embedding takes, its progress, and the vectors that may be thrown away."""

import streamlit as st

from core.bootstrap import Due, Left, Workbench
from core.errors import FootlightsError
from pages.ui import health, say
from pages.ui.markdown import label
from pages.ui.session import user


def draw(bench: Workbench) -> bool:
    """Say what the search waits for, with the way out of it; whether there is anything to wait for."""
    due = bench.reembedder.due(user())
    if due is None:
        return False
    if due.job and not due.job.failure:
        _progress(bench)
        return True
    with st.container(border=True, key="reembed"):
        st.markdown(f":material/sync_problem: **{_said(due)}**")
        if due.job:
            st.markdown(f":red[It stopped: {label(due.job.failure)}.] {label(due.job.hint)}")
        st.caption(_takes(bench, due))
        st.button(
            f"Re-embed {health.counted(due.passages, 'passage')}",
            type="primary",
            icon=":material/sync:",
            key="reembed_start",
            on_click=say.told(bench.reembedder.start),
            args=(user(),),
        )
    return True


def draw_left(bench: Workbench) -> None:
    """The vectors that no search needs, each with what it frees."""
    for number, left in enumerate(bench.reembedder.left(user())):
        size = say.size(left.bytes)
        with st.container(horizontal=True, vertical_alignment="center", key=f"left_{number}"):
            if left.model:
                words = f"Vectors of {label(left.model)} are kept ({size}): going back to it takes no work."
            else:
                words = f"Vectors of deleted passages are kept ({size}): a file that comes back takes no work."
            st.caption(words, width="stretch")
            st.button(
                f"Remove {size}",
                key=f"throw_away_{number}",
                type="tertiary",
                on_click=_throw_away,
                args=(bench, left),
            )


def _said(due: Due) -> str:
    many = health.counted(due.passages, "passage")
    was = "was" if due.passages == 1 else "were"
    now = label(due.now)
    if not due.before:
        return f"{many} {was} not yet embedded with {now}, which is configured."
    return f"{many} {was} embedded with {label(health.listed(due.before))}; {now} is configured."


def _takes(bench: Workbench, due: Due) -> str:
    with st.spinner("Timing the embedder on a few passages"):
        try:
            takes = bench.reembedder.takes(user())
        except FootlightsError as error:
            return f"{label(str(error))}. {label(error.hint)}"
    how = "measured on this machine" if takes.measured else "by rule of thumb"
    cost = say.money(takes.cost) if takes.measured else f"about {say.money(takes.cost)}"
    if takes.cost is None:
        cost = "at a price that is not known"
    return (
        f"Until they are embedded again these documents are not searched, so that no answer misses half of them. It takes "
        f"about {_span(takes.seconds)} ({how}) and costs {cost}. The old vectors are kept: set "
        f"`FOOTLIGHTS_EMBEDDER` back, start again, and nothing has to be done."
    )


@st.fragment(run_every=0.5)
def _progress(bench: Workbench) -> None:
    due = bench.reembedder.due(user())
    if due is None or due.job is None or due.job.failure:
        st.rerun()
        return
    job = due.job
    share = min(1.0, job.done / job.total) if job.total else 0.0
    with st.container(horizontal=True, vertical_alignment="center", key="reembedding"):
        st.progress(
            share,
            text=f"Re-embedding with **{label(due.now)}** · {job.done:,} of {job.total:,} passages",
            width="stretch",
        )
        st.button(
            "Cancel",
            key="reembed_cancel",
            help="What is embedded is kept for another time.",
            on_click=say.told(bench.reembedder.cancel),
            args=(user(),),
        )
    st.caption("Questions to these documents wait until it is done; you can leave this page.")


def _throw_away(bench: Workbench, left: Left) -> None:
    try:
        bench.reembedder.throw_away(user(), left)
    except FootlightsError as error:
        say.problem(error)


def _span(seconds: float) -> str:
    if seconds < 60:
        return health.counted(max(1, round(seconds)), "second")
    if seconds < 5400:
        return health.counted(round(seconds / 60), "minute")
    return f"{seconds / 3600:.1f} hours"
