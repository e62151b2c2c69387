"""What a run of all cases came to: same, better or worse than with the labelled version."""

from collections.abc import Sequence
from decimal import Decimal

import streamlit as st

from core.bootstrap import Pair, Workbench
from core.cases import Case, CaseResult, Compared, Totals, Verdict, totals
from core.errors import FootlightsError
from pages.ui import playground_cases, playground_columns, say
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
_ORDER = ["worse", "unanswered", "better", "new", "same", None]


def draw(bench: Workbench, pair: Pair, compared: Sequence[Compared]) -> None:
    """Totals, a table of the cases, and one of them open."""
    _draw_totals(bench, pair, compared)
    _draw_table(bench, pair, compared)


def _delete(bench: Workbench, case: Case) -> None:
    try:
        bench.cases.delete(user(), case.id)
    except FootlightsError as error:
        st.toast(f"{error} {error.hint}", icon=":material/error:")


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
    st.dataframe([_side(words, each) for words, each in sides], hide_index=True)


def _side(words: str, each: Totals) -> dict[str, str]:
    return {
        "": words,
        "Cases passed": f"{each.passed} of {each.results}",
        "Checks that hold": f"{each.held} of {each.checks}",
        "Tokens": f"{each.tokens:,}",
        "Cost": say.money(each.cost),
        "Time": say.seconds(each.seconds),
    }


def _draw_table(bench: Workbench, pair: Pair, compared: Sequence[Compared]) -> None:
    rows = sorted(compared, key=lambda one: (_ORDER.index(one.change), one.case.name))
    picked = st.dataframe(
        [_row(one) for one in rows],
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"play_table_{pair.template.name}",
    )
    chosen = picked.selection.rows
    names = [one.case.name for one in rows]
    key = f"play_open_{pair.template.name}"
    if chosen and st.session_state.get(f"{key}_row") != chosen[0]:
        st.session_state[key] = names[min(chosen[0], len(names) - 1)]
    st.session_state[f"{key}_row"] = chosen[0] if chosen else None
    if st.session_state.get(key) not in names:
        st.session_state.pop(key, None)
    name = st.selectbox("Open a case", names, key=key, width=330)
    _draw_case(bench, pair, next(one for one in rows if one.case.name == name))


def _row(one: Compared) -> dict[str, str]:
    result, before = one.result, one.baseline
    return {
        "Case": one.case.name,
        "Against the labelled": _SAID[one.change],
        "Checks": _held(result),
        "Labelled": _held(before),
        "Tokens": f"{_tokens(result):,}" if result else "–",
        "Cost": say.money(result.cost) if result else "–",
        "Time": say.seconds(result.outcome.seconds if result else None),
        "When": say.when(result.created_at) if result else "–",
    }


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
        with st.popover("Delete", icon=":material/delete:", type="tertiary"):
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
