"""How the app says what happened, and how it says numbers."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import ParamSpec, assert_never
from zoneinfo import ZoneInfo

import streamlit as st

from core.errors import FootlightsError
from core.figures import money as money  # what core itself says in exports
from core.figures import seconds as seconds
from core.types import Basis
from pages.ui.markdown import label

P = ParamSpec("P")
_UNITS = {"page": "p.", "section": "§"}


def problem(error: FootlightsError) -> None:
    """An error of ours on the page: what happened, and what to do next."""
    st.error(f"**{label(str(error))}**\n\n{label(error.hint)}", icon=":material/error:")


def told(ask: Callable[P, object]) -> Callable[P, None]:
    """For what a control calls before the page is drawn: an error of ours is told beside the page, which
    is drawn as ever. Nothing else would catch it there."""

    @wraps(ask)
    def asked(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            ask(*args, **kwargs)
        except FootlightsError as error:
            st.toast(f"{label(str(error))}. {label(error.hint)}", icon=":material/error:")

    return asked


def tokens(count: int) -> str:
    """A number of tokens with its unit."""
    return f"{count:,} token{'' if count == 1 else 's'}"


def share(part: float) -> str:
    """A share of a whole; what is too little to be told from none, or too much from all, says so."""
    if 0 < part < 0.0001:
        return "under 0.01%"
    if 0.995 <= part < 1:
        return "over 99%"
    return f"{part:.2%}" if part < 0.1 else f"{part:.0%}"


def basis(found: Basis, error: float = 0.0) -> str:
    """What a count of tokens is."""
    match found:
        case "exact":
            return "exact"
        case "counted":
            return "scaled to the vendor's own count"
        case "calibrated":
            return f"calibrated, ±{error:.1%}"
        case "estimate":
            return "estimate"
        case _:
            assert_never(found)


def size(count: int) -> str:
    """A number of bytes as people say it."""
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1e3:,.0f} kB" if count < 1e6 else f"{count / 1e6:,.1f} MB"


def when(moment: datetime) -> str:
    """A moment in the visitor's own time zone: today by the clock, else with the date."""
    zone = ZoneInfo(st.context.timezone) if st.context.timezone else UTC
    local, today = moment.astimezone(zone), datetime.now(zone).date()
    if local.date() == today:
        return f"{local:%H:%M}"
    return f"{local:%-d %b, %H:%M}" if local.year == today.year else f"{local:%-d %b %Y}"


def place(unit: str, number: int) -> str:
    """Where in a document: `p. 3`, `slide 2`, `sheet 1`, `§ 4`."""
    return f"{_UNITS.get(unit, unit)} {number}"
