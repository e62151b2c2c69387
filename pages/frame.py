"""The main script: page settings, the look, the menu. Every page is drawn inside it."""

import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # `AppTest` and `uvicorn` start elsewhere than the project's root
    sys.path.insert(0, str(ROOT))

from core.errors import FootlightsError  # noqa: E402
from pages.ui import demo_chat, leaving, once, say, session, sidebar, style  # noqa: E402
from pages.ui.session import workbench  # noqa: E402

st.set_page_config(
    page_title="Footlights", page_icon=style.FAVICON, layout="wide", initial_sidebar_state="auto"
)
style.inject()
leaving.ask_first()
once.press()

_HERE = Path(__file__).parent
_SECTIONS = {
    "": [
        ("chat", "Chat", ":material/forum:"),
        ("documents", "Documents", ":material/description:"),
        ("prompts", "Prompts", ":material/edit_note:"),
    ],
    "Look behind": [
        ("tokens", "Tokens", ":material/data_usage:"),
        ("traces", "Traces", ":material/account_tree:"),
        ("costs", "Costs", ":material/payments:"),
        ("models", "Models", ":material/memory:"),
        ("tools", "Tools", ":material/build:"),
    ],
    "For others": [
        ("shares", "Shares", ":material/share:"),
        ("people", "People", ":material/group:"),
    ],
}

_OWNERS = {"people"}
_DEMO = st.Page("demo.py", title="Demo", url_path="demo", visibility="hidden")


def _of_user() -> None:
    """The whole app, with the page of a link beside it, hidden."""
    page = st.navigation(
        {
            section: [
                *(
                    st.Page(
                        f"{name}/page.py",
                        title=title,
                        icon=icon,
                        url_path=name,
                        default=name == "chat",
                    )
                    for name, title, icon in pages
                    if name not in _OWNERS or session.is_owner()
                ),
                *([_DEMO] if section == "For others" else []),
            ]
            for section, pages in _SECTIONS.items()
        }
    )
    if page.url_path == "demo":
        page.run()
        return
    # A link from a page to itself changes what is drawn, but not the address bar, of which the next run is.
    st.query_params.from_dict(st.query_params.to_dict())
    workbench().first_look()
    sidebar.draw()
    try:
        page.run()
    except FootlightsError as error:  # on a full disk, say, a page that expects no error has one
        say.problem(error)


def _of_visitor() -> None:
    """The page of his link, and nothing else that an address could lead to."""
    nothing = st.Page(demo_chat.nothing, title="Footlights", default=True)
    st.navigation([nothing, _DEMO], position="hidden").run()


if session.is_in():
    _of_user()
else:
    _of_visitor()
