"""With which prompt a question is asked, and the small form of what that prompt asks for besides."""

from typing import Any

import streamlit as st

from core.bootstrap import PromptTemplate, Variable, Workbench
from core.errors import Misuse, NotFound
from core.types import ModelInfo
from pages.ui import prompt_values
from pages.ui.markdown import label

_SHORT = 18


def current(bench: Workbench) -> PromptTemplate:
    """The prompt that is chosen, in the version that is in use. Raises NotFound where there is none."""
    names = bench.prompts.askable()
    if not names:
        raise NotFound(
            "no prompt is left that a question can be asked with",
            hint="Restore one on the Prompts page, mend one that it says is broken, or make a new one.",
        )
    chosen = st.session_state.get("prompt_choice")
    return bench.prompts.get(chosen if chosen in names else names[0])


def hinted(bench: Workbench, template: PromptTemplate) -> ModelInfo | None:
    """The model that the prompt names, None when it names none or that one cannot be asked now."""
    if not template.model.name:
        return None
    try:
        return bench.models.resolve(template.model.name)
    except Misuse:
        return (
            None  # the first model answers then, and the Models page says what this one waits for
        )


def draw(bench: Workbench) -> None:
    """The choice of the prompt."""
    with st.popover("Prompt", icon=":material/edit_note:", type="tertiary"):
        name = st.radio("Prompt", bench.prompts.askable(), format_func=label, key="prompt_choice")
        template = bench.prompts.get(str(name))
        st.caption(f"version {template.version} is in use")
        if template.output:
            st.caption("Its answer is JSON of the schema that it has.")
        st.page_link(
            "prompts/page.py",
            label="Edit it",
            icon=":material/edit:",
            query_params={"p": str(name)},
        )


def form(template: PromptTemplate) -> tuple[dict[str, Any], str]:
    """What the form of the prompt holds, as far as it is not its default, and the names of those that
    have to be given and are empty."""
    asked = template.asks
    if not asked:
        return {}, ""
    values = {each.name: st.session_state.get(_key(template, each), _start(each)) for each in asked}
    with st.popover(
        label(_title(asked, values, _missing(asked, values))),
        icon=":material/tune:",
        type="tertiary",
    ):
        st.caption("This prompt asks for:")
        for each in asked:
            key = _key(template, each)
            values[each.name] = prompt_values.field(each, _start(each), key, whose=False)
    missing = _missing(asked, values)
    given = {each.name: values[each.name] for each in asked if each.name not in missing}
    usual = {each.name: each.initial for each in asked if not each.required}
    own = {
        name: value
        for name, value in given.items()
        if usual.get(name, value) != value or name not in usual
    }
    return own, ", ".join(name.replace("_", " ") for name in missing)


def _start(variable: Variable) -> Any:
    if variable.type == "choice" and variable.default is None:
        return variable.choices[0]
    return variable.initial


def _key(template: PromptTemplate, variable: Variable) -> str:
    return f"ask_{template.name}_{variable.name}_{variable.type}"


def _missing(asked: tuple[Variable, ...], values: dict[str, Any]) -> list[str]:
    return [each.name for each in asked if each.required and values[each.name] in ("", None)]


def _title(asked: tuple[Variable, ...], values: dict[str, Any], missing: list[str]) -> str:
    """What is to be filled in, else the value where there is one variable, how many where there are more."""
    if missing:
        return f"Fill in {missing[0].replace('_', ' ')}"
    if len(asked) > 1:
        return f"{len(asked)} values"
    said = str(values[asked[0].name])
    short = said if len(said) <= _SHORT else f"{said[:_SHORT]}…"
    return f"{asked[0].name.replace('_', ' ').capitalize()}: {short or 'none'}"
