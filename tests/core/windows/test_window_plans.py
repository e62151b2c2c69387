"""The plan of a conversation steers what is sent: strategy, limit, pinned turns and passages."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.events import TurnFailed
from core.llm.scripted import Reply
from core.settings import ROOT
from core.types import Budget, Slice, TurnRequest, WindowPlan
from tests.conftest import running, settings_for
from tests.core.chat.test_finding import rider
from tests.core.turns.test_turns import ask, followed

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


def test_a_question_that_is_asked_again_sees_what_was_said_before_it_alone(bench: Any) -> None:
    where, ids = conversation(bench, "one?", "two?", "three?")
    again, _ = next_turn(bench, where, "two?", again=ids[1], plan=WindowPlan("head_and_tail"))
    assert sent_history(bench, again) == [ids[0]]
    once_more, _ = next_turn(bench, where, "two?", again=ids[1], plan=WindowPlan("sliding_window"))
    assert sent_history(bench, once_more) == [ids[0]]
    turn, _ = next_turn(bench, where, "four?")
    assert sent_history(bench, turn) == [ids[0], once_more, ids[2]], "its newest answer alone"
    bench.conversations.pin("local", where, turn=ids[1])
    turn, _ = next_turn(bench, where, "five?")
    assert ids[1] in sent_history(bench, turn), (
        "what is pinned is sent, also when it was asked again"
    )


def test_a_pinned_passage_counts_in_the_lab_and_before_sending(bench: Any) -> None:
    rider(bench)
    first = ask(bench, "How many watts does the Fresnel draw?", max_tokens=64)
    followed(bench, first.turn_id)
    chunk = bench.turn_rows.get("local", first.turn_id).sources[0].hit.chunk_id
    bench.conversations.pin("local", first.conversation_id, passage=chunk)
    plan = bench.conversations.plan("local", first.conversation_id)
    model = bench.models.resolve("scripted:scripted")
    lab = bench.whatif.open("local", first.conversation_id, model)
    [(name, size)] = lab.pins(plan)
    assert (name, size > 40) == ("a passage", True)
    tight = replace(plan, limit=lab.system + 100)
    assert lab.outcome(tight, 0, 64).over > 0
    bench.conversations.set_plan("local", first.conversation_id, tight)
    request = TurnRequest("And?", model=model.ref, max_tokens=64)
    found = bench.bridge.run(bench.upcoming.next("local", first.conversation_id, request))
    assert (found.pin_tokens, found.over > 0) == (size, True)
    assert found.pin.startswith("“rider.md, section 1: # Rider")


def summarised(bench: Any, *replies: Any) -> tuple[str, list[str], str]:
    """A conversation that no longer fits and is to be summarised; the turn that made it necessary."""
    where, ids = conversation(bench, *(f"Lamp {n} {LONG}?" for n in range(4)))
    limit = without(bench, ids[3], ids[0], ids[1]) + 120
    bench.conversations.set_plan("local", where, WindowPlan("summary", limit=limit))
    bench.models.providers["scripted"].script.extend(replies)
    turn, _ = next_turn(bench, where, "And?")
    return where, ids, turn


def test_older_turns_are_summarised_when_they_do_not_fit_and_nothing_is_lost(bench: Any) -> None:
    where, ids, turn = summarised(bench, Reply("Lamps 0 to 2 were talked about."), Reply("Yes."))
    [made] = bench.summaries.all("local", where)
    assert (made.text, made.depth) == ("Lamps 0 to 2 were talked about.", 1)
    assert set(made.turns) >= set(ids[:2])
    assert made.prompt_version == "history@1"
    budget = bench.turn_rows.budget("local", turn)
    [item] = part(budget, "summary").items
    assert "Lamps 0 to 2" in item.text
    assert budget.used <= budget.window
    assert not set(made.turns) & set(sent_history(bench, turn))
    rows = bench.ledger.rows("local", turn_id=turn)
    assert sorted(row.purpose for row in rows) == ["answer", "history"]
    assert [each.id for each in bench.turns_of("local", where)][:4] == ids


def test_a_summary_is_used_again_until_it_is_undone(bench: Any) -> None:
    where, ids, _ = summarised(bench, Reply("In short."), Reply("Yes."))
    turn, _ = next_turn(bench, where, "Again?")
    assert [row.purpose for row in bench.ledger.rows("local", turn_id=turn)] == ["answer"]
    [made] = bench.summaries.all("local", where)
    bench.summaries.undo("local", made.id)
    assert bench.summaries.latest("local", where) is None
    bench.conversations.set_plan("local", where, WindowPlan("summary"))
    turn, _ = next_turn(bench, where, "And now?")
    assert set(ids) <= set(sent_history(bench, turn))
    bench.summaries.undo("local", made.id, undone=False)
    assert bench.summaries.latest("local", where) == made


def test_a_summary_of_a_summary_shows_its_depth(bench: Any) -> None:
    where, _, _ = summarised(bench, Reply("In short."), Reply("Yes."))
    bench.models.providers["scripted"].script.extend(
        [Reply("Ok."), Reply("Shorter."), Reply("Ok.")]
    )
    next_turn(bench, where, f"More {LONG}?")
    next_turn(bench, where, f"Still more {LONG}?")
    newest = bench.summaries.all("local", where)[0]
    assert (newest.text, newest.depth) == ("Shorter.", 2)


def test_a_model_that_writes_no_summary_leaves_the_oldest_out_and_answers(bench: Any) -> None:
    where, ids, turn = summarised(bench, Reply(" "), Reply("Yes."))
    assert bench.summaries.all("local", where) == []
    assert bench.turn_rows.get("local", turn).answer == "Yes."
    assert ids[0] not in sent_history(bench, turn)
    spans = bench.traces.read("local", turn)
    [window] = [span for span in spans if span.kind == "window"]
    assert "wrote no summary" in window.attributes["summary_failed"]


def test_a_pinned_turn_is_sent_as_it_was_said_and_not_summarised(bench: Any) -> None:
    where, ids, _ = summarised(bench, Reply("In short."), Reply("Yes."))
    bench.conversations.pin("local", where, turn=ids[0])
    plan = bench.conversations.plan("local", where)
    bench.conversations.set_plan("local", where, replace(plan, limit=None))
    turn, _ = next_turn(bench, where, "Which lamp?")
    assert ids[0] in sent_history(bench, turn)
    assert ids[1] not in sent_history(bench, turn)


OTHER = """---
description: In one word.
variables:
  - name: turns
    type: list
    trust: user
    required: true
---
{% message "user" %}
One word for: {% for each in turns %}{{ each.question }} {% endfor %}
{% endmessage %}
"""


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Any]:
    """A workbench with prompts of its own, to which one may be added."""
    prompts = tmp_path / "prompts"
    shutil.copytree(ROOT / "prompts", prompts)
    with running(settings_for(tmp_path / "data", FOOTLIGHTS_PROMPTS=prompts)) as made:
        yield made


def test_a_summary_is_written_anew_with_another_prompt_and_the_one_before_stays(
    writer: Any,
) -> None:
    bench = writer
    where, _, _ = summarised(bench, Reply("In short."), Reply("Yes."))
    [made] = bench.summaries.all("local", where)
    bench.bridge.run(bench.prompts.save("one_word", OTHER, who="local"))
    assert bench.summariser.prompts() == ["history@1", "one_word@1"]
    told = bench.bridge.run(bench.summariser.call("local", where, made, "one_word@1"))
    bench.models.providers["scripted"].script.append(Reply("Lamps."))
    again = bench.bridge.run(bench.summariser.redo("local", where, made, "one_word@1"))
    asked = bench.models.providers["scripted"].requests[-1]
    assert asked.messages[-1].text.startswith("One word for: Lamp 0")
    sent = bench.counter.count_message(asked.messages[0], made.model) + bench.counter.reply_overhead
    assert told == (sent, asked.max_tokens)
    assert (again.text, again.turns, again.depth) == ("Lamps.", made.turns, 1)
    assert again.prompt_version == "one_word@1"
    assert bench.summaries.latest("local", where) == again
    assert [each.text for each in bench.summaries.all("local", where)] == ["Lamps.", "In short."]
    assert [each.purpose for each in bench.ledger.rows("local")].count("history") == 2
    turn, _ = next_turn(bench, where, "Again?")
    [item] = part(bench.turn_rows.budget("local", turn), "summary").items
    assert "Lamps." in item.text
    bench.summaries.undo("local", again.id)
    assert bench.summaries.latest("local", where) is None, "neither is used, and neither is gone"
    bench.summaries.undo("local", made.id, undone=False)
    assert bench.summaries.latest("local", where).text == "In short."


def test_a_summary_of_a_summary_is_redone_from_the_one_before_it(bench: Any) -> None:
    where, _, _ = summarised(bench, Reply("In short."), Reply("Yes."))
    bench.models.providers["scripted"].script.extend(
        [Reply("Ok."), Reply("Shorter."), Reply("Ok."), Reply("Anew.")]
    )
    next_turn(bench, where, f"More {LONG}?")
    next_turn(bench, where, f"Still more {LONG}?")
    newest = bench.summaries.all("local", where)[0]
    again = bench.bridge.run(bench.summariser.redo("local", where, newest, "history@1"))
    assert (again.text, again.depth, again.turns) == ("Anew.", 2, newest.turns)
    assert (
        "Before that: In short."
        in bench.models.providers["scripted"].requests[-1].messages[-1].text
    )
