"""What a run of all cases came to: same, better or worse than with the labelled version."""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial

import streamlit as st

from core.bootstrap import Pair, Workbench
from core.cases import Case, CaseResult, Compared, Totals, Verdict, totals
from core.errors import FootlightsError
from pages.prompts import playground_cases, playground_columns, stacked_table
from pages.ui import say
from pages.ui.markdown import label, safe
from pages.ui.session import user

_COLOURS = {
    "better": "green",
    "worse": "red",
    "same": "gray",
    "new": "blue",
    "unanswered": "orange",
}
_SAID = {
    "better": "▲ better",
    "worse": "▼ worse",
    "same": "= same",
    "new": "new",
    "unanswered": "no answer",
    None: "not run yet",
}
_SIDES = ("", "Cases passed", "Checks that hold", "Tokens", "Cost", "Time")
_HEADS = (
    *("Case", "Against the labelled", "Checks", "Labelled"),
    *("Tokens", "Cost", "Time", "When"),
)
_ORDER = ["worse", "unanswered", "better", "new", "same", None]


def draw(bench: Workbench, pair: Pair, compared: Sequence[Compared]) -> None:
    """Totals, a table of the cases, and one of them open."""
    _draw_totals(bench, pair, compared)
    _draw_table(bench, pair, compared)


def _delete(bench: Workbench, case: Case) -> None:
    try:
        bench.cases.delete(user(), case.id)
    except FootlightsError as error:
        st.toast(label(f"{error} {error.hint}"), icon=":material/error:")


def _draw_totals(bench: Workbench, pair: Pair, compared: Sequence[Compared]) -> None:
    counts = {each: sum(one.change == each for one in compared) for each in _COLOURS}
    told = [
        f":{_COLOURS[each]}[**{number} {_SAID[each].strip('▲▼= ')}**]"
        for each, number in counts.items()
        if number
    ]
    if not told:
        return
    if pair.labelled:
        against = playground_columns.version_words(bench, pair.template.name, pair.labelled.version)
        st.markdown(f"Against {label(against)}: {', '.join(told)}")
    else:
        st.markdown(f"{', '.join(told)} · this is the version that others are compared with")
    sides = [("This version", totals([one.result for one in compared if one.result]))]
    if pair.labelled:
        sides.append(
            ("Labelled version", totals([one.baseline for one in compared if one.baseline]))
        )
    stacked_table.draw(_SIDES, [_side(words, each) for words, each in sides])


def _side(words: str, each: Totals) -> tuple[str, ...]:
    return (
        words,
        f"{each.passed} of {each.results}",
        f"{each.held} of {each.checks}",
        f"{each.tokens:,}",
        say.money(each.cost),
        say.seconds(each.seconds),
    )


def _draw_table(bench: Workbench, pair: Pair, compared: Sequence[Compared]) -> None:
    rows = sorted(compared, key=lambda one: (_ORDER.index(one.change), one.case.name))
    by_id = {one.case.id: one for one in rows}
    key = f"play_open_{pair.template.name}"
    if st.session_state.get(key) not in by_id:
        st.session_state[key] = rows[0].case.id
    opened = by_id[st.session_state[key]]
    stacked_table.pick(
        _HEADS,
        {each: _row(one) for each, one in by_id.items()},
        key=f"play_table_{pair.template.name}",
        chosen=opened.case.id,
        on_pick=partial(st.session_state.__setitem__, key),
    )
    _draw_case(bench, pair, opened)


def _row(one: Compared) -> tuple[str, ...]:
    result, before = one.result, one.baseline
    return (
        one.case.name,
        _SAID[one.change],
        _held(result),
        _held(before),
        f"{_tokens(result):,}" if result else "–",
        say.money(result.cost) if result else "–",
        say.seconds(result.outcome.seconds if result else None),
        say.when(result.created_at) if result else "–",
    )


def _held(result: CaseResult | None) -> str:
    if result is None:
        return "–"
    if not result.verdicts:
        return "no checks"
    held = f"{sum(v.passed is True for v in result.verdicts)} of {len(result.verdicts)}"
    undecided = sum(v.passed is None for v in result.verdicts)
    return f"{held}, {undecided} undecided" if undecided else held


def _tokens(result: CaseResult) -> int:
    usage = result.outcome.usage
    return usage.input_tokens + usage.output_tokens if usage else 0


def _draw_case(bench: Workbench, pair: Pair, one: Compared) -> None:
    sides = [("This version", one.result)]
    if pair.labelled:
        sides.append(("Labelled version", one.baseline))
    st.markdown(f"**{label(one.case.name)}**")
    for lane, (words, result) in zip(st.columns(len(sides)), sides, strict=True):
        with lane, st.container(border=True):
            _draw_side(words, result)
    with st.container(horizontal=True):
        st.button(
            "Open in the form above",
            icon=":material/edit:",
            on_click=playground_cases.open_case,
            args=(pair.template.name, one.case),
            key="play_case_open",
        )
        # Known by its case: else it would stand open at the next one when this one is deleted.
        ask = f"play_ask_{one.case.id}"
        with st.popover("Delete", icon=":material/delete:", type="tertiary", key=ask):
            st.caption("The case and its results go; what they cost stays in the ledger.")
            st.button(
                "Delete the case", on_click=_delete, args=(bench, one.case), key="play_case_delete"
            )


def _draw_side(words: str, result: CaseResult | None) -> None:
    if result is None:
        st.markdown(f"**{words}**")
        st.caption("Not run yet with this model.")
        return
    st.markdown(f"**{words}** · :gray[{label(result.version)}, {say.when(result.created_at)}]")
    st.markdown(safe(result.outcome.text, 99) or ":gray[It said nothing.]")
    if result.outcome.error:
        st.error(label(result.outcome.error["message"]), icon=":material/error:")
    for verdict in result.verdicts:
        st.markdown(verdict_words(verdict))
    told = playground_columns.facts(result.outcome)
    if result.judge_cost != Decimal(0):
        told.append(f"judged for {label(say.money(result.judge_cost))}")
    st.caption(" · ".join(told))


def verdict_words(verdict: Verdict) -> str:
    """A check with its verdict and the reason for it."""
    kind = playground_cases.WORDS[verdict.check.kind][0]
    value = " ".join(verdict.check.value.split())
    shown = f" {value[:60]}{'…' * (len(value) > 60)}" if value else ""
    mark = playground_columns.badge(verdict.passed, f"{kind}{shown}")
    return f"{mark} :small[{label(verdict.reason)}]"
