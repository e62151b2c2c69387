"""Keys with which programs ask the app over its OpenAI-compatible API: made, shown once, revoked."""

from decimal import Decimal

import streamlit as st

from core.bootstrap import ApiKey, Workbench
from core.errors import FootlightsError
from pages.ui import say
from pages.ui.markdown import control, label
from pages.ui.session import user

_SHOWN = 20
_SECRET, _PROBLEM = "api_key_secret", "api_key_problem"


def draw(bench: Workbench) -> None:
    """The keys that there are, and the button that makes one."""
    keys = [key for key in bench.api_keys.list(user()) if key.revoked_at is None]
    with st.container(border=True, key="api_keys"):
        st.header("API keys", anchor=False)
        st.caption(
            "Any program that speaks OpenAI’s chat completions can chat with your documents: give it the "
            f"address `{_address(bench)}` and a key. What it asks is found at its key here, and in Traces and Costs."
        )
        for key in keys:
            _row(bench, key)
        _revoked(bench)
        if st.button("Make a key", icon=":material/add:", key="make_api_key", on_click=_forget):
            _make(bench)


def _revoked(bench: Workbench) -> None:
    """What was asked with keys that are no more."""
    gone = [key for key in bench.api_keys.list(user()) if key.revoked_at is not None]
    asked = [key for key in gone if bench.conversations.list(user(), limit=1, key=key.id)]
    if not asked:
        return
    with st.expander("Revoked keys that were used", type="compact"):
        for key in asked:
            with st.container(horizontal=True, vertical_alignment="center", wrap=False):
                st.markdown(f"{label(key.name)} `{key.prefix}…`", width="stretch")
                _asked(bench, key)


def _address(bench: Workbench) -> str:
    base = bench.settings.public_url or f"http://{bench.settings.host}:{bench.settings.port}"
    return f"{base.rstrip('/')}/api/openai/v1"


def _row(bench: Workbench, key: ApiKey) -> None:
    cap = bench.caps.state(user(), "key", key.id)
    used = f"last used {say.when(key.last_used_at)}" if key.last_used_at else "never used"
    spent = "no cap of its own"
    if cap and cap.spent is not None:
        spent = f"{say.money(cap.spent)} of {say.money(cap.limit)} spent"
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.markdown(
            f"**{label(key.name)}** `{key.prefix}…`  \n"
            f":gray[made {say.when(key.created_at)} · {used} · {label(spent)}]",
            width="stretch",
        )
        _asked(bench, key)
        with st.popover(control("Revoke", key.name), type="tertiary", key=f"ask_revoke_{key.id}"):
            st.markdown(f"Programs that use **{label(key.name)}** are turned away from then on.")
            st.button(
                "Revoke it",
                type="primary",
                key=f"revoke_{key.id}",
                on_click=_revoke,
                args=(bench, key),
            )


def _asked(bench: Workbench, key: ApiKey) -> None:
    """The way to what was asked with the key; it stands nowhere else among the conversations."""
    found = bench.conversations.list(user(), limit=_SHOWN + 1, key=key.id)
    if not found:
        return
    with (
        st.popover(control("Asked", f"with {key.name}"), type="tertiary"),
        st.container(gap=None, key=f"asked_{key.id}"),
    ):
        for each in found[:_SHOWN]:
            st.page_link("chat/page.py", label=label(each.title), query_params={"c": each.id})
        if len(found) > _SHOWN:
            st.caption(f"The {_SHOWN} newest; Traces has them all.")


@say.told
def _revoke(bench: Workbench, key: ApiKey) -> None:
    bench.api_keys.revoke(user(), key.id)
    st.toast(f"{label(key.name)} is revoked.", icon=":material/key_off:")


def _forget() -> None:
    for name in (_SECRET, _PROBLEM):
        st.session_state.pop(name, None)


@st.dialog("A key for a program", on_dismiss=_forget)
def _make(bench: Workbench) -> None:
    if secret := st.session_state.get(_SECRET):
        _show(bench, secret)
        return
    st.text_input(
        "Name", max_chars=100, placeholder="the program that will use it", key="api_key_name"
    )
    st.number_input(
        "All that it may spend, $",
        min_value=0.0,
        max_value=1_000_000.0,
        value=1.0,
        step=1.0,
        format="%g",
        key="api_key_cap",
        help="Empty for no cap of its own; your caps count for it in any case.",
    )
    st.button("Make it", type="primary", key="make_it", on_click=_keep, args=(bench,))
    if problem := st.session_state.pop(_PROBLEM, None):
        say.problem(problem)


def _keep(bench: Workbench) -> None:
    if _SECRET in st.session_state:
        return  # a second click: another key would hide this one for ever
    cap = st.session_state["api_key_cap"]
    try:
        _, st.session_state[_SECRET] = bench.api_keys.make(
            user(), st.session_state["api_key_name"], None if cap is None else Decimal(str(cap))
        )
    except FootlightsError as error:
        st.session_state[_PROBLEM] = error


def _show(bench: Workbench, secret: str) -> None:
    st.markdown("**Copy it now: it is kept as a hash, and nobody can read it again.**")
    st.code(secret, language=None)
    st.code(
        "from openai import OpenAI\n\n"
        f'client = OpenAI(base_url="{_address(bench)}", api_key="fl-…")\n'
        "answer = client.chat.completions.create(\n"
        '    model="footlights",\n'
        '    messages=[{"role": "user", "content": "How long is the notice period?"}],\n'
        ")\n"
        "print(answer.choices[0].message.content)\n"
        'print(answer.choices[0].message.footlights["citations"])',
        language="python",
    )
