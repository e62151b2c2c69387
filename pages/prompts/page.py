"""Prompts: the library, and one prompt open with its editor, its versions and what it is tried with."""

from collections.abc import Mapping

import streamlit as st

from core.bootstrap import LABEL, PromptTemplate, Workbench
from core.errors import FootlightsError
from pages.prompts import (
    injection,
    playground,
    prompt_editor,
    prompt_facts,
    prompt_library,
    prompt_versions,
)
from pages.ui import say, session
from pages.ui.markdown import label

# A tab is one line here: its name, and what draws it.
TABS = {
    "Editor": prompt_editor.draw,
    "Playground": playground.draw,
    "Injection range": injection.draw,
    "Versions": prompt_versions.draw,
}
_OF_RUNS = {"play": "Playground", "range": "Injection range"}
_LOOK = """<style>
[class*="st-key-prompt_row_"] [data-testid="stPageLink"] a,
.st-key-prompt_back [data-testid="stPageLink"] a { background: transparent; padding-inline: 0; }
[class*="st-key-prompt_row_"] [data-testid="stHorizontalBlock"] { overflow: visible; }
[class*="st-key-prompt_version_"] [data-testid="stPageLink"] a:not(:hover) { background: transparent; }
[class*="st-key-prompt_row_"] [data-testid="stPageLink"] a:hover,
.st-key-prompt_back [data-testid="stPageLink"] a:hover { text-decoration: underline; }
[class*="st-key-prompt_row_"] [data-testid="stPageLink"] p { font-size: 1.05rem; }
.st-key-prompt_head { row-gap: .3rem; }
</style>"""


# --- ask -----------------------------------------------------------------------------------------


def choose_version(name: str) -> None:
    """Another version of the same prompt; the values stay."""
    st.query_params.update(p=name, v=str(st.session_state["prompt_version"]))


# --- draw ----------------------------------------------------------------------------------------


def draw_head(bench: Workbench, template: PromptTemplate) -> None:
    """What is open, in which version, with which labels."""
    name = template.name
    by_number = {each.version: each for each in bench.prompts.versions(name)}
    labels = bench.prompts.labels(name)
    st.session_state["prompt_version"] = template.version

    def described(number: int) -> str:
        on = [each for each, version in sorted(labels.items()) if version == number]
        return " · ".join(x for x in [f"version {number}", *on, by_number[number].message] if x)

    with st.container(key="prompt_back"):
        st.page_link(
            "prompts/page.py", label="All prompts", icon=":material/arrow_back:", query_params={}
        )
    with st.container(horizontal=True, vertical_alignment="center", key="prompt_head"):
        st.title(name, anchor=False, width="content")
        badges = _badges(bench, template, labels, newest=max(by_number))
        st.markdown(badges or ":gray-badge[not in use]", width="content")
        st.selectbox(
            "Version",
            sorted(by_number, reverse=True),
            format_func=described,
            key="prompt_version",
            on_change=choose_version,
            args=(name,),
            width=330,
            label_visibility="collapsed",
        )
    used = bench.prompt_uses(session.user()).get(template.ref)
    st.markdown(label(template.description))
    place = label(prompt_facts.where(template))
    told = f"this version: {' · '.join(prompt_facts.use(used))}."
    st.caption(f"{place} · {told}" if place else told.capitalize())
    if wrong := bench.prompts.edited(name).get(template.version):
        st.warning(f"This is not what was saved: {wrong}.", icon=":material/warning:")


def _badges(
    bench: Workbench, template: PromptTemplate, labels: Mapping[str, int], newest: int
) -> str:
    """Whether it is a partial, put away, in use; "" when there is nothing to say of it."""
    marks = prompt_facts.badges(labels, template.version)
    archived = bench.prompts.is_archived(template.name)
    if LABEL not in labels and template.version == newest and not archived:
        marks = f":green-badge[in use: the newest] {marks}"
    kind = ":gray-badge[partial] " if template.kind == "partial" else ""
    away = ":gray-badge[archived] " if archived else ""
    return f"{kind}{away}{marks}"


def draw_prompt(bench: Workbench, name: str) -> None:
    """One prompt, open."""
    number = session.query("v")
    try:
        template = bench.prompts.resolve(f"{name}@{number}" if number else name)
    except FootlightsError as error:
        there = [] if number else bench.prompts.all_versions(name)
        if not there:
            raise
        template = there[-1]  # so that the label can be put on another version
        say.problem(error)
    draw_head(bench, template)
    if "prompt_tab" not in st.session_state:
        # A run that the address names is what one comes for, as after a reload in the middle of it.
        named = [_OF_RUNS[each] for each in st.query_params if each in _OF_RUNS]
        st.session_state["prompt_tab"] = named[-1] if named else next(iter(TABS))
    tabs = st.tabs(list(TABS), key="prompt_tab", on_change="rerun")
    for tab, draw_tab in zip(tabs, TABS.values(), strict=True):
        if tab.open:
            with tab:
                draw_tab(bench, template)


bench = session.workbench()
st.html(_LOOK)
name = session.query("p") or ("answer" if session.query("turn") else "")
try:
    if name:
        draw_prompt(bench, name)
    else:
        st.title("Prompts", anchor=False)
        prompt_library.draw(bench)
except FootlightsError as error:
    say.problem(error)
    st.page_link(
        "prompts/page.py", label="All prompts", icon=":material/arrow_back:", query_params={}
    )
