"""Embeddings of a vendor, over real HTTP: every call is reserved, tried again by one layer, and booked."""

import asyncio
import base64
import json
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from core.errors import BudgetExceeded, KeyRejected, Malformed, Misuse
from core.llm.retry import RetryPolicy
from core.retrieval.embed import Payer
from core.sharing.wishes import Wish
from tests.conftest import running, settings_for
from tests.core.documents.test_reembedding import added, search, through
from tests.core.turns.test_turns import ask, followed

ME = Payer("local")


async def _at_once(_: float) -> None:
    return None


class Vendor(BaseHTTPRequestHandler):
    """Embeds a text by its length; `plan` are statuses for the next calls."""

    asked: ClassVar[list[dict[str, Any]]] = []
    plan: ClassVar[list[int]] = []
    answer: ClassVar[dict[str, Any] | None] = None
    reports = True
    go: ClassVar[threading.Event | None] = None
    """Until it is set, nothing is answered."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        assert self.path == "/v1/embeddings"
        self.asked.append(body)
        if self.go and self.go.wait(60):
            return  # whoever asked has left
        status = self.plan.pop(0) if self.plan else 200
        error = {"error": {"message": "no", "code": "invalid_api_key" if status == 401 else "busy"}}
        written = json.dumps(self._made(body) if status == 200 else error).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    def _made(self, body: dict[str, Any]) -> dict[str, Any]:
        if self.answer is not None:
            return self.answer
        rows = []
        for place, text in enumerate(body["input"]):
            vector = np.zeros(body.get("dimensions", 8), "<f4")
            vector[len(text) % len(vector)] = 3.0
            sent = base64.b64encode(vector.tobytes()).decode()
            rows.append({"object": "embedding", "index": place, "embedding": sent})
        made: dict[str, Any] = {"object": "list", "data": rows[::-1], "model": body["model"]}
        if self.reports:
            made["usage"] = {"prompt_tokens": 100 * len(rows), "total_tokens": 100 * len(rows)}
        return made

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def vendor() -> Iterator[Any]:
    kind: Any = type("ThisVendor", (Vendor,), {"asked": [], "plan": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    kind.address = f"http://127.0.0.1:{server.server_port}/v1"
    yield kind
    server.shutdown()
    server.server_close()
    thread.join()


def settings(vendor: Any, folder: Path, embedder: str, **given: Any) -> Any:
    values = {"OPENAI_API_KEY": "sk-paid-0123456789", "OPENAI_BASE_URL": vendor.address}
    return settings_for(folder, FOOTLIGHTS_EMBEDDER=embedder, **{**values, **given})


@pytest.fixture
def paid(vendor: Any, tmp_path: Path) -> Iterator[Any]:
    with running(settings(vendor, tmp_path, "openai:text-embedding-3-small/16")) as bench:
        bench.client._retry = RetryPolicy(sleep=_at_once)
        yield bench


def embed(bench: Any, *texts: str) -> Any:
    return bench.reembedder._embedder.embed(texts, payer=ME)


def rows(bench: Any) -> list[tuple[str, str, str]]:
    return [
        (row.purpose, row.state, f"{row.cost:f}") for row in bench.ledger.rows("local") if row.cost
    ]


def test_vectors_come_in_the_order_of_the_texts_as_unit_vectors_and_cost_what_was_reported(
    paid: Any, vendor: Any
) -> None:
    vectors = embed(paid, "a", "bbb", "cc")
    assert vectors.shape == (3, 16) and vectors.dtype == np.float32
    assert [int(vector.argmax()) for vector in vectors] == [1, 3, 2]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    [sent] = vendor.asked
    assert (sent["model"], sent["dimensions"]) == ("text-embedding-3-small", 16)
    assert rows(paid) == [("embedding", "settled", "0.000006")]  # 300 tokens at 2 cents a million


def test_a_call_that_fails_for_a_moment_is_tried_again_and_every_attempt_is_booked(
    paid: Any, vendor: Any
) -> None:
    vendor.plan += [500, 500]
    assert embed(paid, "a").shape == (1, 16)
    booked = paid.ledger.rows("local")
    assert len(vendor.asked) == len(booked) == 3
    assert [row.state for row in booked] == ["settled"] * 3
    assert [row.usage.source for row in booked] == ["reported", "estimated", "estimated"]


def test_a_wrong_key_is_not_tried_again_and_costs_nothing(paid: Any, vendor: Any) -> None:
    vendor.plan += [401, 401]
    with pytest.raises(KeyRejected) as refused:
        embed(paid, "a")
    assert "sk-paid" not in str(refused.value)
    assert [row.state for row in paid.ledger.rows("local")] == ["released"]


def test_a_spent_cap_sends_nothing(paid: Any, vendor: Any) -> None:
    paid.caps.set("local", "day", Decimal("0.0000001"))
    with pytest.raises(BudgetExceeded):
        embed(paid, "one sentence with some words in it")
    assert vendor.asked == [] and paid.ledger.rows("local") == []


def test_a_model_without_a_price_is_refused_under_a_cap_and_takes_its_dimension_from_its_name(
    vendor: Any, tmp_path: Path
) -> None:
    with running(settings(vendor, tmp_path, "openai:nomic/8")) as bench:
        assert embed(bench, "a").shape == (1, 8)
        assert "dimensions" not in vendor.asked[0]
        bench.caps.set("local", "day", Decimal(1))
        with pytest.raises(BudgetExceeded, match="price of this model is not known"):
            embed(bench, "b")
        assert len(vendor.asked) == 1


def test_usage_that_was_not_reported_is_estimated(paid: Any, vendor: Any) -> None:
    vendor.reports = False
    embed(paid, "four words of text")
    [row] = paid.ledger.rows("local")
    assert (row.state, row.usage.source) == ("settled", "estimated")
    assert row.usage.input_tokens >= 4


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"data": []},
        {"data": [{"index": 0, "embedding": "!!!"}]},
        {"data": [{"index": 0, "embedding": [1.0, 2.0]}]},
        {"data": [{"index": 0, "embedding": [float("nan")] * 16}]},
        {"data": [{"index": 5, "embedding": [1.0] * 16}]},
        {"data": "no"},
    ],
)
def test_vectors_that_cannot_be_used_are_an_error_and_booked(
    paid: Any, vendor: Any, answer: dict[str, Any]
) -> None:
    vendor.answer = answer
    with pytest.raises(Malformed, match="embeddings cannot be used"):
        embed(paid, "a")
    assert [row.state for row in paid.ledger.rows("local")] == ["settled"]


def test_a_server_that_reports_the_total_alone_is_booked_by_that(paid: Any, vendor: Any) -> None:
    rows = [{"index": 0, "embedding": [1.0] + [0.0] * 15}]
    vendor.answer = {"data": rows, "usage": {"total_tokens": 4711}}
    embed(paid, "a")
    [row] = paid.ledger.rows("local")
    assert (row.usage.input_tokens, row.usage.source) == (4711, "reported")


def test_numbers_instead_of_base64_are_read_too(paid: Any, vendor: Any) -> None:
    vendor.answer = {"data": [{"index": 0, "embedding": [2.0] + [0.0] * 15}]}
    assert embed(paid, "a").tolist() == [[1.0] + [0.0] * 15]


def test_a_question_is_booked_on_its_turn_and_conversation(paid: Any, vendor: Any) -> None:
    added(paid)
    started = ask(paid, "Where does lamp 4 hang?")
    assert followed(paid, started.turn_id)[-1].type == "turn_done"
    purposes = {row.purpose for row in paid.ledger.rows("local", turn_id=started.turn_id)}
    assert "embedding" in purposes


def test_a_visitor_s_question_is_booked_on_his_link_and_none_is_sent_beyond_its_cap(
    paid: Any, vendor: Any
) -> None:
    document = added(paid, "lamp.txt", "The lamp house is behind the stage.")
    wish = Wish(kind="live", documents=(document.id,), cap=Decimal("0.000002"))
    link, token = paid.shares.make("local", wish)
    visit = paid.visits.enter(token, "", "10.0.0.9")
    before = len(vendor.asked)
    for _ in range(2):
        paid.visits.ask(visit, "Where is the lamp house?", "10.0.0.9")
        for _ in paid.bridge.iterate(paid.visits.follow(visit), 30):
            pass
    assert paid.shares.get("local", link.id).cap.spent == Decimal("0.000002")
    assert [row.purpose for row in paid.ledger.rows("local", 2) if row.cost] == ["embedding"]
    assert len(vendor.asked) == before + 1
    assert paid.visits.history(visit)[-1]["error"]["message"] == "This demo has used up its budget."


def test_what_a_tool_searches_for_a_visitor_is_booked_on_his_link_too(
    paid: Any, vendor: Any
) -> None:
    document = added(paid, "lamp.txt", "The lamp house is behind the stage.")
    tools = ("search_documents",)
    wish = Wish(kind="live", documents=(document.id,), tools=tools, cap=Decimal("0.000002"))
    link, token = paid.shares.make("local", wish)
    visit = paid.visits.enter(token, "", "10.0.0.9")
    before = len(vendor.asked)
    paid.visits.ask(visit, '/loop search_documents {"query": "lamp house"}', "10.0.0.9")
    for _ in paid.bridge.iterate(paid.visits.follow(visit), 30):
        pass
    assert paid.shares.get("local", link.id).cap.spent == Decimal("0.000002")
    assert len(vendor.asked) == before + 1, "the searches behind the first were refused"


def test_what_is_under_way_when_the_app_ends_is_booked_before_it_has_ended(
    vendor: Any, tmp_path: Path
) -> None:
    ours = settings(vendor, tmp_path, "openai:text-embedding-3-small/16")
    with running(ours) as bench:
        added(bench, "lamp.txt", "The lamp house is behind the stage.")
        vendor.go, before = threading.Event(), len(vendor.asked)
        for number in range(4):
            ask(bench, f"Where is lamp {number}?")
        while len(vendor.asked) < before + 4:
            bench.bridge.run(asyncio.sleep(0.01))
    with sqlite3.connect(tmp_path / "footlights.db") as connection:
        states = connection.execute("SELECT state, count(*) FROM ledger GROUP BY 1").fetchall()
    vendor.go.set()
    connection.close()
    assert states == [("settled", 5)]


def test_a_question_that_is_stopped_is_embedded_no_more(paid: Any, vendor: Any) -> None:
    added(paid, "lamp.txt", "The lamp house is behind the stage.")
    waits, left = threading.Event(), threading.Event()

    async def until_it_is_left(_: float) -> None:
        waits.set()
        try:
            await asyncio.sleep(3600)
        finally:
            left.set()

    paid.client._retry = RetryPolicy(sleep=until_it_is_left)
    vendor.plan, before = [503], len(vendor.asked)
    turn_id = ask(paid, "Where is the lamp house?").turn_id
    assert waits.wait(30)
    paid.bridge.run(paid.turns.stop("local", turn_id))
    assert left.wait(30)
    followed(paid, turn_id)
    assert len(vendor.asked) == before + 1
    assert {row.state for row in paid.ledger.rows("local")} == {"settled"}


def test_a_file_that_a_cap_keeps_from_being_read_is_refused_for_that(paid: Any) -> None:
    paid.caps.set("local", "day", Decimal("0.0000001"))
    document = added(paid, "lamp.txt", "The lamp house is behind the stage.")
    assert document.status == "refused"
    assert "the cap of $0.0000001 for today is reached" in document.reason


def test_searches_never_take_the_threads_that_their_own_booking_needs(
    paid: Any, vendor: Any
) -> None:
    added(paid, "lamp.txt", "The lamp house is behind the stage.")
    with ThreadPoolExecutor(1) as only:
        paid.bridge.loop.set_default_executor(only)
        searching = [
            paid.bridge.submit(paid.documents.search("local", f"lamp {number}?", 1))
            for number in range(3)
        ]
        assert [len(each.result(30)) for each in searching] == [1, 1, 1]
        paid.bridge.loop.set_default_executor(ThreadPoolExecutor())


def test_the_change_to_a_vendor_says_what_it_costs_stops_at_a_cap_and_goes_on(
    vendor: Any, tmp_path: Path
) -> None:
    with running(settings_for(tmp_path)) as bench:
        passages = added(bench).passages
    with running(settings(vendor, tmp_path, "openai:text-embedding-3-small")) as bench:
        due, takes = bench.reembedder.due("local"), bench.reembedder.takes("local")
        assert (due.passages, due.now) == (passages, "text-embedding-3-small")
        assert takes.cost == Decimal("0.02") * due.tokens / 1_000_000
        assert not takes.measured and vendor.asked == []
        bench.caps.set("local", "day", Decimal("0.0000001"))
        bench.reembedder.start("local")
        through(bench)
        job = bench.reembedder.due("local").job
        assert "cap" in job.failure and job.hint and vendor.asked == []
        bench.caps.remove("local", "day")
        bench.reembedder.start("local")
        through(bench)
        assert bench.reembedder.due("local") is None
        assert sum(len(body["input"]) for body in vendor.asked) == passages
        assert len(search(bench)) == 3


def test_without_a_key_it_says_where_to_enter_one(vendor: Any, tmp_path: Path) -> None:
    made = settings(vendor, tmp_path, "openai:text-embedding-3-small", OPENAI_API_KEY=None)
    with running(made) as bench, pytest.raises(Misuse) as refused:
        embed(bench, "a")
    assert "Models page" in refused.value.hint
