"""Traces to a collector: a plain receiver on loopback reads what arrives."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from core.llm import names
from core.traces.otlp import Outlet, attributes, parse_headers
from core.types import Span, TurnRequest
from tests.conftest import running, settings_for


class Collector:
    def __init__(self) -> None:
        self.received: Queue[tuple[dict[str, str], Any]] = Queue()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    import gzip

                    body = gzip.decompress(body)
                told = {name.lower(): value for name, value in self.headers.items()}
                collector.received.put((told, ExportTraceServiceRequest.FromString(body)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/v1/traces"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.server.shutdown()
    made.server.server_close()


def spans_of(request: Any) -> list[Any]:
    return [
        span
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def ask(bench: Any, prompt: str) -> Any:
    started = bench.turns.start("local", TurnRequest(prompt))
    for _ in bench.bridge.iterate(bench.turns.follow("local", started.turn_id), 60):
        pass
    return bench.turn_rows.get("local", started.turn_id)


def test_a_turn_arrives_with_its_tree_its_tokens_and_the_headers(
    tmp_path: Path, collector: Collector
) -> None:
    told = {
        "FOOTLIGHTS_OTLP_ENDPOINT": collector.address,
        "FOOTLIGHTS_OTLP_HEADERS": "X-Key=a=b, x-project=stage",
    }
    with running(settings_for(tmp_path, **told)) as bench:
        turn = ask(bench, "/words 5")
        headers, request = collector.received.get(timeout=30)
        kept = bench.traces.read("local", turn.id)
    assert (headers["x-key"], headers["x-project"]) == ("a=b", "stage")
    sent = {span.span_id.hex(): span for span in spans_of(request)}
    assert {each.span_id: each.parent_id or "" for each in kept} == {
        span_id: span.parent_span_id.hex() for span_id, span in sent.items()
    }
    assert {span.trace_id.hex() for span in sent.values()} == {turn.id.replace("-", "")}
    top = next(span for span in sent.values() if not span.parent_span_id)
    [conversation] = [each for each in top.attributes if each.key == names.CONVERSATION]
    assert conversation.value.string_value == turn.conversation_id
    call = next(span for span in sent.values() if span.name.startswith("ask"))
    mine = next(each for each in kept if each.kind == "model")
    assert (call.start_time_unix_nano, call.end_time_unix_nano) == (mine.start_ns, mine.end_ns)
    values = {each.key: each.value for each in call.attributes}
    assert values[names.OPERATION].string_value == "chat"
    assert values[names.OUTPUT_TOKENS].int_value == 5
    said = json.loads(values[names.OUTPUT_MESSAGES].string_value)
    assert said[0]["parts"][0]["content"] == turn.answer


def test_a_collector_that_is_not_there_harms_no_answer_and_no_ending(tmp_path: Path) -> None:
    dead = {"FOOTLIGHTS_OTLP_ENDPOINT": "http://127.0.0.1:9/v1/traces"}
    with running(settings_for(tmp_path, **dead)) as bench:
        assert ask(bench, "/words 5").status == "done"
        assert ask(bench, "/fail key_rejected 9").status == "failed"


def test_every_value_of_a_span_can_be_sent() -> None:
    odd = {
        "sent": ["{}"],
        "a": None,
        "b": {"c": [1, {"d": "\ud800"}]},
        "arguments": {"x": 1},
        "f": [1, "a"],
    }
    span = Span("a" * 32, "b" * 16, None, "look", "tool", 1, 2, "error", odd)
    found = attributes(span)
    assert found[names.TOOL_ARGUMENTS] == '{"x": 1}' and found[names.TOOL_NAME] == "look"
    assert found["footlights.a"] == "null"
    assert not any("sent" in name for name in found)
    outlet = Outlet("http://127.0.0.1:9/v1/traces")
    outlet.send([span])
    outlet.close()


def test_headers_are_read_as_they_are_written_for_other_programs() -> None:
    assert parse_headers("A=1, b = x=y ,nothing,") == {"a": "1", "b": "x=y"}
