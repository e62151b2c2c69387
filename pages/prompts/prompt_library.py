"""The library: every prompt with its versions, labels and uses; new ones, copies, the archive, zip in and out."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.bootstrap import (
    PromptUse,
    Workbench,
    export_prompts,
)
from core.errors import FootlightsError
from pages.prompts import prompt_facts, prompt_new, prompt_problems
from pages.ui import paged, say, session
from pages.ui.markdown import control, label

_PAGE = "prompt_page"

# --- ask -----------------------------------------------------------------------------------------


def duplicate(bench: Workbench, name: str, copy: str) -> None:
    """A copy of the version in use under another name, opened."""
    prompt_new.show(bench.bridge.run(bench.prompts.duplicate(name, copy, who=session.user())))


def archive(bench: Workbench, name: str, why: str) -> None:
    """Put a prompt away."""
    bench.prompts.archive(name, who=session.user(), why=why)
    st.toast(f"{name} is in the archive.", icon=":material/archive:")
    st.rerun()


def restore(bench: Workbench, name: str) -> None:
    """Take a prompt back."""
    bench.prompts.restore(name, who=session.user())
    st.toast(f"{name} is back.", icon=":material/unarchive:")
    st.rerun()


# --- draw ----------------------------------------------------------------------------------------


def draw(bench: Workbench) -> None:
    """The whole library."""
    words = _draw_bar(bench)
    uses, errands = bench.prompt_uses(session.user()), bench.errand_uses(session.user())
    drafts = {ref.partition("@")[0] for ref in bench.drafts.refs(session.user())}
    names = [name for name in bench.prompts.names() if _matches(bench, name, words)]
    partials = [name for name in bench.prompts.partials() if _matches(bench, name, words)]
    everything = [*names, *partials]
    for name in paged.shown(everything, _PAGE):
        if name in partials:
            if name == partials[0]:
                st.markdown("#### Partials", help="Texts and macros that prompts share by name.")
            _draw_row(bench, name, None, name in drafts, users=bench.prompts.users_of(name))
        else:
            _draw_row(bench, name, _uses_of(name, uses, errands), name in drafts)
    paged.draw(len(everything), "prompts", _PAGE)
    if not everything:
        st.caption("No prompt has these words." if words else "There is no prompt yet: make one.")
    prompt_problems.draw(bench)
    _draw_archive(bench)


def _draw_bar(bench: Workbench) -> str:
    with st.container(horizontal=True, vertical_alignment="center", key="prompt_bar"):
        words = st.text_input(
            "Search prompts",
            placeholder="Search by name, description, text or label",
            icon=":material/search:",
            label_visibility="collapsed",
            key="prompt_search",
        )
        with st.popover("New prompt", icon=":material/add:"):
            prompt_new.draw_new(bench)
        with st.popover("Import", icon=":material/upload:"):
            prompt_new.draw_import(bench)
        st.download_button(
            "Export all",
            lambda: export_prompts(bench.prompts, bench.prompts.names() + bench.prompts.partials()),
            file_name="prompts.zip",
            mime="application/zip",
            icon=":material/download:",
            on_click="ignore",
        )
    return words


def _uses_of(
    name: str, uses: dict[str, PromptUse], errands: dict[str, PromptUse]
) -> PromptUse | None:
    own = [use for ref, use in uses.items() if ref.partition("@")[0] == name]
    return prompt_facts.total([*own, *([errands[name]] if name in errands else [])])


def _matches(bench: Workbench, name: str, words: str) -> bool:
    if not words.strip():
        return True
    try:
        template = bench.prompts.get(name)
        labels = bench.prompts.labels(name)
    except FootlightsError:
        return words.strip().casefold() in name
    text = " ".join(
        [name, template.description, prompt_facts.where(template), template.raw, *labels]
    )
    return all(word in text.casefold() for word in words.casefold().split())


def _draw_row(
    bench: Workbench,
    name: str,
    used: PromptUse | None,
    has_draft: bool,
    users: Sequence[str] | None = None,
) -> None:
    with st.container(border=True, key=f"prompt_row_{name}"):
        row = st.container(horizontal=True, wrap=False, vertical_alignment="center")
        left, right = row.container(), row.container(width="content")
        with right:
            _draw_menu(bench, name)
        try:
            template, labels = bench.prompts.get(name), bench.prompts.labels(name)
            count = len(bench.prompts.home(name).numbers())
        except FootlightsError as error:
            with left:
                st.page_link("prompts/page.py", label=f"**{name}**", query_params={"p": name})
                st.markdown(f":small[:red[{label(str(error))}]]")
            return
        with left, st.container(gap="xsmall"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.page_link("prompts/page.py", label=f"**{name}**", query_params={"p": name})
                marks = prompt_facts.badges(labels)
                draft = " :gray-badge[draft]" if has_draft else ""
                if marks or draft:
                    st.markdown(marks + draft, width="content")
            if template.description:
                st.markdown(label(template.description))
            told = [f"{count} version{'' if count == 1 else 's'}"]
            if users is None:
                told += prompt_facts.use(used)
            else:
                told.append(f"used by {', '.join(users)}" if users else "no version in use has it")
            if place := prompt_facts.where(template):
                told.append(label(place))
            st.caption(" · ".join(told))


def _draw_menu(bench: Workbench, name: str) -> None:
    with st.popover(
        control("More", f"about {name}"),
        icon=":material/more_horiz:",
        type="tertiary",
        key=f"prompt_menu_{name}",
    ):
        copy = st.text_input(
            "Duplicate as", key=f"copy_{name}", placeholder=f"{name}-2", max_chars=64
        )
        if st.button("Duplicate", key=f"duplicate_{name}", disabled=not copy):
            prompt_new.told(partial(duplicate, bench, name, copy))
        st.download_button(
            "Export",
            lambda: export_prompts(bench.prompts, [name]),
            file_name=f"{name}.zip",
            mime="application/zip",
            icon=":material/download:",
            key=f"export_{name}",
            on_click="ignore",
        )
        st.divider()
        why = st.text_input("Why archive it", key=f"why_{name}", max_chars=200)
        if st.button("Archive", icon=":material/archive:", key=f"archive_{name}"):
            prompt_new.told(partial(archive, bench, name, why))


def _draw_archive(bench: Workbench) -> None:
    archived = bench.prompts.archived()
    if not archived:
        return
    with st.expander(f"Archive · {len(archived)}", icon=":material/archive:"):
        for name in archived:
            changes = bench.prompts.history(name)
            put = next((each for each in reversed(changes) if each.what == "archived"), None)
            with st.container(
                horizontal=True, vertical_alignment="center", key=f"prompt_row_away_{name}"
            ):
                with st.container(gap=None):
                    st.page_link("prompts/page.py", label=f"**{name}**", query_params={"p": name})
                    if put:
                        why = [label(put.why)] if put.why else []
                        told = [*why, say.when(put.at), f"by {prompt_facts.by(put.who)}"]
                        st.caption(" · ".join(told))
                if st.button("Restore", key=f"restore_{name}", icon=":material/unarchive:"):
                    prompt_new.told(partial(restore, bench, name))
