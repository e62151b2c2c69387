"""An answer that is a table: streamed, checked, asked for again, cited row by row, taken away."""

import json
from typing import Any

import pytest

from core.errors import Misuse, Refused, RequestRejected
from core.events import AnswerReplaced, CitationsChecked, TextDelta, TurnDone, TurnFailed
from core.export import as_markdown
from core.llm.scripted import Reply
from core.metering import TurnMeter
from core.table_fields import parse_fields, table_schema
from core.tables import rows_of
from core.types import ModelRequest, TurnRequest, Usage
from tests.core.turns.test_turns import ask, followed

LAMPS = b"# Lamps\n\nThe Fresnel draws 1200 watts.\n\n# Desk\n\nThe desk draws 300 watts.\n"
ROWS = [
    {"item": "Fresnel", "watts": 1200, "passage": 1},
    {"item": "desk", "watts": 300, "passage": 1},
]
FIELDS = "item, watts: number"


def script(bench: Any, *steps: Any) -> Any:
    provider = bench.models.providers["scripted"]
    provider.script.extend(steps)
    return provider


def table_turn(bench: Any, **given: Any) -> tuple[Any, list[Any]]:
    started = ask(bench, "What draws how much?", table=FIELDS, **given)
    events = followed(bench, started.turn_id)
    return bench.turn_rows.get("local", started.turn_id), events


def test_a_table_streams_in_and_ends_as_checked_rows(bench: Any) -> None:
    script(bench, Reply(json.dumps({"rows": ROWS}), pace_seconds=0.002))
    turn, events = table_turn(bench)
    growing, text = [], ""
    for event in events:
        match event:
            case TextDelta(more):
                text += more
                growing.append(len(rows_of(text)))
            case AnswerReplaced(final):
                text = final
    assert growing == sorted(growing)
    assert turn.answer == text
    assert json.loads(turn.answer) == ROWS
    assert rows_of(turn.answer) == ROWS
    assert isinstance(events[-1], TurnDone)


def test_each_row_is_cited_by_the_passage_that_it_names(bench: Any) -> None:
    bench.documents.add("local", "lamps.md", LAMPS)
    script(bench, Reply(json.dumps({"rows": ROWS})))
    turn, events = table_turn(bench)
    [checked] = [event for event in events if isinstance(event, CitationsChecked)]
    assert [citation.number for citation in checked.citations] == [1, 1]
    lines = [turn.answer[each.start : each.end].strip() for each in checked.citations]
    assert lines == ['"passage": 1'] * 2
    passage = turn.sources[0].hit.chunk.text
    first = checked.citations[0]
    assert "1200" in passage[first.quote_start : first.quote_end]


def test_rows_that_do_not_fit_are_asked_for_again_with_what_is_wrong(bench: Any) -> None:
    wrong = json.dumps({"rows": [{"item": "Fresnel", "watts": "many"}]})
    provider = script(
        bench,
        Reply(wrong, usage=Usage(100, 10)),
        Reply(json.dumps({"rows": ROWS}), usage=Usage(150, 20)),
    )
    turn, events = table_turn(bench)
    replaced = [event for event in events if isinstance(event, AnswerReplaced)]
    assert replaced[0].text == ""
    assert "watts" in replaced[0].reason
    assert json.loads(turn.answer) == ROWS
    again: ModelRequest = provider.requests[1]
    assert wrong in again.messages[-2].text
    assert "watts" in again.messages[-1].text
    assert turn.usage == Usage(250, 30)
    assert len(bench.ledger.rows("local", turn_id=turn.id)) == 2


def test_a_model_that_never_gives_rows_fails_in_words_and_what_it_said_is_kept(bench: Any) -> None:
    script(bench, *[Reply("I would rather tell a story.")] * 3)
    turn, events = table_turn(bench)
    assert isinstance(events[-1], TurnFailed)
    assert events[-1].code == "output_not_json"
    assert turn.status == "failed"
    assert len(bench.ledger.rows("local", turn_id=turn.id)) == 3


def test_the_reservation_of_a_second_try_counts_what_is_repeated(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserved: list[int] = []
    reserve = TurnMeter.reserve

    async def noted(self: TurnMeter, model: str, input_tokens: int, max_tokens: int) -> str:
        reserved.append(input_tokens)
        return await reserve(self, model, input_tokens, max_tokens)

    monkeypatch.setattr(TurnMeter, "reserve", noted)
    script(bench, Reply("no table " * 1_000), Reply(json.dumps({"rows": ROWS})))
    turn, _ = table_turn(bench)
    schema = bench.counter.count(json.dumps(table_schema(parse_fields(FIELDS))))
    window = bench.turn_rows.budget("local", turn.id)
    assert window is not None
    assert window.input_tokens + schema // 2 < reserved[0] < window.input_tokens + 2 * schema + 100
    assert reserved[1] > reserved[0] + 2_000


def test_a_vendor_that_rejects_the_schema_is_asked_in_words(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.chat.answerer.is_native", lambda refs: True)
    rejected = RequestRejected("The schema is not supported.", provider="scripted")
    provider = script(bench, rejected, Reply(json.dumps({"rows": ROWS})))
    turn, events = table_turn(bench)
    assert json.loads(turn.answer) == ROWS
    assert provider.requests[0].output is not None
    assert provider.requests[1].output is None
    assert "JSON Schema" in provider.requests[1].messages[0].text
    assert any("does not take the schema" in getattr(e, "reason", "") for e in events)


def test_a_stopped_table_keeps_the_rows_that_were_there(bench: Any) -> None:
    script(bench, Reply(json.dumps({"rows": ROWS}) + " " * 10, stall_seconds=60))
    started = ask(bench, "What draws how much?", table=FIELDS)
    for batch in bench.bridge.iterate(bench.turns.follow("local", started.turn_id), 30):
        if any(isinstance(record.event, TextDelta) for record in batch or ()):
            break
    bench.bridge.run(bench.turns.stop("local", started.turn_id))
    followed(bench, started.turn_id)
    turn = bench.turn_rows.get("local", started.turn_id)
    assert turn.status == "stopped"
    assert turn.answer.startswith('{"rows"')


def test_the_table_is_exported_as_one(bench: Any) -> None:
    script(bench, Reply(json.dumps({"rows": ROWS})))
    turn, _ = table_turn(bench)
    talk = bench.conversations.get("local", turn.conversation_id)
    markdown = as_markdown(talk, [turn])
    assert "| item | watts | passage |" in markdown
    assert "| Fresnel | 1200 | 1 |" in markdown


def test_what_makes_no_table_is_refused_before_anything_is_written(bench: Any) -> None:
    for line in ("name: nonsense", "a, a", ":"):
        with pytest.raises(Refused):
            bench.turns.start("local", TurnRequest("x", table=line))
    with pytest.raises(Misuse, match="quotations cannot be made into a table"):
        bench.turns.start("local", TurnRequest("x", model="quotes", table=FIELDS))
    assert bench.turn_rows.list("local") == []


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", []),
        ("no json", []),
        ('{"rows": [{"a": 1}, {"a": "op', [{"a": 1}, {"a": "op"}]),
        ('```json\n{"rows": [{"a": 1}', [{"a": 1}]),
        ('[{"a": null}]', [{"a": None}]),
        ('{"rows": 5}', []),
    ],
)
def test_rows_are_read_of_any_text_that_holds_some(text: str, rows: list[Any]) -> None:
    assert rows_of(text) == rows
