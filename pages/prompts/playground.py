"""The tab in which versions and models are tried side by side, and test cases are kept and run."""

from typing import Any

import streamlit as st

from core.bootstrap import Estimate, PlayColumn, PromptTemplate, Race, Workbench
from core.errors import FootlightsError, NotFound
from pages.prompts import playground_cases, playground_columns, playground_inputs, playground_suite
from pages.ui import say, session
from pages.ui.markdown import label
from pages.ui.session import user

# --- ask -----------------------------------------------------------------------------------------


def start(
    bench: Workbench, name: str, columns: list[PlayColumn], inputs: dict[str, Any], schema: str
) -> None:
    """Run all columns; the page follows them, also after a reload of this tab."""
    try:
        race = bench.bridge.run(bench.playground.start(user(), columns, inputs, schema))
    except FootlightsError as error:
        say.problem(error)
    else:
        st.query_params["play"] = race


def at_once(name: str) -> None:
    """Run the columns as soon as they are drawn, if that costs nothing; else their price is read first."""
    st.session_state[f"play_at_once_{name}"] = True


@say.told
def stop(bench: Workbench, race: Race) -> None:
    """End the columns that still run."""
    bench.bridge.run(bench.playground.stop(user(), race.id))


def current(bench: Workbench, name: str) -> Race | None:
    """The columns that were run last and stand in the address, None when the app was started anew
    since, or they are of another prompt."""
    if not (race_id := session.query("play")):
        return None
    try:
        race = bench.playground.find(user(), race_id)
    except NotFound:
        st.query_params.pop("play", None)
        return None
    return race if race.columns[0].template.name == name else None


# --- draw ----------------------------------------------------------------------------------------


def draw(bench: Workbench, template: PromptTemplate) -> None:
    """The whole tab; it is no fragment: a click in one waits until the fragment is drawn, and Stop would
    come too late."""
    if template.kind == "partial":
        st.info("A partial is not sent by itself: open a prompt that uses it, and try it there.")
        return
    st.html(playground_columns.STYLE)
    _draw_work(bench, template)


def _draw_work(bench: Workbench, template: PromptTemplate) -> None:
    place = st.container()  # the inputs depend on what the columns take, and stand above them
    columns = playground_columns.choose(bench, template)
    with place:
        inputs = playground_inputs.form(bench, template.name, [each.template for each in columns])
        schema = _schema(template)
    _draw_race(bench, template, columns, inputs, schema)
    playground_cases.keep(bench, template, inputs)
    playground_suite.draw(bench, template)


def _schema(template: PromptTemplate) -> str:
    own = "The prompt's own schema is used unless another stands here." if template.output else ""
    with st.expander("The answer as JSON", expanded=False, icon=":material/data_object:"):
        schema = st.text_area(
            "JSON schema of the answer",
            key=f"play_schema_{template.name}",
            height=110,
            placeholder='{"type": "object", "properties": {"days": {"type": "integer"}}}',
            persist_state="session",
        )
        st.caption(f"{own} Each answer is checked against it; who can be held to it, is.".strip())
    return schema.strip()


def _draw_race(
    bench: Workbench,
    template: PromptTemplate,
    columns: list[PlayColumn],
    inputs: dict[str, Any],
    schema: str,
) -> None:
    race = current(bench, template.name)
    with st.container(horizontal=True, vertical_alignment="center", key="play_run_row"):
        button, told = st.empty(), st.empty()
    if race is None or race.ended:
        costs = playground_columns.estimates(bench, columns, inputs, schema)
        told.caption(_cost(costs))
        pressed = button.button(
            "Run side by side",
            type="primary",
            icon=":material/play_arrow:",
            shortcut="Ctrl+Enter",
            key="play_run",
        )
        wanted = st.session_state.pop(f"play_at_once_{template.name}", False)
        if pressed or (wanted and _is_free(costs)):
            start(bench, template.name, columns, inputs, schema)
            race = current(bench, template.name)
        elif race is None:
            _problems(costs)
    if race is None:
        return
    if race.ended:
        playground_columns.draw(bench, race)
        return
    told.empty()
    button.button(
        "Stop", icon=":material/stop:", key="play_stop", on_click=stop, args=(bench, race)
    )
    playground_columns.draw(bench, race)
    st.rerun()  # the button is one to run again


def _cost(costs: list[Estimate | FootlightsError]) -> str:
    fine = [each for each in costs if isinstance(each, Estimate)]
    if not fine:
        return "Nothing can be sent yet."
    whole = sum(fine[1:], fine[0])
    tokens = say.tokens(whole.input_tokens)
    calls = f"{whole.calls} calls" if whole.calls != 1 else "One call"
    return f"{calls}, {tokens} to send: {label(playground_columns.cost_words(whole))}"


def _is_free(costs: list[Estimate | FootlightsError]) -> bool:
    return all(isinstance(each, Estimate) and each.worst == 0 for each in costs)


def _problems(costs: list[Estimate | FootlightsError]) -> None:
    for place, each in enumerate(costs, 1):
        if isinstance(each, FootlightsError):
            st.warning(
                f"**Column {place}: {label(str(each))}**\n\n{label(each.hint)}",
                icon=":material/warning:",
            )
