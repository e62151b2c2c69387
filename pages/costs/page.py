"""Costs: what was spent, on which day and on which model, and the rows of the ledger behind it.

A visitor wants to see what today and this month came to, what made it so, and that nothing is missing.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial

import streamlit as st

from core import figures
from core.errors import FootlightsError
from core.types import LedgerRow, Turn, Usage
from pages.costs import cost_views, ledger_table, month, reconcile
from pages.ui import say, session, sums, turn_picker, usage
from pages.ui.markdown import label

_ROWS = 500
_MOST_CSV = 200_000
_BEGIN = datetime(2000, 1, 1, tzinfo=UTC)

# --- state and ask -------------------------------------------------------------------------------

bench = session.workbench()
today = datetime.now(UTC).date()
wanted = session.query("turn")
spent = bench.spending.models_by_day(session.user(), _BEGIN)
everything = partial(bench.ledger.stream, session.user(), turn_id=wanted or None)
rows = list(everything(_ROWS))


def asked(turn_id: str) -> Turn | None:
    """The turn of the address bar; one that is not there is said."""
    try:
        return bench.turn_rows.get(session.user(), turn_id)
    except FootlightsError as error:
        say.problem(error)
        return None


def questions(shown: Sequence[LedgerRow]) -> dict[str, str]:
    """What was asked in the turns of the rows."""
    asked_in = bench.spending.questions(session.user(), sorted({row.turn_id for row in shown}))
    return {turn_id: turn_picker.one_line(words, 120) for turn_id, words in asked_in.items()}


# --- draw ----------------------------------------------------------------------------------------


def draw_sums() -> None:
    """Today, this month and all of it, with calls and tokens; what is not in them is said."""
    spans = (("Today", today), ("This month", today.replace(day=1)), ("All time", date.min))
    sums.row([sum_since(name, since) for name, since in spans], "sums")
    month.draw(bench, by_day(), today)
    if unpriced := sum(each.unpriced_calls for each in spent):
        st.warning(
            f"{_calls(unpriced)} went to models without a known price; what they cost is not in "
            "these sums.",
            icon=":material/help:",
        )
    if still_open := [row for row in rows if row.state == "reserved"]:
        draw_open(still_open)


def by_day() -> dict[date, float]:
    """What each day took."""
    days: dict[date, float] = {}
    for each in spent:
        days[each.day] = days.get(each.day, 0.0) + float(each.cost or 0)
    return days


def sum_since(name: str, since: date) -> tuple[str, str, str]:
    """What came together since then."""
    days = [each for each in spent if each.day >= since]
    calls = sum(each.calls for each in days)
    unknown = calls and calls == sum(each.unpriced_calls for each in days)
    known = sum((each.cost for each in days if each.cost is not None), Decimal(0))
    tokens = sum(each.input_tokens + each.output_tokens for each in days)
    return name, say.money(None if unknown else known), f"{_calls(calls)} · {say.tokens(tokens)}"


def draw_open(still_open: Sequence[LedgerRow]) -> None:
    """Calls that have not ended: what they may cost at most is set aside."""
    known = [row.reserved for row in still_open if row.reserved is not None]
    most = f"at most {label(say.money(sum(known, Decimal(0))))} is set aside for "
    st.info(
        f"{_calls(len(still_open))} not ended yet: "
        f"{most if known else ''}{'it' if len(still_open) == 1 else 'them'} and not in these sums.",
        icon=":material/pending:",
    )


def draw_turn(turn: Turn) -> None:
    """What one answer cost, and the ways to its other sides."""
    st.header(label(turn_picker.question(turn, 140)), anchor=False)
    st.caption(
        f"{label(say.when(turn.created_at))} · {label(turn_picker.model(turn))} · "
        f"{label(turn_picker.status(turn))}"
    )
    calls, about = turn.calls, figures.about(turn)
    used = sum((row.usage for row in everything(calls.count) if row.usage), Usage())
    free = sum(row.state == "released" for row in everything(calls.count))
    open_still = turn.status == "running"
    shown = [
        ("This answer", "still open" if open_still else figures.cost(turn), _estimated(turn)),
        ("Calls", f"{calls.count:,}", f"{free:,} not billed" if free else ""),
        ("Tokens in", f"{about}{calls.input_tokens:,}", ", ".join(usage.of_input(used))),
        ("Tokens out", f"{about}{calls.output_tokens:,}", ", ".join(usage.of_output(used))),
    ]
    sums.row(shown, "sums")
    turn_picker.doors(turn, here="costs/page.py")
    if len(rows) > 1:
        st.caption("Each call is a row of its own, one that failed and was tried again too.")


def _estimated(turn: Turn) -> str:
    """For how many of its calls the vendor reported nothing."""
    many, of = turn.calls.estimated, turn.calls.count
    which = "" if of == 1 else f"{many:,} of {_calls(of)} by "
    return f"{which}our estimate" if many else ""


def draw_rows() -> None:
    """The ledger, newest first: every attempt that could cost money is a row."""
    st.header("Calls", anchor=False)
    chosen = everything if wanted else choice()
    shown = rows if chosen is everything else list(chosen(_ROWS))
    if not shown:
        none = "No model was asked for this answer." if wanted else "No call fits this choice."
        st.caption(none)
        return
    ledger_table.draw(shown, {} if wanted else questions(shown))
    are_all = len(shown) < _ROWS
    newest = "" if are_all else f"The {_ROWS:,} newest calls; the CSV has all. "
    st.caption(
        f"{newest}Reserved is the worst case, set aside before sending. An open call has not ended "
        "yet; one that was not billed was refused, or did not arrive."
    )
    many = f"{len(shown):,} row{'' if len(shown) == 1 else 's'}" if are_all else "all rows"
    st.download_button(
        f"Download {many} as CSV",
        lambda: ledger_table.as_csv(chosen(_MOST_CSV)),
        "ledger.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        help=None if are_all else f"At most the {_MOST_CSV:,} newest of this choice.",
    )


def choice() -> "partial[Iterator[LedgerRow]]":
    """Asks for the rows of the chosen models and of the chosen day, of all that there are."""
    used = {(each.model, each.day) for each in spent}
    used |= {(row.model, ledger_table.day(row)) for row in rows}  # not all of them are settled
    models = sorted({model for model, _ in used})
    days = sorted({day for _, day in used}, reverse=True)
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        picked = st.multiselect("Models", models, placeholder="All models", width=420)
        day = st.selectbox(
            "Day (UTC)", days, index=None, placeholder="All days", format_func=_said, width=180
        )
    between = [day] if day else [on for model, on in used if model in picked]
    if not between:
        return everything
    since, until = _midnight(min(between)), _midnight(max(between) + timedelta(days=1))
    return partial(everything, since=since, until=until, models=tuple(picked))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _said(day: date) -> str:
    return f"{day:%-d %b %Y}"


def _calls(count: int) -> str:
    return f"{count:,} call{'' if count == 1 else 's'}"


st.title("Costs", anchor=False)
if wanted:
    st.page_link("costs/page.py", label="All costs", icon=":material/arrow_back:")
    if turn := asked(wanted):
        draw_turn(turn)
        draw_rows()
elif not rows:
    st.info("Nothing was asked yet, so nothing was spent.", icon=":material/payments:")
    st.page_link("chat/page.py", label="Ask a first question", query_params={"c": "new"})
else:
    draw_sums()
    cost_views.draw(bench, today)
    reconcile.draw(bench)
    draw_rows()
