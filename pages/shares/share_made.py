"""A link that was just made: its address, shown once, and how others reach it."""

import base64
from urllib.parse import urlsplit

import streamlit as st

from core.bootstrap import Workbench, link_address, link_badge, qr_code, reached, tunnels
from pages.ui.markdown import label


def keep(title: str, token: str, *, asks_passphrase: bool) -> None:
    """Show the link at the next drawing of the list."""
    st.session_state["made_link"] = (title, token, asks_passphrase)


def draw(bench: Workbench) -> None:
    """The link that was just made, until it is put away."""
    made = st.session_state.get("made_link")
    if not made:
        return
    title, token, asks = made
    base = bench.settings.public_url or _here(bench)
    address = link_address(base, token, asks_passphrase=asks)
    local = urlsplit(base).hostname in ("localhost", "127.0.0.1")
    with st.container(border=True, key="made_link"):
        st.subheader(f"{label(title)} is ready", anchor=False)
        st.caption("This is the only time that the link is shown: Footlights keeps no copy of it.")
        link, code = st.columns([3, 1], vertical_alignment="top")
        with link:
            st.code(address, language=None, wrap_lines=True)
            if local:
                _outside(bench)
            else:
                _public(bench, base)
            with st.expander("A badge for a README", type="compact"):
                st.code(link_badge(address, title), language="markdown", wrap_lines=True)
        with code:
            picture = base64.b64encode(qr_code(address).encode()).decode()
            st.html(
                f'<img src="data:image/svg+xml;base64,{picture}" alt="The link as a QR code" '
                'style="width:100%;max-width:13rem;border-radius:.5rem">'
            )
        if st.button("I have it", type="primary", icon=":material/check:"):
            for name in [each for each in st.session_state if str(each).startswith("reached_")]:
                del st.session_state[name]
            del st.session_state["made_link"]
            st.rerun()


def _public(bench: Workbench, base: str) -> None:
    """Whether the public address leads here: asked once for each link, and again by the button."""
    asked = f"reached_{base}"
    again = st.button("Ask again", icon=":material/refresh:", type="tertiary", key="ask_public")
    if again or asked not in st.session_state:
        with st.spinner("Asking whether the public address answers"):
            st.session_state[asked] = bench.bridge.run(reached(base))
    found = st.session_state[asked]
    if found.works:
        st.caption(f":material/check_circle: {label(found.words)} Asked from this machine.")
    else:
        st.warning(f"{label(found.words)} {label(found.hint)}", icon=":material/link_off:")


def _here(bench: Workbench) -> str:
    found = urlsplit(st.context.url or "")
    if found.scheme and found.netloc:
        return f"{found.scheme}://{found.netloc}"
    return f"http://localhost:{bench.settings.port}"


def _outside(bench: Workbench) -> None:
    found = tunnels(bench.settings.port)
    st.markdown("It opens on this machine only. For others, start a tunnel:")
    if not found:
        st.caption("Neither cloudflared, ngrok nor ssh is installed here: cloudflared is quickest.")
    for each in found:
        st.code(each.command, language="bash", wrap_lines=True)
        st.caption(f"**{each.name}** · {each.note}")
    st.caption(
        "Then put the tunnel's address in the place of this one, or set `FOOTLIGHTS_PUBLIC_URL` to it."
    )
