"""A vendor's bill beside the ledger: a file dropped, its sums, and day by day what differs and why."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import streamlit as st

from core.bills.comparing import Line, Reconciled, Verdict, compare, days
from core.bills.reading import Bill, header_of, read
from core.bootstrap import Workbench
from core.errors import FootlightsError, Refused
from pages.costs import ledger_table
from pages.ui import say, sums
from pages.ui.markdown import label
from pages.ui.session import FILE_MB, user

_VERDICTS: dict[Verdict, str] = {
    "agrees": "agrees",
    "ours_is_more": "we booked more",
    "theirs_is_more": "the bill is higher",
    "only_ours": "only in the ledger",
    "only_theirs": "only on the bill",
}
_VENDORS = {
    "": "all of them",
    "openai": "OpenAI",
    "anthropic": "Anthropic",
    "compatible": "compatible",
}
_FIELDS = (
    ("day", "Day", "A date or a moment in UTC, or seconds since 1970"),
    ("model", "Model", "Without it, whole days are compared"),
    ("amount", "Amount", "In US dollars"),
    ("sent", "Tokens in", "Cached ones included"),
    ("received", "Tokens out", "Reasoning included"),
)
_MOST_CALLS = 300


def draw(bench: Workbench) -> None:
    """The whole part."""
    st.header("Compare with a bill", anchor=False)
    st.caption(
        "Drop a cost or usage export of OpenAI or Anthropic, or any CSV with a day and an amount. It is "
        "compared by UTC day and model, and not kept."
    )
    given = st.file_uploader(
        "A bill as CSV",
        type=["csv", "tsv", "txt"],
        key="bill",
        max_upload_size=FILE_MB,
        label_visibility="collapsed",
    )
    if given is None:
        return
    try:
        bill = _read(given.getvalue())
    except FootlightsError as error:
        say.problem(error)
        return
    if bill is None:
        return
    found = compare(bill, bench.spending.booked(user(), *days(bill)))
    _sums(bill, found)
    chosen = _lines(found)
    if chosen:
        _calls(bench, chosen)


def _read(data: bytes) -> Bill | None:
    """The bill, by the columns that are chosen where its form is not known."""
    try:
        return read(data)
    except Refused as error:
        columns = header_of(data)
        if "no form" not in str(error):
            raise
        words = str(error)
        st.info(
            f"{label(words[:1].upper() + words[1:])}. {error.hint}", icon=":material/view_column:"
        )
    with st.container(border=True, key="bill_columns"):
        chosen: dict[str, str] = {}
        for place, (field, words, note) in zip(st.columns(5), _FIELDS, strict=True):
            with place:
                picked = st.selectbox(
                    words, columns, index=None, placeholder="none", help=note, key=f"bill_{field}"
                )
            chosen[field] = picked or ""
        vendor = st.segmented_control(
            "Whose models it is about",
            list(_VENDORS),
            default="",
            format_func=lambda each: _VENDORS[each],
            key="bill_vendor",
        )
    if not chosen["day"] or not (chosen["amount"] or chosen["sent"] or chosen["received"]):
        st.caption("Choose a day, and an amount or tokens.")
        return None
    return read(data, chosen, vendor or "")


def _sums(bill: Bill, found: Reconciled) -> None:
    span = f"{found.first:%-d %b} to {found.last:%-d %b %Y}, UTC"
    agreed = sum(line.verdict == "agrees" for line in found.lines)
    empty = f" · {bill.empty:,} rows without anything left out" if bill.empty else ""
    st.caption(f"**{bill.form.name}** · {len(bill.lines):,} rows · {span}{empty}")
    whole = len(found.lines)
    agreement = ("Days and models that agree", f"{agreed:,} of {whole:,}", "")
    if any(line.theirs is not None for line in found.lines):
        difference = found.ours - found.theirs
        rows = [
            ("On the bill", say.money(found.theirs), ""),
            ("In the ledger", say.money(found.ours), ""),
            ("Booked beyond the bill", _signed(difference), ""),
            agreement,
        ]
    else:
        theirs = sum(line.their_tokens or 0 for line in found.lines)
        rows = [
            ("On the bill", say.tokens(theirs), ""),
            ("In the ledger", say.tokens(sum(line.our_tokens for line in found.lines)), ""),
            agreement,
        ]
    sums.row(rows, "bill_sums")


def _lines(found: Reconciled) -> Line | None:
    """The table of days and models; the one that is chosen."""
    differ = [line for line in found.lines if line.verdict != "agrees"]
    shown: Sequence[Line] = found.lines
    if not differ:
        st.success("Every day and model agrees.", icon=":material/check_circle:")
    elif len(differ) < len(found.lines) and not st.toggle("Show what agrees too", key="bill_all"):
        shown = differ
    event = st.dataframe(
        [_as_shown(line) for line in shown],
        hide_index=True,
        height=35 * (1 + min(len(shown), 12)) + 2,
        column_config={
            "Day": st.column_config.DateColumn(format="D MMM YYYY", width=95),
            "Bill": st.column_config.TextColumn(alignment="right", width=100),
            # A sum that is cut at its left is read as another: twelve places and a sign.
            "Ledger": st.column_config.TextColumn(alignment="right", width=130),
            "Difference": st.column_config.TextColumn(alignment="right", width=140),
            "Result": st.column_config.TextColumn(width=120),
            "What explains it": st.column_config.TextColumn(width="large"),
        },
        on_select="rerun",
        selection_mode="single-row",
        key="bill_lines",
        alt="Days and models with what the bill says, what was booked, and why they differ",
    )
    st.caption("Choose a row to see its calls.")
    st.download_button(
        "Download the comparison as CSV",
        as_csv(found.lines),
        "reconciled.csv",
        "text/csv",
        icon=":material/download:",
        type="tertiary",
    )
    picked = event.selection.rows if event else []
    return shown[picked[0]] if picked and picked[0] < len(shown) else None


def _as_shown(line: Line) -> dict[str, object]:
    money = line.theirs is not None or line.their_tokens is None
    theirs = say.money(line.theirs) if line.theirs is not None else "–"
    tokens = (line.our_tokens - line.their_tokens) if line.their_tokens is not None else None
    return {
        "Day": line.day,
        "Model": line.model or ("all" if line.refs else "not named"),
        "Bill": theirs if money else say.tokens(line.their_tokens or 0),
        "Ledger": say.money(line.ours) if money else say.tokens(line.our_tokens),
        "Difference": _signed(line.difference) if money else f"{tokens:+,}",
        "Result": _VERDICTS[line.verdict],
        "What explains it": "; ".join(line.why),
    }


def _signed(amount: Decimal | None) -> str:
    if amount is None:
        return "–"
    return f"{'−' if amount < 0 else '+' if amount else ''}{say.money(abs(amount))}"


def _calls(bench: Workbench, line: Line) -> None:
    st.subheader(f"{label(line.model or 'All models')}, {line.day:%-d %b %Y}", anchor=False)
    if line.why:
        st.markdown(label("; ".join(line.why)))
    if not line.refs:
        st.caption("No call of this app: look for another program or key with the vendor.")
        return
    begin = datetime(line.day.year, line.day.month, line.day.day, tzinfo=UTC)
    rows = bench.ledger.rows(
        user(), _MOST_CALLS, begin, begin + timedelta(days=1), models=line.refs
    )
    # Those that can explain a difference stand first.
    rows.sort(
        key=lambda row: bool(row.usage and row.usage.source == "reported" and row.cost is not None)
    )
    ledger_table.draw(rows, {}, key="bill_calls")
    newest = f"The {_MOST_CALLS} newest. " if len(rows) == _MOST_CALLS else ""
    st.caption(f"{newest}Calls that were estimated, or have no known price, stand first.")


def as_csv(lines: Sequence[Line]) -> str:
    """The comparison as CSV, with exact money."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(
        [
            "day",
            "model",
            "bill_usd",
            "ledger_usd",
            "difference_usd",
            "bill_tokens",
            "ledger_tokens",
            "result",
            "why",
        ]
    )
    for line in lines:
        money = (
            "" if each is None else f"{each:f}"
            for each in (line.theirs, line.ours, line.difference)
        )
        tokens = ("" if line.their_tokens is None else line.their_tokens, line.our_tokens)
        name = ledger_table.plain(line.model)
        writer.writerow([line.day, name, *money, *tokens, line.verdict, "; ".join(line.why)])
    return written.getvalue()
