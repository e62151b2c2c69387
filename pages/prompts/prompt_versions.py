"""The tab of versions: what each was for and how it did, its labels, any two compared, and who moved what."""

from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st

from core.bootstrap import LABEL, Change, PromptTemplate, PromptUse, Variable, Workbench
from core.errors import FootlightsError
from core.types import ModelInfo
from pages.prompts import prompt_facts, prompt_preview
from pages.ui import changes, prompt_values, say, session
from pages.ui.markdown import label

_OFFERED = (LABEL, "staging")


# --- ask -----------------------------------------------------------------------------------------


def put(bench: Workbench, template: PromptTemplate, name: str, why: str) -> None:
    """Move a label to this version."""
    bench.prompts.set_label(template.name, template.version, name, who=session.user(), why=why)
    st.toast(f"{name} is now {template.ref}.", icon=":material/check:")


def take_off(bench: Workbench, template: PromptTemplate, name: str) -> None:
    """Remove a label."""
    bench.prompts.remove_label(template.name, name, who=session.user())
    st.toast(f"No version is {name} now.", icon=":material/label_off:")


def roll_back(bench: Workbench, name: str, which: str) -> None:
    """Move a label back to where it was."""
    version = bench.prompts.roll_back(name, which, who=session.user())
    st.toast(f"{which} is {name}@{version} again.", icon=":material/undo:")


def _told(ask: Callable[..., None], *arguments: object) -> None:
    """For a button: what cannot be done is kept to be said when the page is drawn."""
    try:
        ask(*arguments)
    except FootlightsError as error:
        st.session_state["prompt_problem"] = error


# --- draw ----------------------------------------------------------------------------------------


def draw(bench: Workbench, template: PromptTemplate) -> None:
    """Versions, comparison, history."""
    if problem := st.session_state.pop("prompt_problem", None):
        say.problem(problem)
    name = template.name
    versions = bench.prompts.versions(name)
    labels, edited = bench.prompts.labels(name), bench.prompts.edited(name)
    history = bench.prompts.history(name)
    uses = bench.prompt_uses(session.user())
    for each in reversed(versions):
        saved = next((c for c in history if c.what == "saved" and c.version == each.version), None)
        _draw_version(bench, each, labels, uses.get(each.ref), saved, edited.get(each.version, ""))
    for number, why in edited.items():
        if number not in {each.version for each in versions}:
            st.warning(f"Version {number}: {why}.", icon=":material/warning:")
    if len(versions) > 1:
        _draw_comparison(bench, versions, template)
    _draw_history(bench, name, labels, history)


def _draw_version(
    bench: Workbench,
    template: PromptTemplate,
    labels: Mapping[str, int],
    used: PromptUse | None,
    saved: Change | None,
    edited: str,
) -> None:
    number = template.version
    with (
        st.container(border=True, key=f"prompt_version_{number}"),
        st.container(horizontal=True, vertical_alignment="center"),
    ):
        with st.container(gap=None):
            marks = prompt_facts.badges(labels, number)
            st.markdown(f"**Version {number}** {marks} {label(template.message)}")
            told = [f"saved {say.when(saved.at)} by {prompt_facts.by(saved.who)}"] if saved else []
            st.caption(" · ".join([*told, *prompt_facts.use(used)]))
            if edited:
                st.markdown(f":small[:red[:material/warning: {edited}.]]")
        where = {"p": template.name, "v": str(number)}
        st.page_link("prompts/page.py", label="Edit", icon=":material/edit:", query_params=where)
        if labels.get(LABEL) != number:
            st.button(
                "Use this version",
                icon=":material/check:",
                key=f"use_{number}",
                help=f"Moves the label {LABEL} here; it can be rolled back.",
                on_click=_told,
                args=(put, bench, template, LABEL, ""),
            )
        with st.popover("Label", icon=":material/label:", key=f"labels_{number}"):
            _draw_labels(bench, template, labels)


def _draw_labels(bench: Workbench, template: PromptTemplate, labels: Mapping[str, int]) -> None:
    number = template.version
    why = st.text_input("Why", key=f"label_why_{number}", max_chars=200)
    for name in sorted({*_OFFERED, *labels}):
        here = labels.get(name) == number
        st.button(
            f"Take off {name}" if here else f"Make it {name}",
            key=f"label_{number}_{name}",
            on_click=_told,
            args=(take_off, bench, template, name) if here else (put, bench, template, name, why),
        )
    own = st.text_input("A label of your own", key=f"label_own_{number}", max_chars=32)
    if st.button("Add the label", key=f"label_add_{number}", disabled=not own):
        _told(put, bench, template, own, why)
        st.rerun()


def _draw_comparison(
    bench: Workbench, versions: list[PromptTemplate], template: PromptTemplate
) -> None:
    st.markdown("#### Compare two versions")
    by_number = {each.version: each for each in versions}
    numbers = sorted(by_number, reverse=True)
    after = template.version if template.version > numbers[-1] else numbers[0]
    before = max(number for number in numbers if number < after)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        one = st.selectbox(
            "From", numbers, index=numbers.index(before), key="compare_from", width=160
        )
        two = st.selectbox("To", numbers, index=numbers.index(after), key="compare_to", width=160)
        info = prompt_preview.model(bench, None, key="compare_model")
    old, new = by_number[one], by_number[two]
    _draw_sizes(bench, old, new, info)
    _draw_variables(old, new)
    added, gone = changes.changed_lines(old.raw, new.raw)
    if not added and not gone:
        st.caption("Their texts are the same.")
        return
    st.caption(f"Lines from version {one} to version {two}: {added:,} new, {gone:,} gone.")
    st.html(changes.STYLE + changes.diff(old.raw, new.raw))


def _draw_sizes(
    bench: Workbench, old: PromptTemplate, new: PromptTemplate, info: ModelInfo
) -> None:
    """Tokens and price of both, each variable as it begins."""
    try:
        before, after = (_size(bench, each, info) for each in (old, new))
    except FootlightsError as error:
        st.caption(f"Their tokens cannot be compared: {label(str(error))}.")
        return
    costs = [prompt_preview.price(info, size) for size in (before, after)]
    sign = "+" if after > before else "−"
    change = "the same" if after == before else f"{sign}{say.tokens(abs(after - before))}"
    st.markdown(
        f"**{before:,} → {say.tokens(after)}** ({change}), per 1,000 calls "
        + " → ".join(label(say.money(None if c is None else c * 1000)) for c in costs)
    )
    st.caption("Each with its own defaults, the same question, and no passages.")


def _size(bench: Workbench, template: PromptTemplate, info: ModelInfo) -> int:
    values = prompt_values.starting(bench, template, None)
    rendered = bench.bridge.run(bench.sandbox.render(template, values))
    return prompt_preview.counted(bench, rendered.messages, info)


def _draw_variables(old: PromptTemplate, new: PromptTemplate) -> None:
    before = {each.name: each for each in old.variables}
    after = {each.name: each for each in new.variables}
    told = [f":green[+ {name}] ({_kind(after[name])})" for name in after if name not in before]
    told += [f":red[− {name}]" for name in before if name not in after]
    told += [
        f"{name}: {_kind(before[name])} → {_kind(after[name])}"
        for name in after
        if name in before and _kind(before[name]) != _kind(after[name])
    ]
    st.markdown("Variables: " + (" · ".join(told) if told else "the same"))


def _kind(variable: Variable) -> str:
    needed = ", required" if variable.required else ""
    begins = f", default {variable.default}" if variable.default else ""
    return label(f"{variable.type.replace('_', ' ')}, {variable.trust}{needed}{begins}")


def _draw_history(
    bench: Workbench, name: str, labels: Mapping[str, int], history: tuple[Change, ...]
) -> None:
    st.markdown("#### What happened")
    if not history:
        st.caption("Nothing was changed here by the app; what git knows is in git.")
        return
    with st.container(horizontal=True):
        for which in sorted(labels):
            if any(each.label == which and each.before for each in history):
                st.button(
                    f"Roll back {which}",
                    icon=":material/undo:",
                    key=f"roll_back_{which}",
                    on_click=partial(_told, roll_back, bench, name, which),
                )
    lines = [_line(each) for each in reversed(history[-100:])]
    st.markdown("\n".join(f"- {line}" for line in lines))


def _line(change: Change) -> str:
    before = f"version {change.before}" if change.before else "nowhere"
    after = f"version {change.version}" if change.version else "nowhere"
    match change.what:
        case "saved":
            said = f"version {change.version} was saved"
        case "label":
            said = f"**{label(change.label)}** moved from {before} to {after}"
        case "rolled back":
            said = f"**{label(change.label)}** went back from {before} to {after}"
        case other:
            said = f"the prompt was {other}"
    why = f": {label(change.why)}" if change.why else ""
    return f"{said}{why} :gray[· {say.when(change.at)} · {prompt_facts.by(change.who)}]"
