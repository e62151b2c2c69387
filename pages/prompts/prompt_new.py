"""How prompts come into the library: a new one with something to begin with, or those of a zip or a folder."""

from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st

from core.bootstrap import PromptTemplate, Workbench, import_prompts
from core.errors import FootlightsError
from pages.ui import say, session
from pages.ui.markdown import label

_NEW = {
    "prompt": """---
description: What this prompt is for.
variables:
  - name: question
    type: long_text
    trust: user
    required: true
    description: What is asked.
---
{% message "system" %}
Answer briefly, in the language of the question.
{% endmessage %}
{% message "user" %}
{{ question }}
{% endmessage %}
""",
    "partial": """---
kind: partial
description: What this text is for.
---
Write what several prompts share.
""",
}


# --- ask -----------------------------------------------------------------------------------------


def create(bench: Workbench, name: str, kind: str) -> None:
    """A new prompt with something to begin with, opened."""
    saved = bench.bridge.run(
        bench.prompts.save(name, _NEW[kind], "The first version.", who=session.user(), new=True)
    )
    show(saved)


def take_in(bench: Workbench, data: bytes | Mapping[str, bytes]) -> None:
    """Add what a zip or a folder holds, and say what became of it."""
    done = bench.bridge.run(import_prompts(bench.prompts, data, who=session.user()))
    added = [each.ref for each in done if not each.known]
    known = len(done) - len(added)
    many = f"{len(added)} version{'' if len(added) == 1 else 's'} added"
    more = "…" if len(added) > 8 else ""
    told = [f"{many}: {', '.join(added[:8])}{more}." if added else f"{many}."]
    if known:
        told.append(f"{known:,} {'was' if known == 1 else 'were'} here already.")
    told.append("Labels stay where they are: open a prompt to use a new version.")
    st.success(label(" ".join(told)), icon=":material/check:")


def show(template: PromptTemplate) -> None:
    """Open it."""
    st.query_params.clear()
    st.query_params["p"] = template.name
    st.rerun()


def told(ask: Callable[[], None]) -> None:
    """Do it, or say why not."""
    try:
        ask()
    except FootlightsError as error:
        say.problem(error)


# --- draw ----------------------------------------------------------------------------------------


def draw_new(bench: Workbench) -> None:
    """Name and kind of a new prompt."""
    name = st.text_input("Name", key="new_prompt_name", placeholder="translate", max_chars=64)
    kind = st.segmented_control(
        "Kind",
        ["prompt", "partial"],
        default="prompt",
        required=True,
        key="new_prompt_kind",
        help="A partial is a text or macros that prompts share by its name.",
    )
    if st.button("Create it", type="primary", disabled=not name):
        told(partial(create, bench, name, kind))


def draw_import(bench: Workbench) -> None:
    """A zip or a folder to be taken in."""
    st.caption(
        "A zip as the export writes it, or a folder as git has it. Versions are added; none is ever replaced."
    )
    file = st.file_uploader(
        "A zip of prompts", type="zip", key="prompt_zip", max_upload_size=session.FILE_MB
    )
    folder = st.file_uploader(
        "A folder of prompts",
        type=["md", "yaml", "jsonl"],  # what else lies in it is not even sent
        accept_multiple_files="directory",
        key="prompt_folder",
        max_upload_size=session.FILE_MB,
    )
    if (file or folder) and st.button("Import it", type="primary"):
        if file:
            told(partial(take_in, bench, file.getvalue()))
        if folder:
            told(partial(take_in, bench, {each.name: each.getvalue() for each in folder}))
