"""The columns of the playground: chosen, priced, streamed side by side, and what each came to."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.bootstrap import Estimate, PlayColumn, PromptTemplate, Race, Seen, Workbench
from core.cases import Outcome
from core.errors import FootlightsError
from pages.prompts import prompt_drafts
from pages.ui import say
from pages.ui.markdown import label, safe
from pages.ui.session import user

STYLE = """<style>
[class*="st-key-play_lane_"] { min-width: 0; }
[class*="st-key-play_text_"] { overflow-wrap: anywhere; }
[class*="st-key-play_text_"] pre { white-space: pre-wrap; }
[class*="st-key-play_text_ended_"] { max-height: 28rem; overflow: auto; }
@media (max-width: 640px) {
  [class*="st-key-play_check_row_"] > :nth-child(1) { flex: 1 1 70%; }
  [class*="st-key-play_check_row_"] > :nth-child(2) { order: 3; flex: 1 1 100%; }
}
@media (min-width: 641px) { [class*="st-key-play_text_"] { min-height: 6rem; } }
</style>"""
DRAFT = 0
_LOOK_UP_SECONDS = 0.25
_SOURCES = 99


# --- choose ---------------------------------------------------------------------------------------


def choose(bench: Workbench, template: PromptTemplate) -> list[PlayColumn]:
    """Two to four columns, each a version or the draft, and a model."""
    name = template.name
    with st.container(horizontal=True, vertical_alignment="bottom"):
        count = st.segmented_control(
            "Columns", [2, 3, 4], default=2, required=True, key=f"play_count_{name}"
        )
    offered = versions(bench, template)
    models = {info.ref: info.label for info in bench.models.ready()}
    chosen: list[PlayColumn] = []
    for place, lane in enumerate(st.columns(count)):
        with lane, st.container(key=f"play_lane_{place}"):
            version = st.selectbox(
                f"Column {place + 1}",
                list(offered),
                index=_first(bench, offered, template, place),
                format_func=lambda number: version_words(bench, name, number),
                key=f"play_version_{name}_{place}",
            )
            model = st.selectbox(
                "Model",
                list(models),
                # With one version alone it is the models that are compared.
                index=min(place, len(models) - 1) if len(offered) == 1 else 0,
                format_func=lambda ref: models[ref],
                key=f"play_model_{name}_{place}",
                label_visibility="collapsed",
            )
        chosen.append(PlayColumn(offered[version], model))
    return chosen


def versions(bench: Workbench, template: PromptTemplate) -> dict[int, PromptTemplate]:
    """What can be tried: the draft of the open version, if there is one that can be read, and every
    version, newest first."""
    found: dict[int, PromptTemplate] = {}
    raw = prompt_drafts.text(bench, template)
    if raw != template.raw:
        with suppress(FootlightsError):  # the editor says what is wrong with it
            found[DRAFT] = bench.prompts.draft(template.name, raw)
    for each in reversed(bench.prompts.versions(template.name)):
        found[each.version] = each
    return found


def version_words(bench: Workbench, name: str, number: int) -> str:
    """A version with its labels, in words."""
    if number == DRAFT:
        return "your draft"
    on = sorted(each for each, version in bench.prompts.labels(name).items() if version == number)
    return " · ".join([f"version {number}", *on])


def _first(
    bench: Workbench,
    offered: dict[int, PromptTemplate],
    template: PromptTemplate,
    place: int,
) -> int:
    numbers = list(offered)
    in_use = bench.prompts.label(template.name)
    if place == 0 or len(numbers) == 1:
        return numbers.index(in_use) if in_use in numbers else 0
    wanted = [DRAFT, template.version, *numbers]
    other = next(each for each in wanted if each in offered and each != in_use)
    return numbers.index(other)


def estimates(
    bench: Workbench, columns: Sequence[PlayColumn], inputs: dict[str, Any], schema: str
) -> list[Estimate | FootlightsError]:
    """What each column will cost, or why it cannot be sent."""
    found: list[Estimate | FootlightsError] = []
    for column in columns:
        try:
            work = bench.playground.estimate(user(), column, inputs, schema)
            found.append(bench.bridge.run(work))
        except FootlightsError as error:
            found.append(error)
    return found


def cost_words(estimate: Estimate) -> str:
    """What calls will cost, in words: `about $0.0003, at most $0.0021`."""
    if estimate.worst is None or estimate.expected is None:
        return "price unknown"
    if not estimate.worst:
        return "$0"
    return (
        f"about {say.money(_short(estimate.expected))}, at most {say.money(_short(estimate.worst))}"
    )


def _short(cost: Any) -> Any:
    """Two digits that count: an estimate knows no more."""
    return cost if not cost else round(cost, max(2, 1 - cost.adjusted()))


# --- run ------------------------------------------------------------------------------------------


@dataclass
class _Pane:
    """Where one column is drawn while it runs."""

    blocks: DeltaGenerator
    tail: DeltaGenerator
    facts: DeltaGenerator
    frozen: int = 0
    drawn: tuple[int, str, int] | None = None


def draw(bench: Workbench, race: Race) -> None:
    """The columns as they are; while one runs they are drawn as it comes."""
    state = "ended" if race.ended else "live"
    models, panes = {info.ref: info.label for info in bench.models.ready()}, []
    for place, (column, lane) in enumerate(
        zip(race.columns, st.columns(len(race.columns)), strict=True)
    ):
        with lane, st.container(border=True, key=f"play_lane_answer_{place}"):
            model = label(models.get(column.model, column.model))
            words = version_words(bench, column.template.name, column.template.version)
            st.markdown(f"**{label(words)}** · :gray[{model}]")
            # While it runs it grows, so that its end is seen; then the figures below are near.
            with st.container(key=f"play_text_{state}_{place}", gap=None):
                blocks, tail = st.container(gap=None), st.empty()
            panes.append(_Pane(blocks, tail, st.empty()))
    for states in bench.bridge.iterate(bench.playground.follow(user(), race.id), _LOOK_UP_SECONDS):
        for pane, seen in zip(panes, states or (), strict=False):
            _show(pane, seen)


def _show(pane: _Pane, seen: Seen) -> None:
    if seen.outcome:
        if pane.drawn != (-1, "", 0):
            pane.drawn = (-1, "", 0)
            _show_outcome(pane, seen.outcome)
        return
    state = (len(seen.text), seen.waiting, int(seen.seconds))
    if state == pane.drawn:
        return
    pane.drawn = state
    pane.facts.caption(f"{seen.seconds:.0f} s")
    if not seen.text:
        pane.tail.markdown(f":shimmer[{label(seen.waiting)}]")
        return
    _freeze(pane, seen.text)
    pane.tail.markdown(safe(seen.text[pane.frozen :], _SOURCES) + " ▍")


def _freeze(pane: _Pane, text: str) -> None:
    """Finished paragraphs get a place of their own and are not sent again with every word."""
    end = text.rfind("\n\n", pane.frozen)
    if end > pane.frozen and text.count("```", 0, end) % 2 == 0:
        pane.blocks.markdown(safe(text[pane.frozen : end], _SOURCES))
        pane.frozen = end + 2


def _show_outcome(pane: _Pane, outcome: Outcome) -> None:
    rest = outcome.text[pane.frozen :]
    if rest.strip():
        pane.tail.markdown(safe(rest, _SOURCES))
    elif pane.frozen:
        pane.tail.empty()
    else:
        pane.tail.caption("It said nothing." if outcome.state == "done" else "No answer.")
    with pane.facts.container(gap="small"):
        if outcome.error:
            st.error(
                f"**{label(outcome.error['message'])}**\n\n{label(outcome.error['hint'])}",
                icon=":material/error:",
            )
        if outcome.schema:
            mark = badge(outcome.schema.passed, "JSON")
            st.markdown(f"{mark} :small[{label(outcome.schema.reason)}]")
        st.caption(" · ".join(facts(outcome)))


def facts(outcome: Outcome) -> list[str]:
    """What a call came to: tokens, cost, times, and why it ended."""
    found = []
    if outcome.usage:
        about = "about " if outcome.usage.source == "estimated" else ""
        both = f"{outcome.usage.input_tokens:,} + {outcome.usage.output_tokens:,}"
        found.append(f"{about}{both} tokens")
    found.append(label(say.money(outcome.cost)))
    if outcome.first_token_seconds is not None:
        found.append(f"first word {say.seconds(outcome.first_token_seconds)}")
    found.append(f"total {say.seconds(outcome.seconds)}")
    if outcome.state != "failed":
        found.append(label(outcome.stop_reason))
    return found


def badge(passed: bool | None, words: str) -> str:
    """A verdict as a badge: green, red, or grey where nobody can tell."""
    colour, icon = {
        True: ("green", "check"),
        False: ("red", "close"),
        None: ("gray", "question_mark"),
    }[passed]
    return f":{colour}-badge[:material/{icon}: {label(words)}]"
