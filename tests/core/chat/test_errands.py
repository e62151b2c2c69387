"""The small calls beside an answer: what they ask, what they are booked as, and what they leave alone."""

from typing import Any

import pytest

from core.errors import ModelMisbehaved, Overloaded
from core.events import TurnDone, TurnFailed
from core.llm.scripted import Reply
from core.types import TurnRequest, Usage
from tests.core.chat.test_finding import retrieval, rider
from tests.core.chat.test_table_answers import script
from tests.core.turns.test_turns import ask, followed

WRITTEN_OUT = "How many watts does the Fresnel draw?"


def follow_up(bench: Any, *steps: Any, condense: bool = True) -> tuple[str, list[Any]]:
    """A second question in the conversation of a first; what the vendor says from there on."""
    rider(bench)
    first = ask(bench, "Tell me about the Fresnel.")
    followed(bench, first.turn_id)
    script(bench, *steps)
    request = TurnRequest("And how many watts is it?", condense=condense)
    started = bench.turns.start("local", request, conversation_id=first.conversation_id)
    return started.turn_id, followed(bench, started.turn_id)


def test_a_follow_up_is_searched_for_in_words_of_its_own_and_booked_by_itself(bench: Any) -> None:
    turn_id, events = follow_up(
        bench,
        Reply(f"{WRITTEN_OUT}\nHere you are.", usage=Usage(90, 12)),
        Reply("1200 watts [1].", usage=Usage(200, 5)),
    )
    assert isinstance(events[-1], TurnDone)
    assert retrieval(bench, turn_id)["query"] == WRITTEN_OUT
    rows = bench.ledger.rows("local", turn_id=turn_id)
    assert {(row.purpose, row.usage.output_tokens) for row in rows} == {
        ("condense", 12),
        ("answer", 5),
    }
    asked = bench.models.providers["scripted"].requests[-2]
    assert "Question: Tell me about the Fresnel." in asked.messages[-1].text
    assert asked.messages[-1].text.endswith("Last question: And how many watts is it?")
    turn = bench.turn_rows.get("local", turn_id)
    assert (turn.request.prompt, turn.answer) == ("And how many watts is it?", "1200 watts [1].")


def test_nothing_more_is_asked_unless_it_was_wished_for(bench: Any) -> None:
    turn_id, _ = follow_up(bench, Reply("1200 watts."), condense=False)
    assert [row.purpose for row in bench.ledger.rows("local", turn_id=turn_id)] == ["answer"]


def test_the_first_question_of_a_conversation_is_left_as_it_is(bench: Any) -> None:
    rider(bench)
    started = ask(bench, "How long is the notice period?", condense=True)
    followed(bench, started.turn_id)
    assert [row.purpose for row in bench.ledger.rows("local", turn_id=started.turn_id)] == [
        "answer"
    ]


def test_a_model_that_says_nothing_leaves_the_question_as_it_is(bench: Any) -> None:
    turn_id, _ = follow_up(bench, Reply("  \n "), Reply("1200 watts."))
    assert retrieval(bench, turn_id)["query"] == "And how many watts is it?"


def test_a_vendor_that_cannot_be_asked_is_told_like_any_other_failure(bench: Any) -> None:
    _, events = follow_up(bench, *[Overloaded("busy", provider="scripted")] * 9)
    assert isinstance(events[-1], TurnFailed)
    assert events[-1].code == "overloaded"


async def test_a_conversation_is_named_from_its_first_turns(bench: Any) -> None:
    first = ask(bench, "Tell me about the Fresnel.")
    followed(bench, first.turn_id)
    turns = bench.turns_of("local", first.conversation_id)
    script(bench, Reply('"The Fresnel lamp."\nIt is short.', usage=Usage(60, 6)))
    named = bench.errands.name("local", first.conversation_id, turns, "scripted")
    assert await bench.bridge.await_(named) == "The Fresnel lamp"
    [row] = [row for row in bench.ledger.rows("local") if row.purpose == "name"]
    assert (row.state, row.usage.output_tokens) == ("settled", 6)
    script(bench, Reply(' "" '))
    with pytest.raises(ModelMisbehaved, match="found no name"):
        await bench.bridge.await_(
            bench.errands.name("local", first.conversation_id, turns, "scripted")
        )


def test_only_prompts_that_need_no_more_than_a_question_are_offered_to_ask_with(bench: Any) -> None:
    offered = bench.prompts.answering()
    assert offered[0] == "answer"
    assert {"plain", "extract", "summary"} < set(offered)
    assert not {"condense", "name", "history", "judge", "agent"} & set(offered)
    assert set(offered) < set(bench.prompts.names())
