"""Models: who answers now and why, what else could and at what price, and what each of them waits for."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Literal

import streamlit as st

from core.bootstrap import Workbench
from core.errors import FootlightsError
from core.models import ProviderState
from core.types import ModelInfo
from pages.ui import say, session, spending
from pages.ui.markdown import label

_BADGES: dict[str, tuple[str, Literal["green", "gray", "orange"]]] = {
    "ready": ("ready", "green"),
    "no_key": ("no key", "gray"),
    "absent": ("not there", "gray"),
    "waiting": ("not here yet", "orange"),
}
_VENDORS = ("openai", "anthropic")
_OWN = (*_VENDORS, "local", "quotes")
_LOOK = """<style>
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


# --- ask -----------------------------------------------------------------------------------------


def keep_key(bench: Workbench, provider: ProviderState, field: str) -> None:
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


def remove_key(bench: Workbench, provider: ProviderState) -> None:
    """Forget a pasted key."""
    bench.bridge.run(bench.models.set_key(provider.name, None))
    st.toast(f"The key for {provider.label} is removed.", icon=":material/key_off:")


def test_model(bench: Workbench, state: ProviderState) -> None:
    """Make one real, small call and keep what became of it for the page."""
    info = state.models[0]
    try:
        with st.spinner(f"Asking {info.label} for one word"):
            trial = bench.bridge.run(bench.trials.run(session.user(), info.ref))
    except FootlightsError as error:
        told = ("bad", f"**{label(str(error))}**\n\n{label(error.hint)}")
    else:
        usage = trial.rows[0].usage
        tokens = f"{usage.input_tokens} tokens in, {usage.output_tokens} out" if usage else ""
        told = (
            "good",
            f"**{label(info.label)}** answered “{label(trial.text[:80])}” in "
            f"{say.seconds(trial.seconds)} · {tokens} · {label(say.money(trial.rows[0].cost))}",
        )
    st.session_state[f"tried_{state.name}"] = told


def look_again(bench: Workbench) -> None:
    """Look for servers on this machine once more, and say what was found."""
    bench.bridge.run(bench.models.discover())
    found = [state.label for state in bench.models.states() if state.name not in _OWN]
    st.toast(
        f"Found {label(' and '.join(found))}." if found else "No server was found.",
        icon=":material/search:",
    )


# --- draw ----------------------------------------------------------------------------------------


def draw_default(bench: Workbench) -> None:
    """Which model answers when nobody chooses one, and why it is that one."""
    first = bench.models.resolve(None)
    wanted = bench.settings.model
    if wanted and first.ref.partition(":")[0] == wanted.partition(":")[0]:
        why = "because `FOOTLIGHTS_MODEL` asks for it."
    elif wanted:
        why = f"until {label(wanted)}, which `FOOTLIGHTS_MODEL` asks for, can be asked."
    elif first.is_model:
        why = "because it is the first on this page that can be asked."
    else:
        why = "because no model can be asked yet: add a key, or fetch the local model."
    st.markdown(f"**{label(first.label)}** answers, {why}")
    picked = st.session_state.get("model_choice")
    chosen = next((info for info in bench.models.ready() if info.ref == picked), None)
    if chosen and chosen.ref != first.ref:
        st.caption(f"In the chat you have chosen {label(chosen.label)} for now.")


def draw_provider(bench: Workbench, state: ProviderState, default: str) -> None:
    """One provider: what it is, what to do, its models, and its key or its download."""
    words, colour = _BADGES[state.state]
    with st.container(border=True, key=f"provider_{state.name}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.header(label(state.label), anchor=False, width="content")
            st.badge(words, color=colour)
        if state.name == "local" and state.state == "waiting":
            draw_download(bench, bench.models.weights.download.state)
        else:
            st.caption(label(state.note[:1].upper() + state.note[1:]))
        if state.models:
            st.html(models_table(state.models, default))
        elif state.state == "ready":
            st.caption("It lists no models; ask for one by its name in `FOOTLIGHTS_MODEL`.")
        if state.state == "ready" and state.models:
            draw_test(bench, state)
        if state.name in _VENDORS:
            draw_key(bench, state)


def draw_test(bench: Workbench, state: ProviderState) -> None:
    """The button that makes one real, small call, what became of it, and a circuit that is open."""
    info = state.models[0]
    for model in state.models:
        circuit = bench.client.breaker.state(model.ref)
        if circuit.state != "closed":
            when = f"tried again in {circuit.wait:.0f} s" if circuit.wait else "tried again now"
            st.warning(
                f"**{label(model.label)}** failed {circuit.failures} times in a row and is {when}. "
                f"{label(circuit.error)}",
                icon=":material/bolt:",
            )
    if not info.is_model:
        return
    st.button(
        f"Test {label(info.label)}",
        icon=":material/network_check:",
        key=f"test_{state.name}",
        on_click=test_model,
        args=(bench, state),
        help="One real call of a few tokens; it is booked in the ledger.",
    )
    if tried := st.session_state.get(f"tried_{state.name}"):
        kind, text = tried
        (st.success if kind == "good" else st.error)(text)
        st.page_link("costs.py", label="Its row in the ledger", icon=":material/payments:")


def models_table(models: Sequence[ModelInfo], default: str) -> str:
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
    return f"<tr><td>{name}{ref}</td><td>{window}</td>{cells}</tr>"


def draw_key(bench: Workbench, state: ProviderState) -> None:
    """Where a key is pasted, or the one that is kept is removed; a key is never shown."""
    field = f"key_{state.name}"
    if state.key_origin == "page":
        st.button("Remove the key", key=f"remove_{field}", on_click=remove_key, args=(bench, state))
        return
    if state.key_origin:
        st.caption("To change it, change the environment or `.env` and start again.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            f"{state.label} key", type="password", key=field, autocomplete="off", max_chars=500
        )
        st.button(
            "Check and keep", key=f"keep_{field}", on_click=keep_key, args=(bench, state, field)
        )
    if said := st.session_state.pop(f"said_{state.name}", None):
        st.error(f"**{label(said[0])}**\n\n{label(said[1])}", icon=":material/key_off:")
    st.caption("Kept in the data folder, readable by you alone; one free request checks it.")


@st.fragment(run_every=1.0)
def draw_download(bench: Workbench, drawn: str) -> None:
    """How far the local model's weights have come, and the button that fits."""
    weights = bench.models.weights
    download = weights.download
    if download.state != drawn:
        st.rerun()
    share = download.done / max(1, download.total)
    arrived = f"{download.done / 1e6:,.0f} of {download.total / 1e6:,.0f} MB"
    match download.state:
        case "running":
            st.progress(share, text=f"Fetching the weights · {arrived}")
            button("Skip it", "skip_weights", lambda: bench.bridge.run(weights.skip()))
        case "skipped":
            st.progress(share, text=f"Paused at {arrived}; nothing that has arrived is lost")
            button("Resume", "resume_weights", lambda: bench.bridge.run(bench.models.fetch()))
        case "failed":
            st.markdown(f":red[:material/error:] It did not arrive: {label(download.note)}")
            button("Try again", "retry_weights", lambda: bench.bridge.run(bench.models.fetch()))
        case "absent":
            st.caption(f"Free, private, without a network: {say.size(download.total)}, once.")
            button("Fetch it", "fetch_weights", lambda: bench.bridge.run(bench.models.fetch()))
        case "ready":
            pass  # the page is being drawn anew


def button(text: str, key: str, ask: Callable[[], None]) -> None:
    """A button of the download; the page follows at the next beat of the fragment."""
    if st.button(text, key=key):
        ask()
        st.rerun()


def draw_servers(bench: Workbench, states: Sequence[ProviderState]) -> None:
    """Where compatible servers are looked for, and looking again."""
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        found = any(state.name not in _OWN for state in states)
        start = "" if found else "No server is running on this machine. "
        st.caption(
            f"{start}Ollama, LM Studio and vLLM are found by themselves when they run here; any other "
            "OpenAI-compatible server is named in `FOOTLIGHTS_COMPATIBLE_URL`.",
            width="stretch",
        )
        st.button(
            "Look again",
            icon=":material/refresh:",
            on_click=look_again,
            args=(bench,),
            key="look_again",
        )


def draw_fallback(bench: Workbench) -> None:
    """Whom the app asks when the chosen model does not answer."""
    with st.container(border=True, key="fallback"):
        st.header("When a model does not answer", anchor=False)
        refs = bench.settings.fallback
        if refs:
            st.markdown(" → ".join(f"`{ref.replace('`', '')}`" for ref in refs))
            st.caption(
                "Asked in this order before the first word of an answer, never in the middle; the "
                "answer says who gave it."
            )
        else:
            st.caption(
                "The question fails, and says why. To have other models asked instead, name them in "
                "`FOOTLIGHTS_FALLBACK`, in their order, with commas."
            )


bench = session.workbench()
states = bench.models.states()
st.html(_LOOK)
with st.container(key="models", width=860):
    st.title("Models", anchor=False)
    draw_default(bench)
    st.caption("Prices are US dollars for a million tokens, read and written.")
    default = bench.models.resolve(None).ref
    for state in states:
        draw_provider(bench, state, default)
    draw_servers(bench, states)
    draw_fallback(bench)
    spending.draw(bench)
