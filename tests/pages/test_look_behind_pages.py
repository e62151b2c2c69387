"""Tokens, Traces, Costs: what a turn left in the database, on the page."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.types import TurnRequest, Usage

Open = Callable[..., AppTest]
Ask = Callable[[str], Any]


def texts(test: AppTest) -> str:
    return "\n".join(
        element.value
        for element in [*test.markdown, *test.caption, *test.header, *test.code, *test.info]
    )


@pytest.mark.parametrize("page", ["tokens.py", "traces.py", "costs.py"])
def test_before_the_first_question_a_page_says_so_and_leads_to_the_chat(
    app: Open, page: str
) -> None:
    assert "Nothing was asked yet" in texts(app(page))


def test_the_window_of_a_turn_is_drawn_by_region_with_every_item(
    app: Open, bench: Any, asked: Ask
) -> None:
    bench.documents.add("local", "rider.txt", b"The notice period is sixty days.")
    turn = asked("How long is the notice period?")
    test = app("tokens.py", turn=turn.id)
    shown = texts(test)
    for region in ("Instructions", "Passages", "Question", "Kept for the answer"):
        assert region in shown
    assert "The notice period is sixty days." in shown
    used = bench.turn_rows.budget("local", turn.id).input_tokens
    assert f"{used} tokens" in shown
    bar = "\n".join(element.proto.body for element in test.get("html"))
    assert 'role="img"' in bar


def test_a_text_of_one_s_own_is_counted(app: Open) -> None:
    test = app("tokens.py")
    test.text_area[0].set_value("Hello, wörld! 東京 tokens 🙂").run()
    assert next(metric.value for metric in test.metric) == "9 tokens"


def test_a_trace_shows_every_step_and_what_was_sent(app: Open, asked: Ask) -> None:
    turn = asked("/words 5")
    test = app("traces.py", turn=turn.id)
    steps = " ".join(expander.label for expander in test.expander)
    for step in ("turn", "compose the window", "ask scripted", "check citations"):
        assert step in steps
    assert turn.answer in texts(test)
    assert "sent as user" in texts(test)


def test_a_failed_turn_shows_what_happened_on_its_trace(app: Open, asked: Ask) -> None:
    turn = asked("/fail overloaded 9")
    test = app("traces.py", turn=turn.id)
    assert "overloaded" in test.error[0].value


def test_the_ledger_adds_up_and_an_unknown_price_says_so(app: Open, bench: Any, asked: Ask) -> None:
    turn = asked("/words 5")
    for row, model, cost in (
        ("row-1", "openai:gpt-6-luna", Decimal("0.000123")),
        ("row-2", "openai:no-such-model", None),
    ):
        bench.ledger.reserve(
            "local", row, turn.id, turn.conversation_id, model, "answer", Decimal(1)
        )
        bench.ledger.settle("local", row, Usage(100, 20), cost)
    test = app("costs.py")
    assert next(metric.value for metric in test.metric).endswith("0.000123")
    assert "1 call went to models without a known price" in test.warning[0].value
    table = test.dataframe[0].value
    assert set(table["Cost"]) == {"$0", "$0.000123", "price unknown"}


def test_the_costs_of_one_answer_are_its_rows_alone(app: Open, asked: Ask) -> None:
    first, _ = asked("/words 5"), asked("/words 6")
    assert len(app("costs.py", turn=first.id).dataframe[0].value) == 1
    assert len(app("costs.py").dataframe[0].value) == 2


def test_a_turn_that_is_not_there_is_said_and_another_is_shown(app: Open, asked: Ask) -> None:
    asked("/words 5")
    test = app("traces.py", turn="no-such-turn")
    assert "no turn" in test.error[0].value
    assert test.expander


def test_requests_of_others_are_not_shown(app: Open, bench: Any) -> None:
    started = bench.turns.start("somebody", TurnRequest("/words 3"))
    for _ in bench.bridge.iterate(bench.turns.follow("somebody", started.turn_id), 60):
        pass
    assert "Nothing was asked yet" in texts(app("tokens.py"))
