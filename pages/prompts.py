"""Prompts: what the model is told, what it comes to, and which version is in use."""

import streamlit as st

from core.bootstrap import PromptTemplate, Workbench
from core.errors import FootlightsError
from core.types import Turn
from pages.ui import changes, prompt_preview, say, session
from pages.ui.markdown import label

_LOOK = """<style>
.st-key-prompt_source textarea {
  font: .82rem/1.6 "JetBrains Mono", ui-monospace, monospace; tab-size: 2;
}
</style>"""


# --- ask -----------------------------------------------------------------------------------------


def choose_prompt() -> None:
    """Another prompt, in the version that is in use."""
    for name in ("v", "turn"):
        st.query_params.pop(name, None)
    st.query_params["p"] = st.session_state["prompt_name"]


def choose_version() -> None:
    """Another version of the same prompt; the values stay."""
    name, version = st.session_state["prompt_name"], st.session_state["prompt_version"]
    st.query_params.update(p=name, v=str(version))


def use(bench: Workbench, template: PromptTemplate) -> None:
    """Make this version the one that answers use."""
    try:
        bench.prompts.set_label(template.name, template.version)
    except FootlightsError as error:
        say.problem(error)
    else:
        st.toast(f"From now on answers use {template.ref}.", icon=":material/check:")


def save(bench: Workbench, template: PromptTemplate, raw: str, message: str) -> None:
    """Write the next version, and open it."""
    if raw == template.raw:
        st.info("Nothing is changed yet.", icon=":material/edit_off:")
        return
    try:
        saved = bench.bridge.run(bench.prompts.save(template.name, raw, message))
    except FootlightsError as error:
        say.problem(error)
        return
    drafts().pop(template.ref, None)
    st.session_state.pop(source_key(template), None)
    st.query_params.update(p=saved.name, v=str(saved.version))
    st.toast(f"{saved.ref} is saved. It is not used until you say so.", icon=":material/save:")
    st.rerun()


def discard(template: PromptTemplate) -> None:
    """Go back to what the version says."""
    drafts().pop(template.ref, None)
    st.session_state[source_key(template)] = template.raw


def drafts() -> dict[str, str]:
    """What is being edited, by version; it is there still when the visitor comes back to the page."""
    kept: dict[str, str] = st.session_state.setdefault("prompt_drafts", {})
    return kept


def source_key(template: PromptTemplate) -> str:
    """The key of the editor of this version."""
    return f"source_{template.name}_{template.version}"


# --- draw ----------------------------------------------------------------------------------------


def draw_chooser(
    bench: Workbench, names: list[str], template: PromptTemplate, used: int
) -> list[PromptTemplate]:
    """Which prompt and which version, who uses it, and the button that puts it to use."""
    versions = bench.prompts.versions(template.name)
    by_number = {version.version: version for version in versions}
    st.session_state["prompt_name"] = template.name
    st.session_state["prompt_version"] = template.version

    def described(number: int) -> str:
        parts = [f"version {number}", "in use" * (number == used), by_number[number].message]
        return " · ".join(part for part in parts if part)

    with st.container(horizontal=True, vertical_alignment="bottom", key="prompt_chooser"):
        st.selectbox("Prompt", names, key="prompt_name", on_change=choose_prompt, width=200)
        st.selectbox(
            "Version",
            sorted(by_number, reverse=True),
            format_func=described,
            key="prompt_version",
            on_change=choose_version,
            width=340,
        )
        if template.version != used:
            st.button(
                "Use this version", icon=":material/check:", on_click=use, args=(bench, template)
            )
    count = bench.prompt_uses(session.user()).get(template.ref, 0)
    state = ":green-badge[in use] " if template.version == used else ""
    st.markdown(f"{state}{label(template.description)}")
    answers = f"{count:,} answer{'' if count == 1 else 's'}" if count else "No answer"
    st.caption(f"{answers} so far with this version.")
    return versions


def draw_editor(bench: Workbench, template: PromptTemplate, newest: int) -> str:
    """The text of the version to be edited, and saving it as the next one; the text as it is now."""
    key = source_key(template)
    if key not in st.session_state:
        st.session_state[key] = drafts().get(template.ref, template.raw)
    with st.container(key="prompt_source"):
        raw = st.text_area("The prompt's file", height=560, key=key, help="Ctrl+Enter shows it.")
    changed = raw != template.raw
    if changed:
        drafts()[template.ref] = raw
    else:
        drafts().pop(template.ref, None)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        message = st.text_input(
            "What is different", key=f"message_{key}", placeholder="Shorter answers", max_chars=200
        )
        if changed:
            st.button("Discard", type="tertiary", on_click=discard, args=(template,))
        pressed = st.button(f"Save as version {newest + 1}", type="primary")
    if pressed:
        save(bench, template, raw, message)
    return raw


def draw_changes(template: PromptTemplate, raw: str, versions: list[PromptTemplate]) -> None:
    """What is edited against the version it began from; unedited, the version against the one before."""
    before, after = template, "your text"
    if raw == template.raw:
        earlier = [each for each in versions if each.version < template.version]
        if not earlier:
            st.caption("The first version: edit it, and your changes stand here.")
            return
        before, after = earlier[-1], f"version {template.version}"
    new, gone = changes.changed_lines(before.raw, raw)
    st.caption(f"Lines from version {before.version} to {after}: {new:,} new, {gone:,} gone.")
    st.html(changes.STYLE + changes.diff(before.raw, raw))


def draw_turn(turn: Turn) -> None:
    """Which question the values are from, and the ways back."""
    with st.container(horizontal=True, vertical_alignment="center", key="prompt_turn"):
        asked = turn.request.prompt
        short = asked if len(asked) <= 80 else f"{asked[:79]}…"
        st.caption(
            f"Filled with a question of {say.when(turn.created_at)}: “{label(short)}”",
            width="content",
        )
        doors = (
            ("chat.py", "Answer", ":material/forum:", {"c": turn.conversation_id}),
            ("tokens.py", "Window", ":material/data_usage:", {"turn": turn.id}),
            ("traces.py", "Trace", ":material/account_tree:", {"turn": turn.id}),
        )
        for page, text, icon, where in doors:
            st.page_link(page, label=text, icon=icon, query_params=where)


def draw(bench: Workbench) -> None:
    """The whole page; what cannot be found is said at its edge."""
    names = bench.prompts.names()
    if not names:
        st.info(f"There is no prompt in {label(str(bench.settings.prompts))}.")
        return
    first = "answer" if "answer" in names else names[0]
    name, number = session.query("p") or first, session.query("v")
    used = bench.prompts.label(name)
    template = bench.prompts.resolve(f"{name}@{number or used}")
    turn = None
    if turn_id := session.query("turn"):
        turn = bench.turn_rows.get(session.user(), turn_id)
    versions = draw_chooser(bench, names, template, used)
    if turn:
        draw_turn(turn)
    left, right = st.columns(2, gap="large")
    with left:
        raw = draw_editor(bench, template, versions[-1].version)
    with right:
        sent, changed = st.tabs(["What is sent", "Changes"])
        with sent:
            prompt_preview.draw(bench, template.name, raw, turn)
        with changed:
            draw_changes(template, raw, versions)


bench = session.workbench()
st.html(_LOOK + prompt_preview.STYLE)
st.title("Prompts", anchor=False)
try:
    draw(bench)
except FootlightsError as error:
    say.problem(error)
    st.page_link("prompts.py", label="The prompt that answers use", icon=":material/arrow_back:")
