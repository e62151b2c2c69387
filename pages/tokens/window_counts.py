"""How our count of a window stands beside its vendor's: for this answer, and for those before it."""

from collections.abc import Sequence

import streamlit as st

from core.bootstrap import Workbench
from core.types import Budget, Turn, Usage
from pages.ui import charts, session, sums, window_bar
from pages.ui.markdown import label

_FEW = 3


def draw(bench: Workbench, turn: Turn, budget: Budget, responses: Sequence[Usage]) -> None:
    """Both counts, how ours was made, and how far off it was lately."""
    # The others of several answers read more than this window.
    usage = responses[0] if len(responses) > 1 else turn.usage
    _sums(turn, budget, usage, len(responses))
    _agreement(bench, turn, budget, usage)
    _drift(bench)


def _sums(turn: Turn, budget: Budget, usage: Usage | None, answers: int) -> None:
    """What we counted beside what the provider reported for it, and what came back."""
    counted, about, several = budget.input_tokens, window_bar.about(budget), answers > 1
    first = f"for the first of {answers} answers" if several else ""
    name = "Tokens, not sent" if turn.unsent else "Tokens sent, our count"
    shown = [(name, f"{about}{counted:,}", first)]
    if usage and usage.source == "reported" and usage.input_tokens:
        off = counted / usage.input_tokens - 1
        whole = f"{first}; {turn.usage.input_tokens:,} for all" if several and turn.usage else ""
        shown.append(("Reported by the provider", f"{usage.input_tokens:,}", whole))
        shown.append(("Our count is off by", f"{off:+.1%}" if off else "nothing", ""))
    if turn.usage:
        together = f"in {answers} answers" if several else ""
        near = "≈ " if turn.usage.source == "estimated" else ""
        shown.append(("Tokens answered", f"{near}{turn.usage.output_tokens:,}", together))
    sums.row(shown, "sums")


def _agreement(bench: Workbench, turn: Turn, budget: Budget, usage: Usage | None) -> None:
    """How we counted, and what the provider says of its own count."""
    sort = "the model's own vocabulary" if budget.exact else "an estimate for this model"
    found = bench.counter.calibration(turn.model)
    if budget.basis == "counted":
        sort = f"times {budget.ratio:.2f}, so that the whole is no less than the provider itself counted before it"
        sort += " answered (count_tokens, free)"
    elif found.samples or budget.ratio != 1:
        sort = f"times {budget.ratio:.2f}, {budget.per_message:.0f} more for each message and"
        sort += f" {budget.per_tool:.0f} for each tool, learned from what the provider reported"
        if found.samples and found.basis == "calibrated":
            sort += f" for {found.samples} answers: half of them are within {found.error:.1%}"
            sort += f" (without having learned, {found.plain:.1%})"
    parts = [f"Counted with {budget.counter}, {sort}"]
    if turn.model == "quotes":
        parts.append("no model was asked, so nothing was reported")
    elif turn.unsent:
        parts.append("nothing was sent, so nothing was reported")
    elif usage is None or usage.source == "estimated" or not usage.input_tokens:
        parts.append("the provider reported no count")
    elif usage.cached_tokens:
        parts.append(f"{usage.cached_tokens:,} of the reported came from the provider's cache")
    st.caption(f"{label('; '.join(parts))}.")


def _drift(bench: Workbench) -> None:
    """How far our counts were off, answer by answer, where a vendor said its own."""
    rows = bench.turn_counts.reported(session.user())
    if len(rows) < _FEW:
        return
    with st.expander(f"How far off our counts were: the last {len(rows)} answers", type="compact"):
        points = [(at, model, counted / said - 1) for at, model, counted, said in rows]
        st.plotly_chart(
            charts.drift(points, session.theme()), config={"displayModeBar": False}, key="drift"
        )
        st.dataframe(
            [
                {"when": at, "model": model, "counted": counted, "reported": said}
                for at, model, counted, said in reversed(rows)
            ],
            hide_index=True,
            height=180,
        )
