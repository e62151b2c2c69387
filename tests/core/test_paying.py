"""What a turn may cost, and who answers when the first model does not: over real HTTP."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import event

from core.errors import DiskFull
from core.events import FellBack, TurnDone, TurnFailed
from core.llm.pricing import price
from core.tokens.calibration import Calibration
from tests.conftest import running, settings_for
from tests.core.turns.test_turns import ask, followed, said


class Vendor(BaseHTTPRequestHandler):
    """Answers every call in the same way, and counts them."""

    calls = 0
    status = 200
    before: ClassVar[Callable[[], None]] = staticmethod(lambda: None)
    """What happens when it is asked."""
    headers_sent: ClassVar[dict[str, str]] = {}
    body = (
        b'data: {"choices": [{"index": 0, "delta": {"content": "Hello there"}}]}\n\n'
        b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], '
        b'"usage": {"prompt_tokens": 1000, "completion_tokens": 10}}\n\n'
    )

    def do_POST(self) -> None:
        type(self).calls += 1
        self.rfile.read(int(self.headers["content-length"]))
        type(self).before()
        self.send_response(self.status)
        self.send_header("content-type", "text/event-stream")
        for name, value in self.headers_sent.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def vendor() -> Iterator[Any]:
    kind = type("ThisVendor", (Vendor,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    kind.address = f"http://127.0.0.1:{server.server_port}/v1"  # type: ignore[attr-defined]
    yield kind
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def paid(vendor: Any, tmp_path: Path) -> Iterator[Any]:
    settings = settings_for(
        tmp_path,
        OPENAI_API_KEY="sk-paid-0123456789",
        OPENAI_BASE_URL=vendor.address,
        FOOTLIGHTS_MODEL="openai:gpt-6-luna",
        FOOTLIGHTS_FALLBACK="anthropic:claude-haiku-5-5, scripted",
    )
    with running(settings) as bench:
        yield bench


def test_a_turn_costs_what_the_vendor_reported(paid: Any, vendor: Any) -> None:
    turn_id = ask(paid, "Hello", use_documents=False).turn_id
    last = followed(paid, turn_id)[-1]
    assert isinstance(last, TurnDone)
    assert last.cost == "0.000105"
    paid.caps.set("local", "day", Decimal(1))
    [cap] = paid.caps.list("local")
    assert (cap.spent, cap.reserved) == (Decimal("0.000105"), 0)
    assert vendor.calls == 1


def test_a_model_whose_name_holds_half_a_character_is_asked_by_what_can_be_written_of_it(
    paid: Any, vendor: Any
) -> None:
    turn_id = ask(paid, "Hello", use_documents=False, model="openai:gpt-\ud800").turn_id
    assert isinstance(followed(paid, turn_id)[-1], TurnDone)
    assert paid.turn_rows.get("local", turn_id).model == "openai:gpt-\ufffd"


def test_a_spent_cap_sends_no_request_and_says_what_to_do(paid: Any, vendor: Any) -> None:
    paid.caps.set("local", "month", Decimal("0.0001"))
    turn_id = ask(paid, "Hello", use_documents=False).turn_id
    last = followed(paid, turn_id)[-1]
    assert isinstance(last, TurnFailed)
    assert last.code == "budget_exceeded"
    assert "the cap of $0.0001 for this month is reached" in last.message
    assert last.hint
    assert vendor.calls == 0
    assert paid.ledger.rows("local") == []
    turn_id = ask(paid, "/words 3", use_documents=False, model="scripted").turn_id
    assert isinstance(followed(paid, turn_id)[-1], TurnDone)  # what is free still answers


def test_at_a_cap_the_model_of_this_machine_goes_on_and_the_answer_says_so(
    vendor: Any, tmp_path: Path
) -> None:
    (tmp_path / "models").symlink_to(Path(__file__).resolve().parents[2] / "data" / "models")
    settings = settings_for(
        tmp_path,
        OPENAI_API_KEY="sk-paid-0123456789",
        OPENAI_BASE_URL=vendor.address,
        FOOTLIGHTS_MODEL="local:smollm2-135m",
    )
    with running(settings) as bench:
        bench.caps.set("local", "day", Decimal(0))
        bench.preferences.set_at_cap("local", "local")
        paid = "openai:gpt-6-luna"
        turn_id = ask(bench, "Hello", model=paid, use_documents=False, max_tokens=4).turn_id
        events = followed(bench, turn_id)
        (fell,) = [event for event in events if isinstance(event, FellBack)]
        assert fell.reason == "the cap of $0 for today is reached"
        turn = bench.turn_rows.get("local", turn_id)
        assert turn.model == fell.to and turn.model.startswith("local:") and turn.status == "done"
        assert "the cap of $0 for today is reached" in turn.stop_reason
        assert vendor.calls == 0 and {row.cost for row in bench.ledger.rows("local")} == {0}


def read_by(tokens: int, words: int) -> bytes:
    """An answer of Claude that says at its beginning how much was read."""
    usage = {"input_tokens": tokens, "output_tokens": 1}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"id": "m", "model": "c", "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *(
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": "lamp "},
            }
            for _ in range(words)
        ),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"output_tokens": words},
        },
        {"type": "message_stop"},
    ]
    said = [f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events]
    return "".join(said).encode()


@pytest.fixture
def claude(vendor: Any, tmp_path: Path) -> Iterator[Any]:
    settings = settings_for(
        tmp_path,
        ANTHROPIC_API_KEY="sk-ant-paid-0123456789",
        ANTHROPIC_BASE_URL=vendor.address.removesuffix("/v1"),
        FOOTLIGHTS_MODEL="anthropic:claude-haiku-5-5",
    )
    with running(settings) as bench:
        yield bench


def answered(bench: Any) -> Any:
    turn_id = ask(bench, "Hello", use_documents=False, max_tokens=200).turn_id
    return followed(bench, turn_id)


def test_an_answer_breaks_off_when_the_vendor_has_read_more_than_the_cap_pays_for(
    claude: Any, vendor: Any
) -> None:
    claude.caps.set("local", "day", Decimal("0.01"))
    vendor.body = read_by(tokens=500_000, words=150)
    events = answered(claude)
    last = events[-1]
    assert isinstance(last, TurnFailed) and last.code == "budget_exceeded"
    assert said(events) == ""  # it was told before the first word
    [row] = claude.ledger.rows("local")
    assert (row.state, row.usage.source, row.usage.input_tokens) == (
        "settled",
        "estimated",
        500_000,
    )
    assert row.cost >= Decimal("0.05") and row.usage.output_tokens < 150
    [cap] = claude.caps.list("local")
    assert (cap.spent, cap.reserved, cap.over) == (row.cost, 0, row.cost - cap.limit)
    calls = vendor.calls
    assert answered(claude)[-1].code == "budget_exceeded"
    assert vendor.calls == calls and len(claude.ledger.rows("local")) == 1


def test_an_answer_goes_on_when_the_cap_pays_for_what_the_vendor_has_read(
    claude: Any, vendor: Any
) -> None:
    claude.caps.set("local", "day", Decimal(1))
    vendor.body = read_by(tokens=500_000, words=150)
    events = answered(claude)
    assert isinstance(events[-1], TurnDone) and len(said(events).split()) == 150
    [row] = claude.ledger.rows("local")
    assert (row.usage.source, row.usage.input_tokens) == ("reported", 500_000)
    assert row.reserved >= row.cost == price("anthropic:claude-haiku-5-5", row.usage)
    [cap] = claude.caps.list("local")
    assert (cap.spent, cap.reserved, cap.over) == (row.cost, 0, 0)


def test_what_a_vendor_tells_only_at_the_end_is_booked_and_the_next_call_is_refused(
    paid: Any, vendor: Any
) -> None:
    paid.caps.set("local", "day", Decimal("0.01"))
    vendor.body = vendor.body.replace(b"1000", b"250000")
    assert isinstance(answered(paid)[-1], TurnDone)
    [row] = paid.ledger.rows("local")
    assert row.usage.source == "reported" and row.cost == Decimal("0.025005")
    [cap] = paid.caps.list("local")
    assert (cap.spent, cap.over) == (row.cost, Decimal("0.015005"))
    assert answered(paid)[-1].code == "budget_exceeded"
    assert vendor.calls == 1


def test_what_was_answered_while_the_disk_was_full_is_kept_and_booked_once_there_is_room(
    paid: Any, vendor: Any
) -> None:
    full = threading.Event()

    @event.listens_for(paid.engine, "do_execute")
    def refuse(cursor: Any, statement: str, *_: Any) -> None:
        if full.is_set() and statement.startswith(("INSERT", "UPDATE", "DELETE")):
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorname = "SQLITE_FULL"
            raise error

    paid.caps.set("local", "day", Decimal(1))
    vendor.before = full.set
    turn_id = ask(paid, "Hello", use_documents=False).turn_id
    last = followed(paid, turn_id)[-1]
    assert isinstance(last, TurnFailed) and last.code in ("not_saved", "disk_full")
    with pytest.raises(DiskFull) as refused:
        ask(paid, "Hello again", use_documents=False)
    assert "Free some space" in refused.value.hint
    [row] = paid.ledger.rows("local")
    assert row.state == "reserved" and vendor.calls == 1

    vendor.before = lambda: None
    full.clear()
    ticking = threading.Event()
    while (turn := paid.turn_rows.get("local", turn_id)).status == "running":
        ticking.wait(0.02)
    [row] = paid.ledger.rows("local")
    assert (row.state, row.usage.source, row.cost) == ("settled", "reported", Decimal("0.000105"))
    [cap] = paid.caps.list("local")
    assert (cap.spent, cap.reserved) == (row.cost, 0)
    told = [seq for seq, _ in paid.turn_rows.events("local", turn_id)]
    assert told == list(range(1, len(told) + 1)) and turn.status in ("done", "failed")
    assert isinstance(followed(paid, ask(paid, "Again", use_documents=False).turn_id)[-1], TurnDone)


def test_a_key_that_is_replaced_meanwhile_ends_no_answer(paid: Any, vendor: Any) -> None:
    asked, go = threading.Event(), threading.Event()
    vendor.before = lambda: (asked.set(), go.wait(60))
    turn_id = ask(paid, "Hello", use_documents=False).turn_id
    assert asked.wait(60)
    paid.bridge.run(paid.models.set_key("openai", None))  # that of the environment is there again
    go.set()
    assert isinstance(followed(paid, turn_id)[-1], TurnDone)
    assert vendor.calls == 1
    [row] = paid.ledger.rows("local")
    assert (row.usage.source, row.cost) == ("reported", Decimal("0.000105"))


def test_a_model_without_a_price_is_refused_under_a_cap(paid: Any, vendor: Any) -> None:
    paid.caps.set("local", "day", Decimal(1))
    turn_id = ask(paid, "Hello", use_documents=False, model="openai:gpt-99").turn_id
    last = followed(paid, turn_id)[-1]
    assert isinstance(last, TurnFailed)
    assert "the price of this model is not known" in last.message
    assert vendor.calls == 0


def test_the_next_model_answers_when_the_first_does_not_and_the_answer_says_so(
    paid: Any, vendor: Any
) -> None:
    vendor.status, vendor.body = (
        401,
        b'{"error": {"message": "bad key", "code": "invalid_api_key"}}',
    )
    turn_id = ask(paid, "/words 5", use_documents=False).turn_id
    events = followed(paid, turn_id)
    [fell] = [event for event in events if isinstance(event, FellBack)]
    assert (fell.ref, fell.to) == ("openai:gpt-6-luna", "scripted")  # Anthropic has no key
    assert len(said(events).split()) == 5
    turn = paid.turn_rows.get("local", turn_id)
    assert turn.model == "scripted"
    assert turn.stop_reason.startswith("finished, answered by scripted: openai does not accept")
    assert {(row.model, row.state) for row in paid.ledger.rows("local")} == {
        ("openai:gpt-6-luna", "released"),
        ("scripted", "settled"),
    }


def test_the_pace_that_a_vendor_tells_is_kept_and_a_call_that_would_wait_too_long_is_refused(
    paid: Any, vendor: Any
) -> None:
    vendor.headers_sent = {
        "x-ratelimit-limit-requests": "1",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-limit-tokens": "90000",
    }
    assert isinstance(followed(paid, ask(paid, "Hello", use_documents=False).turn_id)[-1], TurnDone)
    state = paid.client.limiter.state("openai:gpt-6-luna")
    assert (state.requests, state.tokens) == (1, 90_000)
    assert state.requests_left is not None
    assert state.requests_left < 0.5
    paid.client.limiter.pause("openai:gpt-6-luna", 300)  # longer than a call may take
    turn_id = ask(paid, "/words 4", use_documents=False).turn_id
    [fell] = [event for event in followed(paid, turn_id) if isinstance(event, FellBack)]
    assert "allows no more for now" in fell.reason
    assert vendor.calls == 1


def test_the_count_of_a_model_follows_what_its_vendor_reports(paid: Any, vendor: Any) -> None:
    def sent(question: str) -> Any:
        turn_id = ask(paid, question, use_documents=False).turn_id
        followed(paid, turn_id)
        return paid.turn_rows.budget("local", turn_id)

    first = sent("How many lamps are there?")
    assert (first.exact, first.ratio) == (False, 1.0)
    vendor.body = vendor.body.replace(b"1000", str(first.input_tokens * 3 // 2).encode())
    for _ in range(5):
        sent("How many lamps are there?")
    found = sent("How many lamps are there?")
    # Six answers of one shape do not tell texts from what stands around them: their sum is what holds.
    assert found.ratio > 1
    assert found.input_tokens == pytest.approx(first.input_tokens * 1.5, abs=6)
    assert found.used == sum(part.tokens for part in found.slices)


def test_a_small_call_beside_the_answer_is_reserved_by_the_count_of_its_own_model(
    paid: Any, vendor: Any
) -> None:
    first = ask(paid, "How many lamps are there in the house?", use_documents=False)
    followed(paid, first.turn_id)
    turns = paid.turns_of("local", first.conversation_id)

    def reserved() -> Decimal:
        name = paid.errands.name("local", first.conversation_id, turns, "openai:gpt-6-luna")
        assert paid.bridge.run(name) == "Hello there"
        rows = [row for row in paid.ledger.rows("local") if row.purpose == "name"]
        return Decimal(max(rows, key=lambda row: row.created_at).reserved)

    plain = reserved()
    paid.counter.calibrate("openai:gpt-6-luna", Calibration(ratio=3.0))
    answer = Decimal("24") * Decimal("0.0000005")  # what is reserved for the name itself stays
    assert reserved() - answer >= 2 * (plain - answer)
