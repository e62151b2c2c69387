"""The owner's caps: a bar for each with what is spent, reserved and left, and the field that sets it."""

from decimal import Decimal
from typing import Literal

import streamlit as st

from core.bootstrap import CapState, Workbench
from core.errors import FootlightsError
from pages.ui import cap_banner, say
from pages.ui.markdown import label
from pages.ui.session import user

Scope = Literal["day", "month", "conversation"]
_FIELDS: tuple[tuple[Scope, str], ...] = (
    ("day", "A day"),
    ("month", "A month"),
    ("conversation", "Each conversation"),
)
_AT_CAP = {"refuse": "Refuse", "local": "Ask this machine’s model"}


def draw(bench: Workbench) -> None:
    """Draw the caps of the owner."""
    with st.container(border=True, key="caps"):
        st.header("Caps", anchor=False)
        st.caption(
            "What may be spent, in US dollars. The most that a call can cost is set aside before it is "
            "sent, so no cap is passed. A model without a known price is not asked under a cap. "
            "An empty field is no cap."
        )
        caps = {cap.scope: cap for cap in bench.caps.list(user()) if not cap.subject}
        for column, (scope, words) in zip(st.columns(len(_FIELDS)), _FIELDS, strict=True):
            with column:
                _field(bench, scope, words, caps.get(scope))
        _at_cap(bench)


def _at_cap(bench: Workbench) -> None:
    """What happens at a cap."""
    st.session_state.setdefault("at_cap", bench.preferences.at_cap(user()))
    st.segmented_control(
        "When a cap is reached",
        ["refuse", "local"],
        format_func=lambda each: _AT_CAP[each],
        key="at_cap",
        required=True,
        on_change=say.told(
            lambda: bench.preferences.set_at_cap(user(), st.session_state["at_cap"])
        ),
        help="The model on this machine answers when its weights are there and the question, with its "
        "passages, fits its window; the answer says so. Questions with tools, tables, share links and "
        "programs with an API key are refused in any case.",
    )
    if st.session_state["at_cap"] == "local" and not cap_banner.here(bench):
        st.caption("The model of this machine is not ready: until it is, a question is refused.")


def draw_own(bench: Workbench) -> None:
    """What a person of the team may spend, which the owner has set."""
    with st.container(border=True, key="caps"):
        st.header("Caps", anchor=False)
        caps = [each for each in bench.caps.list(user()) if not each.subject]
        st.caption(
            "What you may spend, in US dollars; the owner of the app sets it."
            if caps
            else "The owner of the app has set none for you."
        )
        for cap in caps:
            if cap.spent is not None and cap.reserved is not None:
                st.markdown(f"**A {cap.scope}**")
                _bar(cap, cap.spent, cap.reserved)


def _field(bench: Workbench, scope: Scope, words: str, cap: CapState | None) -> None:
    key = f"cap_{scope}"
    st.number_input(
        f"{words}, $",
        min_value=0.0,
        max_value=1_000_000.0,
        value=float(cap.limit) if cap else None,
        step=1.0,
        format="%g",  # a cap below a cent is shown as it is
        placeholder="no cap",
        key=key,
        on_change=_set,
        args=(bench, scope, key),
    )
    if cap is None:
        return
    if cap.spent is None or cap.reserved is None:
        st.caption("Counted for each conversation by itself.")
    else:
        _bar(cap, cap.spent, cap.reserved)
    warn = f"warn_{scope}"
    st.session_state.setdefault(warn, round(cap.warn_share * 100))
    st.slider(
        "Warn in the chat at",
        min_value=5,
        max_value=100,
        step=5,
        format="%d %%",
        key=warn,
        on_change=_warn,
        args=(bench, scope, cap.limit, warn),
    )
    st.button(
        "Take it away",
        key=f"remove_{key}",
        type="tertiary",
        on_click=_remove,
        args=(bench, scope, key),
    )


def _bar(cap: CapState, spent: Decimal, reserved: Decimal) -> None:
    share = float(min(Decimal(1), (spent + reserved) / cap.limit)) if cap.limit else 1.0
    left = f"{say.money(cap.over)} above it" if cap.over else f"{say.money(cap.left)} left"
    st.progress(share, text=f"{say.money(spent)} spent · {left}")
    aside = f"{say.money(reserved)} reserved · " if reserved else ""
    renews = f"{cap.renews_at:%d %b, %H:%M} UTC" if cap.renews_at else "never"
    st.caption(f"{aside}renews {renews}")


@say.told
def _warn(bench: Workbench, scope: Scope, limit: Decimal, key: str) -> None:
    bench.caps.set(user(), scope, limit, warn_share=st.session_state[key] / 100)


@say.told
def _remove(bench: Workbench, scope: Scope, key: str) -> None:
    bench.caps.remove(user(), scope)
    st.session_state[key] = None
    st.toast("The cap is taken away.", icon=":material/lock_open:")


def _set(bench: Workbench, scope: Scope, key: str) -> None:
    if st.session_state[key] is None:
        _remove(bench, scope, key)
        return
    wanted = Decimal(str(st.session_state[key]))
    try:
        bench.caps.set(user(), scope, wanted)
        st.toast(f"The cap is {say.money(wanted)}.", icon=":material/lock:")
    except FootlightsError as error:
        st.toast(f"{label(str(error))} {label(error.hint)}", icon=":material/error:")
