"""The costs page: sums, days, and the rows behind them."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, select
from streamlit.testing.v1 import AppTest

from core.assets.weights import Weights
from core.bootstrap import Sent, Spend
from core.cheaper import Cacheable, FewerPassages
from core.pace import Pace
from core.store.tables import ledger
from core.types import Budget, LedgerRow, Slice, Usage
from pages.costs import cheaper_view, cost_table, ledger_table, month
from pages.ui import cost_charts, palette, say

Open = Callable[..., AppTest]
Ask = Callable[..., Any]
NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def rows(test: AppTest) -> Any:
    """The ledger, which stands below all other tables."""
    return test.dataframe[-1].value


def texts(test: AppTest) -> str:
    kinds = (test.markdown, test.caption, test.info, test.error, test.warning)
    return "\n".join(element.value for kind in kinds for element in kind).replace("\\", "")


def metrics(test: AppTest) -> dict[str, str]:
    return {metric.label: metric.value.replace("\\", "") for metric in test.metric}


def book(bench: Any, turn: Any, row: str, model: str, cost: str | None) -> None:
    bench.ledger.reserve(
        "local", row, turn.id, turn.conversation_id, model, "answer", Decimal("0.5")
    )
    bench.ledger.settle("local", row, Usage(100, 20), Decimal(cost) if cost else None)


def test_before_the_first_question_the_page_leads_to_the_chat(app: Open) -> None:
    assert "Nothing was asked yet, so nothing was spent" in texts(app("costs"))


def test_what_costs_nothing_is_said_so_and_its_tokens_are_drawn(app: Open, asked: Ask) -> None:
    asked("/words 5")
    test = app("costs")
    assert metrics(test)["Today"] == "$0"
    assert "Local and quoted answers cost nothing" in texts(test)
    assert test.get("plotly_chart")


def test_a_quotation_alone_has_nothing_to_draw_and_nothing_to_drag_over(
    app: Open, bench: Any, asked: Ask
) -> None:
    asked("/words 5", model="quotes")
    test = app("costs")
    said = texts(test)
    assert "cost nothing, and no tokens were sent: there is nothing to draw." in said
    assert "these are their tokens" not in said and "Drag over the chart" not in said
    assert "1 of these calls is booked as the provider reported it." in said


def test_what_has_no_known_price_is_not_said_to_cost_nothing(
    app: Open, bench: Any, asked: Ask
) -> None:
    book(bench, asked("/words 5"), "row-1", "openai:no-such-model", None)
    test = app("costs")
    assert "No price is known for these calls: these are their tokens." in texts(test)
    assert "cost nothing" not in texts(test)


def test_the_sums_are_exact_below_a_cent_and_say_what_is_not_in_them(
    app: Open, bench: Any, asked: Ask
) -> None:
    turn = asked("/words 5")
    book(bench, turn, "row-1", "openai:gpt-6-luna", "0.000123")
    book(bench, turn, "row-2", "openai:no-such-model", None)
    test = app("costs")
    shown = metrics(test)
    assert shown["Today"] == shown["This month"] == shown["All time"] == "$0.000123"
    assert "3 calls · " in texts(test)
    assert "1 call went to models without a known price" in test.warning[0].value
    assert set(rows(test)["Cost"]) == {"$0", "$0.000123", "price unknown"}
    assert say.money(Decimal("1034.7")) == "$1,034.70"


def test_where_no_price_is_known_the_sum_is_unknown_and_not_nothing(
    app: Open, bench: Any, asked: Ask
) -> None:
    turn = asked("/fail key_rejected 9")
    book(bench, turn, "row-1", "openai:no-such-model", None)
    assert metrics(app("costs"))["Today"] == "price unknown"


def test_a_call_that_has_not_ended_is_marked_with_what_is_set_aside(
    app: Open, bench: Any, asked: Ask
) -> None:
    turn = asked("/words 5")
    bench.ledger.reserve(
        "local", "row-1", turn.id, turn.conversation_id, "openai:x", "answer", Decimal("0.00078")
    )
    test = app("costs")
    assert "1 call not ended yet: at most $0.00078 is set aside" in texts(test)
    table = rows(test)
    assert list(table["State"]) == ["open", "booked"]
    assert table["Cost"][0] == "open"


def test_the_rows_can_be_narrowed_to_models_and_to_a_day(app: Open, bench: Any, asked: Ask) -> None:
    turn = asked("/words 5")
    book(bench, turn, "row-1", "openai:gpt-6-luna", "0.000123")
    test = app("costs")
    test.multiselect[0].set_value(["openai:gpt-6-luna"]).run()
    assert list(rows(test)["Model"]) == ["openai:gpt-6-luna"]
    day = next(box for box in test.selectbox if box.label == "Day (UTC)")
    day.set_value(day.options[0] if isinstance(day.options[0], date) else turn.created_at.date())
    assert len(rows(test.run())) == 1


def test_a_call_older_than_the_newest_five_hundred_is_found_by_its_model(
    app: Open, bench: Any, asked: Ask
) -> None:
    turn = asked("/words 5")
    book(bench, turn, "row-1", "openai:gpt-6-luna", "0.000123")
    with bench.engine.begin() as connection:
        one = connection.execute(select(ledger).where(ledger.c.id == "row-1")).one()._asdict()
        later = [
            {**one, "id": f"later-{n}", "model": "scripted", "created_at": one["created_at"] + timedelta(seconds=1)}
            for n in range(500)
        ]  # fmt: skip
        connection.execute(insert(ledger), later)
    test = app("costs")
    assert set(rows(test)["Model"]) == {"scripted"}
    assert "The 500 newest calls; the CSV has all." in texts(test)
    assert [each.proto.label for each in test.get("download_button")][
        -1
    ] == "Download all rows as CSV"
    test.multiselect[0].set_value(["openai:gpt-6-luna"]).run()
    assert list(rows(test)["Cost"]) == ["$0.000123"]
    labels = [each.proto.label for each in test.get("download_button")]
    assert labels[-1] == "Download 1 row as CSV"
    every = list(bench.ledger.stream("local", 10_000))
    assert len(every) == 502
    assert ledger_table.as_csv(iter(every)).count("\n") == 503


def test_one_answer_shows_its_own_rows_and_its_ways_on(app: Open, asked: Ask) -> None:
    first, _ = asked("/fail overloaded 1"), asked("/words 6")
    test = app("costs", turn=first.id)
    assert len(rows(test)) == 2
    assert metrics(test)["This answer"] == "$0"
    assert metrics(test)["Calls"] == "2"
    assert "a row of its own" in texts(test)
    links = [link.proto.label for link in test.get("page_link")]
    assert {"All costs", "Answer", "Window", "Trace", "Prompt"} <= set(links)
    assert len(rows(app("costs"))) == 3


def test_an_average_of_less_than_a_millionth_of_a_dollar_is_not_said_to_be_nothing(
    app: Open, bench: Any, asked: Ask
) -> None:
    for number in range(1, 4):
        row, turn = f"r{number}", f"t{number}"
        bench.ledger.reserve("local", row, turn, "c", "openai:x", "answer", Decimal(1))
        bench.ledger.settle(
            "local", row, Usage(5, 0), Decimal("0.0000004") if number == 1 else Decimal(0)
        )
    assert "3 answers, $0.000000133 each on average" in texts(app("costs")).replace("\\", "")


def test_a_turn_that_is_not_there_says_so_and_leads_back(app: Open, asked: Ask) -> None:
    asked("/words 5")
    test = app("costs", turn="no-such-turn")
    assert "no turn" in test.error[0].value
    assert "All costs" in [link.proto.label for link in test.get("page_link")]


def test_the_csv_has_exact_money_and_no_formula() -> None:
    usage = Usage(100, 20, 10, 30, 15, source="estimated")
    rows = [
        LedgerRow("1", "t", "c", "=cmd|x", "answer", "settled", NOW, Decimal("1E-7"), None, usage),
        LedgerRow("2", "t", "c", "quotes", "answer", "released", NOW, None, Decimal(0)),
    ]
    first, second = csv.DictReader(io.StringIO(ledger_table.as_csv(rows)))
    assert first["model"] == "'=cmd|x"
    assert (first["cost_usd"], first["reserved_usd"]) == ("", "0.0000001")
    assert (first["tokens_in"], first["cached"], first["source"]) == ("100", "10", "estimated")
    assert (first["cache_written"], first["reasoning"]) == ("30", "15")
    assert (second["state"], second["cost_usd"], second["tokens_in"]) == ("released", "0", "")


def test_days_are_stacked_by_name_in_the_colours_of_the_theme() -> None:
    amounts = {
        "<a>": [(date(2026, 11, 22), 0.001), (date(2026, 11, 23), 0.002)],
        "b": [(date(2026, 11, 23), 1.0)],
    }
    span = date(2026, 11, 20), date(2026, 11, 23)
    figure = cost_charts.over_time(amounts, *span, "dark", money=True)
    assert [bar.name for bar in figure.data] == ["&lt;a&gt;", "b"]
    assert figure.layout.barmode == "stack" and figure.layout.dragmode == "select"
    assert figure.data[1].marker.color == palette.of("dark").chart[1]
    ground = figure.layout.paper_bgcolor
    assert ground == palette.of("dark").background, (
        "light words on no ground cannot be read in a PNG"
    )
    assert figure.layout.yaxis.exponentformat == "none", "$0.00025 is not $250µ"
    first, last = figure.layout.xaxis.range
    assert (last - first).days == 7, "the bar of a first day is no wall"
    year = cost_charts.over_time(amounts, date(2026, 1, 1), span[1], "dark", money=True)
    assert list(year.data[0].y) == [0.001, 0.002], "the 22nd is a Sunday, the end of its week"


def test_a_drag_means_the_days_whose_middle_it_covers() -> None:
    span = date(2026, 11, 1), date(2026, 11, 30)
    dragged = ["2026-11-06 20:00:00.5", "2026-11-04 06:00"]
    assert cost_table.days_of(dragged, *span) == (date(2026, 11, 4), date(2026, 11, 6))
    assert cost_table.days_of(["2026-11-04 13:00", "2026-11-04 14:00"], *span) is None
    assert cost_table.days_of(["2020-01-01", "2030-01-01"], *span) == span


def test_what_made_the_spending_so_is_told_by_model_use_and_conversation(
    app: Open, asked: Ask
) -> None:
    asked("/words 5")
    asked("/words 6")
    test = app("costs")
    by_model = test.dataframe[0].value
    assert list(by_model["Model"]) == ["scripted"]
    assert by_model["calls"][0] >= 2 and by_model["share"][0] == 1
    assert "booked as the provider reported them" in " ".join(each.value for each in test.caption)
    test.session_state["cost_dimension"] = "conversation"
    names = set(test.run().dataframe[0].value["Conversation"])
    assert {"/words 5", "/words 6"} <= names


def test_two_of_one_name_are_told_apart_and_none_of_their_days_is_lost() -> None:
    sums = (1, 0, 10, 5, 0, 0, 0, Decimal(1))
    found = [Spend(name, *sums, key=key) for key, name in (("a", "Demo"), ("b", "Demo"), ("", ""))]
    assert cost_table.names(found) == {"a": "Demo", "b": "Demo · 2", "": "none"}
    first, second, none = csv.DictReader(io.StringIO(cost_table.as_csv(found)))
    assert (first["name"], second["name"], none["name"]) == ("Demo", "Demo · 2", "none")


def test_what_was_counted_before_sending_stands_beside_what_was_reported() -> None:
    window = Budget(1_000, (Slice("prompt", (), 102),))
    sent = [
        Sent("c", NOW, "openai:a", window, Usage(said, 5), frozenset())
        for said in (102, 100, 0, 120)
    ]
    assert cost_table.of_counts(sent) == (
        "Before sending, we had counted to within 15% of what was reported for the newest 3 answers of one "
        "call, half of them to within 2.00%."
    )
    assert cost_table.of_counts([]) == ""


def test_what_caches_and_fewer_passages_could_save_is_said_from_the_recorded_windows() -> None:
    caching = Cacheable(12, 3, 4_500, Decimal("0.0051"))
    assert cheaper_view.of_caching(caching) == (
        "A cache could have saved at most $0.0051 more: 3 of 12 answers read 4,500 tokens anew that the "
        "question before had begun with."
    )
    assert "could have saved nothing more: in 1 answer " in cheaper_view.of_caching(
        Cacheable(1, 0, 0, Decimal(0))
    )
    fewer = FewerPassages(12, 9_000, 6_000, Decimal("0.006"), 4_000, Decimal("0.004"), 2)
    assert cheaper_view.of_passages(fewer) == (
        "12 answers were given passages of 9,000 tokens; no citation names 6,000 of these, which is $0.006. "
        "With half the passages: $0.004 less, and 2 of them would have lost a passage that they cite."
    )


def test_a_bill_is_compared_with_the_ledger_and_its_differences_are_explained(
    app: Open, bench: Any, asked: Ask
) -> None:
    turn = asked("/words 5")
    book(bench, turn, "row-1", "openai:gpt-6-luna", "0.25")
    day = datetime.now(UTC).date()
    test = app("costs")
    bill = f"start_time_iso,What,usd\n{day},gpt-6-luna,0.25\n{day},gpt-6-sol,1\n".encode()
    assert test.file_uploader[0].proto.max_upload_size_mb == 20
    test.file_uploader[0].set_value(("bill.csv", bill, "text/csv")).run()
    assert "no form that is known: start_time_iso, What, usd" in texts(test)
    for box, column in (("Day", "start_time_iso"), ("Model", "What"), ("Amount", "usd")):
        next(each for each in test.selectbox if each.label == box).set_value(column)
    test.run()
    shown = metrics(test)
    assert (shown["On the bill"], shown["In the ledger"]) == ("$1.25", "$0.25")
    assert shown["Booked beyond the bill"] == "−$1.00"
    line = next(table.value for table in test.dataframe if "Result" in table.value).iloc[0]
    assert (line["Model"], line["Result"]) == ("gpt-6-sol", "only on the bill")
    test.file_uploader[0].set_value(("bill.csv", b"PK\x03\x04", "text/csv")).run()
    assert "another kind of file" in test.error[0].value


def test_a_cap_is_a_bar_of_what_is_spent_reserved_and_left(
    app: Open, bench: Any, asked: Ask
) -> None:
    bench.caps.set("local", "day", Decimal("2"))
    book(bench, asked("/words 5"), "row-1", "openai:gpt-6-luna", "0.25")
    shown = "".join(each.proto.body for each in app("costs").get("html"))
    assert "Cap of the day, $2.00" in shown
    assert 'aria-label="Cap of the day: $0.25 spent, $0 reserved, $1.75 left"' in shown


def test_near_a_cap_the_chat_promises_the_model_of_this_machine_only_where_it_is_ready(
    app: Open, bench: Any, asked: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Weights, "file", None)  # the project's own folder may have them
    book(bench, asked("/words 5"), "row-1", "openai:gpt-6-luna", "0.25")
    bench.caps.set("local", "day", Decimal("0.26"))
    assert "A question that may cost more is refused. It renews" in texts(app("chat"))
    bench.preferences.set_at_cap("local", "local")
    missing = "is refused, as the model of this machine is not ready. It renews"
    assert missing in texts(app("chat"))
    assert "until it is, a question is refused" in texts(app("models"))


def test_a_cap_below_a_cent_is_shown_as_it_is(app: Open, bench: Any) -> None:
    bench.caps.set("local", "day", Decimal("0.018"))
    field = next(each for each in app("models").number_input if each.label == "A day, $")
    assert (field.value, field.proto.format) == (0.018, "%g")


def test_what_the_month_comes_to_is_a_range_only_where_there_is_one() -> None:
    wide, even = Pace(4.0, 5.0, 6.0), Pace(5.0, 5.0, 5.0)
    assert month.going(wide, days_left=3) == (
        "At the pace of the last two weeks this month comes to about **$5.00**, in four cases of five "
        "between $4.00 and $6.00."
    )
    assert month.going(even, days_left=3).endswith("comes to about **$5.00**.")
    assert month.going(even, days_left=0) == "The month ends today (UTC)."


def test_the_month_is_drawn_with_a_band_from_today_to_its_end() -> None:
    spent = {date(2026, 11, 1): 1.0, date(2026, 11, 3): 2.0}
    pace = Pace(4.0, 5.0, 6.0)
    figure = cost_charts.month(spent, date(2026, 11, 4), date(2026, 11, 30), pace, 8.0, "light")
    band, middle, sums = figure.data
    assert list(band.y) == [3.0, 6.0, 4.0] and list(middle.y) == [3.0, 5.0]
    assert list(sums.y) == [1.0, 1.0, 3.0, 3.0]
    assert [each.text for each in figure.layout.annotations] == ["cap"]
    last = cost_charts.month(spent, date(2026, 11, 30), date(2026, 11, 30), pace, None, "dark")
    assert [each.name for each in last.data] == ["spent"]
