"""The plan of a conversation steers what is sent: strategy, limit, pinned turns and passages."""

from typing import Any

from core.events import TurnFailed
from core.types import Budget, Slice, TurnRequest, WindowPlan
from tests.core.test_finding import rider
from tests.core.test_turns import ask, followed

LONG = "word " * 150


def part(budget: Budget, region: str) -> Slice:
    return next(found for found in budget.slices if found.region == region)


def conversation(bench: Any, *questions: str) -> tuple[str, list[str]]:
    """A conversation of these questions, and the ids of its turns."""
    first = ask(bench, questions[0], use_documents=False, max_tokens=64)
    followed(bench, first.turn_id)
    ids = [first.turn_id]
    for question in questions[1:]:
        ids.append(next_turn(bench, first.conversation_id, question)[0])
    return first.conversation_id, ids


def next_turn(
    bench: Any, conversation_id: str, question: str, **given: Any
) -> tuple[str, list[Any]]:
    request = TurnRequest(question, **{"use_documents": False, "max_tokens": 64, **given})
    started = bench.turns.start("local", request, conversation_id=conversation_id)
    return started.turn_id, followed(bench, started.turn_id)


def sent_history(bench: Any, turn_id: str) -> list[str]:
    """The turns whose question was sent along."""
    budget = bench.turn_rows.budget("local", turn_id)
    return list(dict.fromkeys(i.ref for i in part(budget, "history").items if i.kept))


def without(bench: Any, last: str, *gone: str) -> int:
    """A window that holds what was sent for the last turn, without these and with a short turn more."""
    budget = bench.turn_rows.budget("local", last)
    history = part(budget, "history").items
    return int(budget.used - sum(i.tokens for i in history if i.ref in gone) + 80)


def test_a_sliding_window_keeps_the_first_and_the_latest_turns(bench: Any) -> None:
    where, ids = conversation(bench, "one?", "two?", "three?", "four?")
    bench.conversations.set_plan("local", where, WindowPlan("sliding_window", latest=1))
    turn, _ = next_turn(bench, where, "five?")
    assert sent_history(bench, turn) == [ids[0], ids[3]]
    said = [m.text for m in bench.models.providers["scripted"].requests[-1].messages]
    assert "one?" in said and "two?" not in said


def test_the_most_relevant_turns_stay_when_the_window_is_small(bench: Any) -> None:
    where, ids = conversation(bench, f"Lamps {LONG}?", f"Notice {LONG}?", f"Fees {LONG}?", "Hello?")
    limit = without(bench, ids[3], ids[0], ids[2])
    bench.conversations.set_plan("local", where, WindowPlan("most_relevant", limit=limit))
    turn, _ = next_turn(bench, where, "What about the notice?")
    assert sent_history(bench, turn) == [ids[1], ids[3]]
    budget = bench.turn_rows.budget("local", turn)
    assert (budget.window, budget.used <= limit) == (limit, True)
    reasons = {i.reason.partition(":")[0] for i in part(budget, "history").items if not i.kept}
    assert reasons == {"least to do with the question first"}


def test_a_pinned_turn_is_sent_with_every_question(bench: Any) -> None:
    where, ids = conversation(bench, "My name is Ada.", f"{LONG}?", f"{LONG}?")
    bench.conversations.set_plan("local", where, WindowPlan(limit=without(bench, ids[2], ids[1])))
    turn, _ = next_turn(bench, where, "And?")
    assert ids[0] not in sent_history(bench, turn)
    bench.conversations.pin("local", where, turn=ids[0])
    turn, _ = next_turn(bench, where, "Who am I?")
    assert ids[0] in sent_history(bench, turn)


def test_a_pinned_passage_is_sent_whatever_is_asked(bench: Any) -> None:
    rider(bench)
    first = ask(bench, "How many watts does the Fresnel draw?")
    followed(bench, first.turn_id)
    [notice] = [
        hit
        for hit in bench.passages.find("local", "notice period", 9).hits
        if "sixty days" in hit.chunk.text
    ]
    bench.conversations.pin("local", first.conversation_id, passage=notice.chunk_id)
    turn, _ = next_turn(bench, first.conversation_id, "Lamps?", use_documents=True)
    sources = bench.turn_rows.get("local", turn).sources
    assert sources[0].hit.chunk_id == notice.chunk_id
    assert len({each.hit.chunk_id for each in sources}) == len(sources)
    [item] = [i for i in part(bench.turn_rows.budget("local", turn), "sources").items if i.pinned]
    assert item.ref == str(notice.chunk_id)
    turn, _ = next_turn(bench, first.conversation_id, "And without documents?")
    assert bench.turn_rows.get("local", turn).sources == ()


def test_pins_that_do_not_fit_are_refused_before_anything_is_sent(bench: Any) -> None:
    where, ids = conversation(bench, f"{LONG}{LONG}?")
    bench.conversations.set_plan("local", where, WindowPlan(limit=300, turns=(ids[0],)))
    asked = len(bench.models.providers["scripted"].requests)
    turn, events = next_turn(bench, where, "And?")
    assert isinstance(events[-1], TurnFailed)
    assert "what is pinned does not fit" in events[-1].message
    assert "Unpin something" in events[-1].hint
    assert len(bench.models.providers["scripted"].requests) == asked
    assert bench.ledger.rows("local", turn_id=turn) == []


def test_a_pinned_turn_that_was_deleted_or_a_strategy_that_is_gone_does_no_harm(bench: Any) -> None:
    where, ids = conversation(bench, "one?")
    plan = WindowPlan("of_last_year", turns=("gone",), passages=(123,))
    bench.conversations.set_plan("local", where, plan)
    turn, _ = next_turn(bench, where, "two?", use_documents=True)
    assert sent_history(bench, turn) == ids
