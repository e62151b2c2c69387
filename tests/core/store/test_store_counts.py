"""What vendors reported beside what was counted: the rows that calibration and the drift are learned from."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from core.store.engine import writing
from core.store.journal import write_tape
from core.store.spending import Spending
from core.store.turn_counts import TurnCounts
from core.store.turns import Turns
from core.types import Budget, Chunk, Citation, Hit, Item, Slice, Source, TurnRequest, Usage
from tests.core.store.stories import ME, YOU, end

ASKED = TurnRequest("?")


def answered(
    turns: Turns, turn_id: str, counted: int, usage: Usage, request: TurnRequest = ASKED
) -> None:
    turns.start(ME, turn_id, "c1", request, "?", "p1")
    sent = Slice("prompt", (Item("Your question", "?", counted),), counted)
    window = Budget(1_000, (sent, Slice("reserve", (), 100)), ratio=1.25)
    turns.context(
        ME, turn_id, budget=window, sources=(), model="openai:x", prompt_version="answer@1"
    )
    end(turns, turn_id, usage=usage)


def test_only_answers_of_one_call_that_the_vendor_counted_are_compared(engine: Engine) -> None:
    turns, counts = Turns(engine), TurnCounts(engine)
    answered(turns, "t1", 100, Usage(90, 5))
    answered(turns, "t2", 100, Usage(300, 5), TurnRequest("?", tools=("now",)))
    answered(turns, "t3", 100, Usage(180, 5), TurnRequest("?", table="name"))
    answered(turns, "t4", 100, Usage(80, 5, source="estimated"))
    answered(turns, "t5", 50, Usage(60, 5))
    assert [row[1:] for row in counts.reported(ME)] == [("openai:x", 100, 90), ("openai:x", 50, 60)]
    assert sorted(counts.counted(ME, "openai:x")) == [
        (pytest.approx(46 / 1.25), 1, 0, 60),
        (pytest.approx(96 / 1.25), 1, 0, 90),
    ]
    assert counts.reported(YOU) == []


def test_the_newest_are_taken_and_given_oldest_first(engine: Engine) -> None:
    turns, counts = Turns(engine), TurnCounts(engine)
    for number in range(1, 5):
        answered(turns, f"t{number}", number, Usage(number, 1))
    assert [row[2] for row in counts.reported(ME, limit=2)] == [3, 4]


def test_of_a_run_with_tools_the_first_step_is_what_was_counted(engine: Engine) -> None:
    turns, counts = Turns(engine), TurnCounts(engine)
    answered(turns, "t1", 100, Usage(700, 5), TurnRequest("?", tools=("now",)))
    said = [{"usage": {"input_tokens": n, "source": "reported"}} for n in (130, 131, 570)]
    steps = [(1, "model", said[0]), (1, "model", said[1]), (2, "model", said[2])]
    with writing(engine) as connection:
        write_tape(connection, ME, "t1", steps)
    assert [row[3] for row in counts.counted(ME, "openai:x")] == [130]
    assert counts.reported(ME) == []


def test_windows_of_one_call_are_given_with_the_passages_that_were_cited(engine: Engine) -> None:
    turns, today = Turns(engine), datetime.now(UTC).date()
    answered(turns, "t1", 100, Usage(90, 5))
    answered(turns, "t2", 100, Usage(300, 5), TurnRequest("?", tools=("now",)))
    turns.start(ME, "t3", "c1", ASKED, "?", "p1")
    first = Source(1, Hit(7, "d1", "a.pdf", Chunk(0, "text", 0, 4, 1), 0.5))
    given = (
        first,
        *(replace(first, number=n, hit=replace(first.hit, chunk_id=n + 6)) for n in (2, 3)),
    )
    window = Budget(1_000, ())
    turns.context(ME, "t3", budget=window, sources=given, model="openai:x", prompt_version="a@1")
    end(turns, "t3", usage=Usage(70, 5), citations=(Citation(1, 0, 3, 0, 0, found_in=3),))
    found = Spending(engine).windows(ME, today - timedelta(days=1), today)
    assert [(each.usage.input_tokens, each.cited) for each in found] == [
        (90, frozenset()),
        (70, frozenset({"7", "9"})),
    ]
    assert found[1].budget == window
    assert len(Spending(engine).windows(ME, today - timedelta(days=1), today, limit=1)) == 1
    assert Spending(engine).windows(ME, today - timedelta(days=2), today - timedelta(days=2)) == []
    assert Spending(engine).windows(YOU, today - timedelta(days=1), today) == []
