"""A turn runs, is followed from any point, is stopped, and outlives whoever began it."""

import json
from typing import Any

import pytest

from core.errors import Conflict, Misuse, NotFound, Refused
from core.events import StreamEvent, TextDelta, TurnDone, TurnFailed
from core.types import TurnRequest


def followed(bench: Any, turn_id: str, after: int = 0) -> list[StreamEvent]:
    batches = bench.bridge.iterate(bench.turns.follow("local", turn_id, after), 30)
    return [record.event for batch in batches for record in batch or ()]


def said(events: list[StreamEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def ask(bench: Any, prompt: str, **given: Any) -> Any:
    return bench.turns.start("local", TurnRequest(prompt, **given))


def first_words(bench: Any, turn_id: str) -> str:
    """Follow until something was said, then leave."""
    for batch in bench.bridge.iterate(bench.turns.follow("local", turn_id), 30):
        if text := said([record.event for record in batch or ()]):
            return text
    raise AssertionError("nothing was said")


def test_an_answer_streams_and_is_in_the_database_when_it_is_done(bench: Any) -> None:
    started = ask(bench, "/words 12")
    events = followed(bench, started.turn_id)
    kinds = [event.type for event in events]
    assert kinds.index("context_ready") < kinds.index("text_delta")
    assert kinds[-2:] == ["citations_checked", "turn_done"]
    turn = bench.turn_rows.get("local", started.turn_id)
    assert turn.status == "done"
    assert turn.answer == said(events)
    assert len(turn.answer.split()) == 12
    assert turn.usage == events[-1].usage  # type: ignore[union-attr]
    assert str(turn.cost) == "0"


def test_a_reader_goes_on_from_where_he_was(bench: Any) -> None:
    started = ask(bench, "/words 40 pace 2ms")
    everything = followed(bench, started.turn_id)
    assert followed(bench, started.turn_id, after=3) == everything[3:]
    assert followed(bench, started.turn_id, after=len(everything)) == []


def test_two_readers_and_the_database_tell_the_same(bench: Any) -> None:
    started = ask(bench, "/words 60 pace 2ms")
    assert first_words(bench, started.turn_id)
    live = followed(bench, started.turn_id)
    assert followed(bench, started.turn_id) == live
    rows = bench.turn_rows.events("local", started.turn_id)
    assert [seq for seq, _ in rows] == list(range(1, len(live) + 1))
    assert [json.loads(data)["type"] for _, data in rows] == [event.type for event in live]


def test_stopping_keeps_what_was_said_and_says_so(bench: Any) -> None:
    started = ask(bench, "/words 5000 pace 5ms")
    assert first_words(bench, started.turn_id)
    bench.bridge.run(bench.turns.stop("local", started.turn_id))
    events = followed(bench, started.turn_id)
    ending = events[-1]
    assert isinstance(ending, TurnDone)
    assert (ending.stop_reason, ending.words) == ("stopped", "stopped by you")
    turn = bench.turn_rows.get("local", started.turn_id)
    assert turn.status == "stopped"
    assert 0 < len(turn.answer.split()) < 5000
    assert turn.answer == said(events)
    [row] = bench.ledger.rows("local", turn_id=started.turn_id)
    assert (row.state, row.usage.source) == ("settled", "estimated")


def test_deleting_a_conversation_stops_its_answer_and_books_what_it_cost(bench: Any) -> None:
    started = ask(bench, "/words 5000 pace 20ms")
    assert first_words(bench, started.turn_id)
    bench.delete_conversation("local", started.conversation_id)
    [row] = bench.ledger.rows("local", turn_id=started.turn_id)
    assert row.state == "settled" and 0 < row.usage.output_tokens < 2000
    with pytest.raises(NotFound):
        bench.conversations.get("local", started.conversation_id)


def test_stopping_a_turn_that_is_over_changes_nothing(bench: Any) -> None:
    started = ask(bench, "/words 3")
    followed(bench, started.turn_id)
    bench.bridge.run(bench.turns.stop("local", started.turn_id))
    assert bench.turn_rows.get("local", started.turn_id).status == "done"


def test_a_failure_is_told_with_its_hint_and_what_was_said_is_kept(bench: Any) -> None:
    started = ask(bench, "/cut")
    ending = followed(bench, started.turn_id)[-1]
    assert isinstance(ending, TurnFailed)
    assert ending.code == "stream_cut"
    assert ending.hint
    turn = bench.turn_rows.get("local", started.turn_id)
    assert turn.status == "failed"
    assert turn.error["code"] == "stream_cut"


def test_every_row_of_the_ledger_is_ended_whatever_happened(bench: Any) -> None:
    for prompt in ("/words 3", "/cut", "/fail rate_limited", "/fail key_rejected"):
        followed(bench, ask(bench, prompt).turn_id)
    rows = bench.ledger.rows("local")
    assert len(rows) >= 4
    assert {row.state for row in rows} <= {"settled", "released"}


def test_the_next_question_of_a_conversation_is_sent_with_what_was_said_before(bench: Any) -> None:
    first = ask(bench, "/words 5")
    followed(bench, first.turn_id)
    second = bench.turns.start(
        "local", TurnRequest("and now?"), conversation_id=first.conversation_id
    )
    followed(bench, second.turn_id)
    budget = bench.turn_rows.budget("local", second.turn_id)
    history = next(part for part in budget.slices if part.region == "history")
    assert [item.role for item in history.items] == ["user", "assistant"]
    assert history.items[0].text == "/words 5"


def test_one_conversation_answers_one_question_at_a_time(bench: Any) -> None:
    first = ask(bench, "/words 5000 pace 5ms")
    with pytest.raises(Conflict):
        bench.turns.start("local", TurnRequest("hi"), conversation_id=first.conversation_id)
    bench.bridge.run(bench.turns.stop("local", first.turn_id))
    assert followed(bench, first.turn_id)[-1].type == "turn_done"


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (TurnRequest("  \n "), Refused),
        (TurnRequest("x" * 200_001), Refused),
        (TurnRequest("hi", template="no-such"), NotFound),
        (TurnRequest("hi", template="answer@999"), NotFound),
        (TurnRequest("hi", model="nobody:gpt"), NotFound),
        (TurnRequest("hi", model="openai:gpt-6-luna"), Misuse),
        (TurnRequest("hi", variables={"nonsense": 1}), Misuse),
        (TurnRequest("hi", use_documents=("no-such-id",)), NotFound),
    ],
)
def test_a_request_that_cannot_be_carried_out_is_refused_before_anything_is_written(
    bench: Any, request_: TurnRequest, error: type[Misuse]
) -> None:
    with pytest.raises(error) as refused:
        bench.turns.start("local", request_)
    assert refused.value.hint
    assert bench.turn_rows.list("local") == []
    assert bench.conversations.list("local") == []


def test_the_same_id_again_starts_nothing(bench: Any) -> None:
    request = TurnRequest("/words 3")
    ids = {"turn_id": "t-1", "conversation_id": None}
    first = bench.turns.start("local", request, turn_id="t-1")
    followed(bench, first.turn_id)
    again = bench.turns.start(
        "local", request, turn_id="t-1", conversation_id=first.conversation_id
    )
    assert again == first
    assert ids
    assert len(bench.ledger.rows("local")) == 1


def test_what_was_sent_fits_the_window_and_the_trace_tells_every_step(bench: Any) -> None:
    started = ask(bench, "What is up?", max_tokens=100)
    followed(bench, started.turn_id)
    budget = bench.turn_rows.budget("local", started.turn_id)
    assert budget.used <= budget.window
    assert next(part.tokens for part in budget.slices if part.region == "reserve") == 100
    spans = bench.traces.read("local", started.turn_id)
    kinds = {span.kind for span in spans}
    assert {"turn", "window", "model", "citations"} <= kinds
    root = next(span for span in spans if span.kind == "turn")
    assert root.parent_id is None
    assert all(span.parent_id for span in spans if span is not root)
    assert root.trace_id == started.turn_id.replace("-", "")
