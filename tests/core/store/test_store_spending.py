"""What was spent, by what made it so; the parts of every dimension are the whole."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from core.store.accounts import Payers
from core.store.columns import now
from core.store.conversations import Conversations
from core.store.ledger import Ledger
from core.store.links import Link, Links
from core.store.spend_days import Dimension
from core.store.spending import Agreement, Spending
from core.store.turns import Turns
from core.types import Usage
from tests.core.store.stories import ME, YOU, ask, end

BEGIN, END = now().date() - timedelta(days=2), now().date() + timedelta(days=2)
ROWS: list[tuple[str, str, str, str, str, Usage | None, str | None]] = [
    # row, turn, conversation, model, use, usage, cost
    ("r1", "t1", "c1", "openai:a", "answer", Usage(100, 20, 40, 10, 5), "0.03"),
    ("r2", "t1", "c1", "openai:a", "condense", Usage(10, 2), "0.01"),
    ("r3", "t2", "c2", "local:b", "answer", Usage(300, 30), "0"),
    ("r4", "t2", "c2", "openai:x", "answer", Usage(7, 1, source="estimated"), None),
]


@pytest.fixture
def spending(engine: Engine) -> Spending:
    ledger, turns = Ledger(engine), Turns(engine)
    for turn, conversation in (("t1", "c1"), ("t2", "c2")):
        ask(turns, turn, conversation=conversation)
        turns.context(ME, turn, budget=_window(), sources=(), model="m", prompt_version="answer@1")
        end(turns, turn)
    Conversations(engine).rename(ME, "c1", "Lamps")
    for row, turn, conversation, model, use, usage, cost in ROWS:
        ledger.reserve(ME, row, turn, conversation, model, use, Decimal(1))
        ledger.settle(ME, row, usage, None if cost is None else Decimal(cost))
    ledger.reserve(ME, "r5", "t2", "c2", "openai:a", "answer", Decimal(1))
    ledger.reserve(ME, "r6", "t2", "c2", "openai:a", "answer", Decimal(1))
    ledger.release(ME, "r6")
    return Spending(engine)


def _window() -> Any:
    from core.types import Budget

    return Budget(1_000, ())


def test_the_dearest_stand_first_with_their_tokens_of_each_kind(spending: Spending) -> None:
    first, second, third = spending.by(ME, "model", BEGIN, END)
    assert (first.name, first.calls, first.cost) == ("openai:a", 2, Decimal("0.04"))
    kinds = (
        first.fresh_tokens,
        first.cached_tokens,
        first.cache_write_tokens,
        first.reasoning_tokens,
    )
    assert kinds == (60, 40, 10, 5)
    assert (second.name, second.cost) == ("local:b", Decimal(0))
    assert (third.name, third.cost, third.unpriced) == ("openai:x", None, 1)


def test_conversations_have_their_names_and_prompts_their_versions(spending: Spending) -> None:
    named = {each.key: each.name for each in spending.by(ME, "conversation", BEGIN, END)}
    assert named["c1"] == "Lamps"
    assert [each.name for each in spending.by(ME, "prompt", BEGIN, END)] == ["answer@1"]
    uses = {each.name: each.calls for each in spending.by(ME, "use", BEGIN, END)}
    assert uses == {"answer": 3, "condense": 1}


@pytest.mark.parametrize("dimension", ["model", "use", "conversation", "prompt", "link", "tool"])
def test_the_parts_of_every_dimension_are_the_whole(
    spending: Spending, dimension: Dimension
) -> None:
    found = spending.by(ME, dimension, BEGIN, END)
    assert sum(each.calls for each in found) == 4
    assert sum(each.input_tokens for each in found) == 417
    assert sum(each.cost for each in found if each.cost is not None) == Decimal("0.04")


def test_what_is_not_among_the_dearest_is_told_together(spending: Spending) -> None:
    dearest = spending.by(ME, "model", BEGIN, END, limit=1)
    [others] = spending.others(ME, "model", BEGIN, END, dearest)
    told = (others.name, others.calls, others.unpriced, others.input_tokens, others.cost)
    assert told == ("all others", 2, 1, 307, Decimal(0))
    assert others.cached_tokens == 0 and others.estimated == 1
    two = spending.by(ME, "model", BEGIN, END, limit=2)
    assert [each.cost for each in spending.others(ME, "model", BEGIN, END, two)] == [None]
    assert spending.others(ME, "model", BEGIN, END, spending.by(ME, "model", BEGIN, END)) == []


def test_only_the_span_and_only_the_user_are_counted(spending: Spending) -> None:
    assert spending.by(ME, "model", END, END) == []
    assert spending.by(YOU, "model", BEGIN, END) == []
    assert spending.dearest(YOU, BEGIN, END) == []
    assert spending.agreement(YOU, BEGIN, END) == Agreement(0, 0, 0, 0)


def test_the_dearest_answers_and_how_far_the_rows_can_be_trusted(spending: Spending) -> None:
    assert spending.dearest(ME, BEGIN, END) == [("t1", Decimal("0.04"), 2)]
    assert spending.agreement(ME, BEGIN, END) == Agreement(3, 1, 1, 1)


def test_the_questions_behind_answers_are_told_of_one_s_own_alone(spending: Spending) -> None:
    wanted = ["t1", "t2", "gone", ""]
    assert spending.questions(ME, wanted) == dict.fromkeys(("t1", "t2"), "What is a gaffer?")
    assert spending.questions(YOU, wanted) == spending.questions(ME, []) == {}


def test_a_link_and_the_tools_of_the_step_before_stand_on_the_row(
    spending: Spending, engine: Engine
) -> None:
    Links(engine).make(ME, Link("l1", "live", "Try it", now()))
    ledger, by = Ledger(engine), Payers("c1", link="l1")
    read = ("search", "calculator", "search")
    ledger.reserve(ME, "r7", "t1", "c1", "openai:a", "answer", Decimal(1), by, read)
    ledger.settle(ME, "r7", Usage(1, 1), Decimal("0.5"))
    first = spending.by(ME, "link", BEGIN, END)[0]
    assert (first.key, first.name, first.cost) == ("l1", "Try it", Decimal("0.5"))
    assert [each.name for each in spending.by(ME, "tool", BEGIN, END)] == [
        "calculator + search",
        "",
    ]


def test_days_hold_the_named_keys_and_all_others_together(spending: Spending) -> None:
    found = spending.by_day(ME, "model", BEGIN, END, ["openai:a"])
    assert {(key, each.calls, each.cost) for _, key, each in found} == {
        ("openai:a", 2, Decimal("0.04")),
        (None, 2, Decimal(0)),
    }
    assert spending.began(ME) == now().date() and spending.began(YOU) is None


def test_answers_are_told_by_what_they_cost_without_those_of_unknown_price(
    spending: Spending, engine: Engine
) -> None:
    ledger = Ledger(engine)
    for turn, cost in (("t7", "0"), ("t8", "0.011"), ("t9", "0.02")):
        ledger.reserve(ME, f"r-{turn}", turn, "c1", "local:b", "answer", Decimal(1))
        ledger.settle(ME, f"r-{turn}", Usage(1, 1), Decimal(cost))
    found = spending.distribution(ME, BEGIN, END)
    assert (found.free, found.answers, found.dearest) == (1, 4, Decimal("0.04"))
    assert found.cost == Decimal("0.071")
    assert found.bins == (
        (Decimal("0.01"), Decimal("0.02"), 1),
        (Decimal("0.02"), Decimal("0.05"), 2),
    )


def test_what_was_booked_is_told_with_what_of_it_was_estimated(
    spending: Spending, engine: Engine
) -> None:
    ledger = Ledger(engine)
    ledger.reserve(ME, "r8", "t1", "c1", "openai:a", "answer", Decimal(1))
    ledger.settle(ME, "r8", Usage(3, 4, source="estimated"), Decimal("0.5"))
    found = {each.model: each for each in spending.booked(ME, BEGIN, END)}
    one = found["openai:a"]
    assert (one.calls, one.cost, one.sent, one.received) == (3, Decimal("0.54"), 113, 26)
    assert (one.estimated, one.estimated_cost, one.unpriced) == (1, Decimal("0.5"), 0)
    assert (found["openai:x"].unpriced, found["openai:x"].cost) == (1, 0)
    assert [row.id for row in ledger.rows(ME, models=["local:b"])] == ["r3"]
