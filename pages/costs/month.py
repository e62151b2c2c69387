"""Where the month stands: its caps as bars, and its spending so far with where it is going as a band."""

import calendar
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from html import escape

import streamlit as st

from core.bootstrap import CapState, Workbench
from core.pace import Pace, month_end
from pages.ui import cost_charts, palette, say
from pages.ui.session import is_owner, theme, user

_NAMES = {"day": "Cap of the day", "month": "Cap of the month"}


def draw(bench: Workbench, spent: Mapping[date, float], today: date) -> None:
    """The caps, and beside them the pace once there are days to tell it from."""
    caps = [each for each in bench.caps.list(user()) if not each.subject and each.scope in _NAMES]
    pace = month_end(spent, today)
    if pace is None or not pace.high:
        _caps(caps)
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        last = today.replace(day=calendar.monthrange(today.year, today.month)[1])
        going_to = going(pace, days_left=(last - today).days)
        st.caption(going_to.replace("$", "\\$"))  # two sums of money are no formula
        limit = next((float(each.limit) for each in caps if each.scope == "month"), None)
        st.plotly_chart(
            cost_charts.month(spent, today, last, pace, limit, theme()),
            config=cost_charts.CONFIG,
            key="cost_month",
            alt=f"This month by day, in sum. {going_to}".replace("**", ""),
        )
    with right:
        _caps(caps)


def going(pace: Pace, *, days_left: int) -> str:
    """What the month comes to, in Markdown; a range only where there is one."""
    if not days_left:
        return "The month ends today (UTC)."
    low, middle, high = (say.money(Decimal(f"{x:.2f}")) for x in (pace.low, pace.middle, pace.high))
    between = "" if low == high else f", in four cases of five between {low} and {high}"
    return f"At the pace of the last two weeks this month comes to about **{middle}**{between}."


def _caps(caps: list[CapState]) -> None:
    for cap in caps:
        _bar(cap)
    if not is_owner():
        return
    if not caps:
        st.caption("No cap is set for the day or the month.")
    words = "Change the caps" if caps else "Set a cap"
    st.page_link("models/page.py", label=words, icon=":material/tune:")


def _bar(cap: CapState) -> None:
    """What is spent, reserved and left of one cap."""
    spent, reserved, free = (part or Decimal(0) for part in (cap.spent, cap.reserved, cap.left))
    whole = max(cap.limit, spent + reserved) or Decimal(1)
    colours = palette.of(theme())
    shown = (
        ("spent", spent, colours.bad if cap.warns else colours.accent, ""),
        ("reserved", reserved, colours.accent, " fl-reserve"),
        ("left", free, colours.free, ""),
        *((("above the cap", cap.over, colours.bad, ""),) if cap.over else ()),
    )
    parts = "".join(
        f'<span class="fl-part{more}" style="width:{float(amount / whole):.2%};background-color:{colour}"></span>'
        for _, amount, colour, more in shown[:3]
        if amount
    )
    legend = "".join(
        f'<li><i class="{more.strip()}" style="background-color:{colour}"></i>{words} '
        f"<b>{escape(say.money(amount))}</b></li>"
        for words, amount, colour, more in shown
    )
    told = ", ".join(f"{say.money(amount)} {words}" for words, amount, _, _ in shown)
    renews = f", renews {cap.renews_at:%-d %b, %H:%M} UTC" if cap.renews_at else ""
    st.html(
        f'<div class="fl-total">{_NAMES[cap.scope]}, {escape(say.money(cap.limit))}{renews}</div>'
        f'<div class="fl-bar" role="img" aria-label="{_NAMES[cap.scope]}: {escape(told)}">{parts}</div>'
        f'<ul class="fl-legend">{legend}</ul>'
    )
