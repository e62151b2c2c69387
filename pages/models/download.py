"""The download of the local model: how far it has come, and the button that fits."""

from collections.abc import Callable

import streamlit as st

from core.bootstrap import Workbench
from pages.ui import say
from pages.ui.markdown import label


@st.fragment(run_every=1.0)
def draw(bench: Workbench, drawn: str) -> None:
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
            _button("Skip it", "skip_weights", lambda: bench.bridge.run(weights.skip()))
        case "skipped":
            st.progress(share, text=f"Paused at {arrived}; nothing that has arrived is lost")
            _button("Resume", "resume_weights", lambda: bench.bridge.run(bench.models.fetch()))
        case "failed":
            st.markdown(f":red[:material/error:] It did not arrive: {label(download.note)}")
            _button("Try again", "retry_weights", lambda: bench.bridge.run(bench.models.fetch()))
        case "absent":
            st.caption(f"Free, private, without a network: {say.size(download.total)}, once.")
            _button("Fetch it", "fetch_weights", lambda: bench.bridge.run(bench.models.fetch()))
        case "ready":
            pass  # the page is being drawn anew


def _button(text: str, key: str, ask: Callable[[], None]) -> None:
    """A button of the download; the page follows at the next beat of the fragment."""
    if st.button(text, key=key):
        ask()
        st.rerun()
