"""What vendors reported beside what was counted: the rows that calibration and the drift are learned from."""

import pytest
from sqlalchemy import Engine

from core.store.engine import writing
from core.store.journal import write_tape
from core.store.turns import Turns
from core.types import Budget, Item, Slice, TurnRequest, Usage
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
    turns = Turns(engine)
    answered(turns, "t1", 100, Usage(90, 5))
    answered(turns, "t2", 100, Usage(300, 5), TurnRequest("?", tools=("now",)))
    answered(turns, "t3", 100, Usage(180, 5), TurnRequest("?", table="name"))
    answered(turns, "t4", 100, Usage(80, 5, source="estimated"))
    answered(turns, "t5", 50, Usage(60, 5))
    assert [row[1:] for row in turns.reported(ME)] == [("openai:x", 100, 90), ("openai:x", 50, 60)]
    assert sorted(turns.counted(ME, "openai:x")) == [
        (pytest.approx(46 / 1.25), 1, 0, 60),
        (pytest.approx(96 / 1.25), 1, 0, 90),
    ]
    assert turns.reported(YOU) == []


def test_the_newest_are_taken_and_given_oldest_first(engine: Engine) -> None:
    turns = Turns(engine)
    for number in range(1, 5):
        answered(turns, f"t{number}", number, Usage(number, 1))
    assert [row[2] for row in turns.reported(ME, limit=2)] == [3, 4]


def test_of_a_run_with_tools_the_first_step_is_what_was_counted(engine: Engine) -> None:
    turns = Turns(engine)
    answered(turns, "t1", 100, Usage(700, 5), TurnRequest("?", tools=("now",)))
    said = [{"usage": {"input_tokens": n, "source": "reported"}} for n in (130, 131, 570)]
    steps = [(1, "model", said[0]), (1, "model", said[1]), (2, "model", said[2])]
    with writing(engine) as connection:
        write_tape(connection, ME, "t1", steps)
    assert [row[3] for row in turns.counted(ME, "openai:x")] == [130]
    assert turns.reported(ME) == []
