"""What a model costs and how fast it may be asked, where the user knows better than the table."""

from decimal import Decimal
from typing import Any

import streamlit as st

from core.bootstrap import Limit, PriceOverride, Workbench
from core.errors import FootlightsError
from pages.ui import say
from pages.ui.markdown import label
from pages.ui.session import user

_PRICES = (
    ("input", "Read, $"),
    ("output", "Written, $"),
    ("cached", "Read from a cache, $"),
    ("cache_write", "Written to a cache, $"),
)
_LIMITS = (("requests", "Requests a minute"), ("tokens", "Tokens a minute"))


def draw(bench: Workbench) -> None:
    """The form for one model, and what has been entered so far."""
    own = {price.ref: price for price in bench.prices.list(user())}
    limits = bench.preferences.limits(user())
    states = bench.models.states()
    refs = [info.ref for state in states if state.name != "quotes" for info in state.models]
    with st.container(border=True, key="terms"):
        st.header("Prices and limits of your own", anchor=False)
        st.caption(
            "For a model whose price no table knows, or that you get at another one; and for a pace that "
            "you want to keep. Prices are US dollars for a million tokens; an empty field is the table's."
        )
        ref = st.selectbox(
            "Model",
            list(dict.fromkeys([*refs, *own, *limits])),
            index=None,
            placeholder="choose one, or type provider:id",
            accept_new_options=True,
            format_func=label,
            key="terms_ref",
        )
        if ref:
            _form(bench, str(ref), own.get(ref), limits.get(ref))
        for known in sorted({*own, *limits}):
            st.caption(
                f"`{known.replace('`', '')}` · {_entered(own.get(known), limits.get(known))}"
            )


def _form(bench: Workbench, ref: str, price: PriceOverride | None, limit: Limit | None) -> None:
    with st.form(f"terms_{ref}", border=False):
        values: dict[str, Any] = {}
        for column, (name, words) in zip(st.columns(4), _PRICES, strict=True):
            entered = getattr(price, name) if price else None
            values[name] = column.number_input(
                words,
                min_value=0.0,
                max_value=10_000.0,
                value=None if entered is None else float(entered),
                step=0.01,
                format="%.6g",
                placeholder="the table's" if name in ("input", "output") else "as read",
            )
        for column, (name, words) in zip(st.columns(2), _LIMITS, strict=True):
            values[name] = column.number_input(
                words,
                min_value=1,
                max_value=1_000_000_000,
                value=getattr(limit, name) if limit else None,
                step=1,
                placeholder="what its vendor allows",
            )
        if st.form_submit_button("Keep", type="primary"):
            _keep(bench, ref, values)
    if price or limit:
        st.button(
            "Take both away",
            type="tertiary",
            key="terms_remove",
            on_click=_remove,
            args=(bench, ref),
        )


@say.told
def _remove(bench: Workbench, ref: str) -> None:
    bench.set_price(user(), ref, None)
    bench.set_limit(user(), ref, Limit())
    st.toast(f"{label(ref)} costs what the table says again.", icon=":material/undo:")


def _keep(bench: Workbench, ref: str, values: dict[str, Any]) -> None:
    prices = [values[name] for name, _ in _PRICES]
    if any(value is not None for value in prices) and None in prices[:2]:
        st.error("A price has at least two parts: what is read and what is written.")
        return
    exact = [None if value is None else Decimal(str(value)) for value in prices]
    override = None if exact[0] is None or exact[1] is None else PriceOverride(ref, *exact)  # type: ignore[arg-type]
    try:
        bench.set_price(user(), ref, override)
        bench.set_limit(user(), ref, Limit(values["requests"], values["tokens"]))
    except FootlightsError as error:
        say.problem(error)
        return
    st.toast(f"Kept for {label(ref)}; it counts from its next call on.", icon=":material/check:")
    st.rerun()


def _entered(price: PriceOverride | None, limit: Limit | None) -> str:
    parts = []
    if price:
        parts.append(f"\\{say.money(price.input)} read, \\{say.money(price.output)} written")
    if limit and limit.requests:
        parts.append(f"{limit.requests:,} requests a minute")
    if limit and limit.tokens:
        parts.append(f"{limit.tokens:,} tokens a minute")
    return " · ".join(parts)
