"""One provider on the Models page: what it is, what to do, its models, its key or its download."""

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Literal

import streamlit as st

from core.bootstrap import Workbench
from core.errors import FootlightsError
from core.models import ProviderState
from core.types import ModelInfo
from pages.models import download
from pages.ui import say, session
from pages.ui.markdown import label

_BADGES: dict[str, tuple[str, Literal["green", "gray", "orange"]]] = {
    "ready": ("ready", "green"),
    "no_key": ("no key", "gray"),
    "absent": ("not there", "gray"),
    "waiting": ("not here yet", "orange"),
}
_VENDORS = ("openai", "anthropic")
LOOK = """<style>
.st-key-models [data-testid="stHeading"] h2 { padding-top: 0; }
table.fl-models { width: 100%; table-layout: fixed; border-collapse: collapse; font-size: .92rem; }
table.fl-models th { font-weight: 450; font-size: .82rem; opacity: .74; text-align: right; }
table.fl-models :is(th, td) { padding: .3rem 0 .3rem 1rem; border: 0; }
table.fl-models th:nth-child(2) { width: 8rem; }
table.fl-models th:nth-child(n+3) { width: 6rem; }
@media (max-width: 640px) {
  table.fl-models th:nth-child(2) { width: 5.2rem; }
  table.fl-models th:nth-child(n+3) { width: 3.8rem; }
  table.fl-models :is(th, td) { padding-left: .5rem; }
}
table.fl-models td { text-align: right; font-variant-numeric: tabular-nums; }
table.fl-models tr > :first-child { text-align: left; padding-left: 0; }
table.fl-models tbody tr { border-top: 1px solid color-mix(in srgb, currentColor 10%, transparent); }
table.fl-models code { font-size: .8rem; opacity: .7; background: none; padding: 0; display: block; }
</style>"""


def _keep_key(bench: Workbench, provider: ProviderState, field: str) -> None:
    """Check the pasted key and keep it; the field is empty and the key nowhere else afterwards."""
    key = st.session_state[field].strip()
    st.session_state[field] = ""
    if not key:
        st.session_state[f"said_{provider.name}"] = ("The field is empty.", "Paste the key first.")
        return
    try:
        with st.spinner(f"Asking {provider.label} whether the key is good"):
            bench.bridge.run(bench.models.set_key(provider.name, key))
    except FootlightsError as error:
        st.session_state[f"said_{provider.name}"] = (str(error), error.hint)
    else:
        st.toast(f"The key for {provider.label} is good and kept.", icon=":material/key:")


@say.told
def _remove_key(bench: Workbench, provider: ProviderState) -> None:
    """Forget a pasted key."""
    bench.bridge.run(bench.models.set_key(provider.name, None))
    st.toast(f"The key for {provider.label} is removed.", icon=":material/key_off:")


def _try(bench: Workbench, state: ProviderState) -> None:
    """Make one real, small call and keep what became of it for the page."""
    info = state.models[0]
    try:
        with st.spinner(f"Asking {info.label} for one word"):
            trial = bench.bridge.run(bench.trials.run(session.user(), info.ref))
    except FootlightsError as error:
        told = ("bad", f"**{label(str(error))}**\n\n{label(error.hint)}", False)
    else:
        usage = trial.rows[0].usage
        tokens = f"{usage.input_tokens} tokens in, {usage.output_tokens} out" if usage else ""
        told = (
            "good",
            f"**{label(info.label)}** answered “{label(trial.text[:80])}” in "
            f"{say.seconds(trial.seconds)} · {tokens} · {label(say.money(trial.rows[0].cost))}",
            True,
        )
    st.session_state[f"tried_{state.name}"] = told


def draw(bench: Workbench, state: ProviderState, default: str) -> None:
    """One provider: what it is, what to do, its models, and its key or its download."""
    words, colour = _BADGES[state.state]
    state = replace(state, models=tuple(bench.priced(session.user(), state.models)))
    with st.container(border=True, key=f"provider_{state.name}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.header(label(state.label), anchor=False, width="content")
            st.badge(words, color=colour)
        if state.name == "local" and state.state == "waiting" and session.is_owner():
            download.draw(bench, bench.models.weights.download.state)
        else:
            st.caption(label(state.note[:1].upper() + state.note[1:]))
        if state.models:
            st.html(_table(state.models, default))
            if session.is_owner():
                _limits(bench, state.models)
        elif state.state == "ready":
            st.caption("It lists no models; ask for one by its name in `FOOTLIGHTS_MODEL`.")
        if state.state == "ready" and state.models:
            _trial(bench, state)
        if state.name in _VENDORS and session.is_owner():
            _key(bench, state)


def _trial(bench: Workbench, state: ProviderState) -> None:
    """The button that makes one real, small call, what became of it, and what went wrong before."""
    info = state.models[0]
    for model in state.models:
        _circuit(bench, model)
    if not info.is_model:
        return
    st.button(
        f"Test {label(info.label)}",
        icon=":material/network_check:",
        key=f"test_{state.name}",
        on_click=_try,
        args=(bench, state),
        help="One real call of a few tokens; it is booked in the ledger.",
    )
    if tried := st.session_state.get(f"tried_{state.name}"):
        kind, text, booked = tried
        (st.success if kind == "good" else st.error)(text)
        if booked:
            st.page_link("costs/page.py", label="Its row in the ledger", icon=":material/payments:")


def _circuit(bench: Workbench, model: ModelInfo) -> None:
    """What its vendor last complained of, until it answers again; louder when it is left alone."""
    circuit = bench.client.breaker.state(model.ref)
    if circuit.state != "closed":
        when = f"tried again in {circuit.wait:.0f} s" if circuit.wait else "tried again now"
        st.warning(
            f"**{label(model.label)}** failed {circuit.failures} times in a row and is {when}. "
            f"{label(circuit.error)}",
            icon=":material/bolt:",
        )
    elif circuit.error and session.is_owner():
        st.caption(f":material/error: {label(model.label)}, the last time: {label(circuit.error)}")


def _table(models: Sequence[ModelInfo], default: str) -> str:
    """HTML of the models with their window and their price; the ids are what settings and API take."""
    rows = "".join(_row(info, info.ref == default) for info in models)
    heads = "".join(f"<th>{head}</th>" for head in ("Model", "Window, tokens", "Read", "Written"))
    return f'<table class="fl-models"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def _row(info: ModelInfo, is_default: bool) -> str:
    name = f"<b>{escape(info.label)}</b>" if is_default else escape(info.label)
    ref = f"<code>{escape(info.ref)}</code>"
    window = f"{info.window:,}" if info.is_model else "–"
    if info.price is None:
        return f'<tr><td>{name}{ref}</td><td>{window}</td><td colspan="2">price unknown</td></tr>'
    prices = (info.price.input, info.price.output)
    cells = "".join(f"<td>{say.money(price)}</td>" for price in prices)
    own = " <small>your price</small>" if info.note == "your price" else ""
    return f"<tr><td>{name}{own}{ref}</td><td>{window}</td>{cells}</tr>"


def _limits(bench: Workbench, models: Sequence[ModelInfo]) -> None:
    """What is left of this minute, where a limit is known."""
    for info in models:
        seen = bench.client.limiter.state(info.ref)
        parts = [
            f"{max(0, left or 0):,.0f} of {most:,.0f} {unit} left"
            for most, left, unit in (
                (seen.requests, seen.requests_left, "requests"),
                (seen.tokens, seen.tokens_left, "tokens"),
                (seen.input, seen.input_left, "tokens to read"),
                (seen.output, seen.output_left, "tokens to write"),
            )
            if most is not None
        ]
        if seen.waiting:
            parts.append(f"{seen.waiting} waiting")
        if seen.pause:
            parts.append(f"paused for {seen.pause:.0f} s, as its vendor asks")
        if parts:
            st.caption(f":material/speed: {label(info.label)}, this minute: {' · '.join(parts)}")


def _key(bench: Workbench, state: ProviderState) -> None:
    """Where a key is pasted, and the one that is kept is replaced or removed; a key is never shown."""
    field, kept = f"key_{state.name}", state.key_origin == "page"
    if state.key_origin and not kept:
        st.caption("To change it, change the environment or `.env` and start again.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Another key in its place" if kept else f"{state.label} key",
            type="password",
            key=field,
            autocomplete="off",
            max_chars=500,
        )
        st.button(
            "Check and keep", key=f"keep_{field}", on_click=_keep_key, args=(bench, state, field)
        )
        if kept:
            st.button("Remove", key=f"remove_{field}", on_click=_remove_key, args=(bench, state))
    if said := st.session_state.pop(f"said_{state.name}", None):
        st.error(f"**{label(said[0])}**\n\n{label(said[1])}", icon=":material/key_off:")
    st.caption("Kept in the data folder, readable by you alone; one free request checks it.")
