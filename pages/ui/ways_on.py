"""What can be done about an answer that failed: its hint as controls, where one of them does it."""

import re

import streamlit as st

from core.types import Turn

_PAGES = {
    "Models": ("models/page.py", ":material/memory:"),
    "Documents": ("documents/page.py", ":material/description:"),
    "Tools": ("tools/page.py", ":material/build:"),
    "Shares": ("shares/page.py", ":material/share:"),
}
_NAMED = re.compile(rf"\bthe ({'|'.join(_PAGES)}) page\b|\bpage ({'|'.join(_PAGES)})\b")
_AGAIN = re.compile(r"\b([Aa]sk again|[Tt]ry again|[Ww]ait|another model|cheaper model|network)\b")


def pages(hint: str) -> list[str]:
    """The names of the pages that the hint sends somebody to, in its order."""
    return list(dict.fromkeys(one or other for one, other in _NAMED.findall(hint)))


def again(hint: str) -> bool:
    """Whether the hint comes to asking the same once more, now or with another model."""
    return _AGAIN.search(hint) is not None


def draw(turn: Turn, hint: str) -> None:
    """A button that asks again, and the way to each page that the hint names."""
    named, asks = pages(hint), again(hint)
    if not (named or asks):
        return
    with st.container(
        horizontal=True, gap="small", vertical_alignment="center", key=f"ways_{turn.id}"
    ):
        if asks:
            st.button(
                "Ask again",
                icon=":material/refresh:",
                key=f"again_{turn.id}",
                help="With the model, the documents and the tools that are chosen below",
                on_click=lambda: st.session_state.update(suggested=turn.request.prompt),
            )
        for name in named:
            page, icon = _PAGES[name]
            st.page_link(page, label=name, icon=icon)
