"""Golden questions: kept with their right passages, asked again after each change, compared."""

from collections.abc import Sequence

import streamlit as st

from core.bootstrap import Workbench
from core.errors import FootlightsError
from core.goldens.report import DEPTH, Report, Result, first, recall
from core.types import Collection, Hit, Run
from pages.ui import say
from pages.ui.health import counted
from pages.ui.markdown import control, label
from pages.ui.session import FILE_MB, user

_SHOWN = 20
_COLOURS = {"better": "green", "worse": "red", "same": "gray", "new": "blue"}
_TOP = 5
STYLE = """<style>
.st-key-golden_list { gap: .9rem; }
[class*="st-key-try_"] button { justify-content: flex-start; text-align: left; padding-inline: 0; min-height: 0; }
[class*="st-key-try_"] button > * { justify-content: flex-start; width: 100%; }
[class*="st-key-try_"] button p { font-weight: 550; text-wrap: pretty; }
</style>"""


def keep(
    bench: Workbench, question: str, ticked: Sequence[Hit], collection: Collection | None
) -> None:
    """Keep the question with the passages that were ticked."""
    where = f" in {label(collection.name)}" if collection else ""
    if st.button(
        f"Save as golden question{where}",
        icon=":material/award_star:",
        disabled=not ticked,
        help="Tick the passages that answer it first." if not ticked else None,
        key="save_golden",
    ):
        try:
            bench.golden.save(user(), question, ticked, collection.id if collection else "")
        except FootlightsError as error:
            say.problem(error)
        else:
            st.toast("Kept. It is asked again after each change.", icon=":material/award_star:")


def draw(bench: Workbench) -> None:
    """The golden questions with their last results, compared with those before."""
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center", key="golden_head"):
        st.subheader("Golden questions", anchor=False, width="stretch")
        _travel(bench)
    bar = st.empty()
    try:
        report = bench.golden.refresh(
            user(), lambda done, of: _progress(bar, done, of) if of > 1 else None
        )
    except FootlightsError as error:
        say.problem(error)
        return
    bar.empty()
    if report.waiting:
        st.caption(f"{counted(report.waiting, 'document')} being read: asked again after that.")
    if not report.results:
        if not report.waiting:
            st.caption(
                "None yet. Try a question, tick the passages that answer it, and save it: after each "
                "change of your documents or of the index you see here what got better or worse."
            )
        return
    st.markdown(summary(report))
    _list(bench, report)
    _history(bench.golden.runs(user()))


def _progress(place: st.delta_generator.DeltaGenerator, done: int, of: int) -> None:
    place.progress(done / of, text=f"Asking the golden questions again: {done} of {of}")


def summary(report: Report) -> str:
    """What changed, in words and figures: `2 better, 1 worse, 7 the same since 14:02`."""
    total = len(report.results)
    top = sum(0 < each.rank <= _TOP for each in report.results)
    stands = f"{top} of {total} have a right passage among the first {_TOP}"
    if report.since is None or report.count("new") == total:
        return f"**{stands}.** First measured at {say.when(report.at)}." if report.at else stands
    parts = [
        f":{_COLOURS[name]}[{report.count(name)} {words}]"
        for name, words in (("better", "better"), ("worse", "worse"), ("same", "the same"))
    ]
    if fresh := report.count("new"):
        parts.append(f":blue[{fresh} new]")
    return f"**{', '.join(parts)} since {say.when(report.since)}** · {stands}"


def _list(bench: Workbench, report: Report) -> None:
    order = {"worse": 0, "better": 1, "new": 2, "same": 3}
    results = sorted(report.results, key=lambda each: order[each.change])
    names = {each.id: each.name for each in bench.collections.list(user())}
    pages = -(-len(results) // _SHOWN)
    page = min(st.session_state.get("golden_page", 1), pages) if pages > 1 else 1
    with st.container(key="golden_list"):
        for each in results[(page - 1) * _SHOWN : page * _SHOWN]:
            _row(bench, each, names.get(each.golden.collection_id, ""))
    if pages > 1:
        st.pagination(pages, width="stretch", key="golden_page")


def _row(bench: Workbench, result: Result, collection: str) -> None:
    golden = result.golden
    with st.container(key=f"golden_{golden.id}", gap=None):
        with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
            st.button(
                label(golden.question),
                type="tertiary",
                width="stretch",
                key=f"try_{golden.id}",
                help="Try it above",
                on_click=_try_it,
                args=(golden.question, golden.collection_id),
            )
            st.button(
                control("", f"Delete {golden.question}"),
                icon=":material/delete:",
                type="tertiary",
                key=f"forget_{golden.id}",
                help="Delete this golden question",
                on_click=_forget,
                args=(bench, golden.id),
            )
        parts = [in_words(result), _found(result), f"in {label(collection)}" * bool(collection)]
        st.caption(" · ".join(part for part in parts if part))


def in_words(result: Result) -> str:
    """The rank of the first right passage against the one before: `rank 1 → 4`, in its colour."""
    rank = _rank(result.rank)
    if result.before is None:
        return f"**{rank}** · :blue[first time]"
    was = _rank(first(result.before)).removeprefix("rank ")
    moved = rank if result.rank == first(result.before) else _moved(was, rank)
    change = {"same": "as before"}.get(result.change, result.change)
    return f"**{moved}** · :{_COLOURS[result.change]}[{change}]"


def _rank(rank: int) -> str:
    return f"rank {rank}" if rank else f"not in the first {DEPTH}"


def _moved(was: str, rank: str) -> str:
    return f"rank {was} → {rank.removeprefix('rank ')}" if was[0].isdigit() else f"{was} → {rank}"


def _found(result: Result) -> str:
    right = len(result.ranks)
    among = round(recall(result.ranks, _TOP) * right)
    if right == 1:
        return ""
    return f"{among} of {right} right passages in the first {_TOP}"


def _try_it(question: str, collection_id: str) -> None:
    st.session_state["trial_question_"] = question
    st.session_state["collection_open"] = collection_id


def _forget(bench: Workbench, golden_id: str) -> None:
    try:
        bench.golden.delete(user(), golden_id)
    except FootlightsError as error:
        say.problem(error)


def _history(runs: Sequence[Run]) -> None:
    """Every run that is kept, newest first."""
    with st.expander(f"{counted(len(runs), 'run')} so far", icon=":material/history:"):
        st.dataframe(
            [
                {
                    "When": say.when(run.created_at),
                    "Questions": len(run.ranks),
                    f"In the first {_TOP}": sum(
                        0 < first(ranks) <= _TOP for ranks in run.ranks.values()
                    ),
                    "Mean reciprocal rank": _mrr(run),
                    "Change of the index": run.seq,
                }
                for run in runs
                if run.ranks
            ],
            hide_index=True,
        )


def _mrr(run: Run) -> float:
    reciprocal = [1 / first(ranks) if first(ranks) else 0.0 for ranks in run.ranks.values()]
    return round(sum(reciprocal) / len(reciprocal), 3)


def _travel(bench: Workbench) -> None:
    with st.popover("Export, import", icon=":material/swap_vert:", type="tertiary"):
        if kept := len(bench.golden.list(user())):
            st.download_button(
                f"Download {counted(kept, 'question')} as JSON lines",
                bench.golden.export(user()),
                "golden-questions.jsonl",
                "application/jsonl",
                icon=":material/download:",
                on_click="ignore",
                key="export_golden",
            )
        file = st.file_uploader(
            "Take in JSON lines",
            key=f"golden_file_{st.session_state.get('golden_loads', 0)}",
            max_upload_size=FILE_MB,
        )
        if file is None:
            return
        try:
            new = bench.golden.load(user(), file.getvalue().decode("utf-8", "replace"))
        except FootlightsError as error:
            say.problem(error)
        else:
            st.session_state["golden_loads"] = st.session_state.get("golden_loads", 0) + 1
            taken = f"{counted(new, 'golden question')} taken in." if new else "All of it was here."
            st.toast(taken, icon=":material/check:")
            st.rerun()
