"""A vendor over real HTTP: each request is answered by the next step of a script, in either wire."""

import json
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Wire = Literal["openai", "anthropic"]


@dataclass(frozen=True)
class Says:
    """One answer: a text, then calls as (id, name, arguments); `finish` as OpenAI names it."""

    text: str = ""
    calls: Sequence[tuple[str, str, str]] = ()
    finish: str = ""
    tokens: tuple[int, int] = (100, 10)


@dataclass
class Vendor:
    """What was asked, and what is still to be said; `always` is said when the script is over."""

    wire: Wire
    address: str
    script: deque[Says] = field(default_factory=deque)
    always: Says = field(default_factory=lambda: Says("done"))
    bodies: list[dict[str, Any]] = field(default_factory=list)
    counts: int | None = None
    """What it says when it is asked how many tokens a request has; None: it fails."""
    counted: list[dict[str, Any]] = field(default_factory=list)

    def count(self, body: dict[str, Any]) -> tuple[int, bytes]:
        self.counted.append(body)
        if self.counts is None:
            return 500, b'{"error": {"type": "api_error", "message": "no"}}'
        return 200, json.dumps({"input_tokens": self.counts}).encode()

    def answer(self, body: dict[str, Any]) -> bytes:
        self.bodies.append(body)
        says = self.script.popleft() if self.script else self.always
        return (_openai if self.wire == "openai" else _anthropic)(says)


def _sse(events: Sequence[Any]) -> bytes:
    lines = [
        f"event: {event['type']}\n" if isinstance(event, dict) and "type" in event else ""
        for event in events
    ]
    data = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return "".join(f"{a}data: {b}\n\n" for a, b in zip(lines, data, strict=True)).encode()


def _openai(says: Says) -> bytes:
    """Fragments of several calls are interleaved, character by character."""

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    def piece(at: int, text: str, **more: Any) -> dict[str, Any]:
        function = {"arguments": text, **({"name": more.pop("name")} if "name" in more else {})}
        return chunk({"tool_calls": [{"index": at, "function": function, **more}]})

    events: list[Any] = [chunk({"content": says.text})] if says.text else []
    events += [piece(at, "", id=id, name=name) for at, (id, name, _) in enumerate(says.calls)]
    longest = max((len(arguments) for _, _, arguments in says.calls), default=0)
    step = max(1, longest // 40)
    for start in range(0, longest, step):
        for at, (_, _, arguments) in enumerate(says.calls):
            if text := arguments[start : start + step]:
                events.append(piece(at, text))
    events.append(chunk({}, says.finish or ("tool_calls" if says.calls else "stop")))
    read, written = says.tokens
    usage = {"prompt_tokens": read, "completion_tokens": written}
    return _sse([*events, {"id": "c", "choices": [], "usage": usage}, "[DONE]"])


def _anthropic(says: Says) -> bytes:
    read, written = says.tokens
    start = {"id": "m", "role": "assistant", "usage": {"input_tokens": read, "output_tokens": 1}}
    events: list[Any] = [{"type": "message_start", "message": start}]

    def block(at: int, content: dict[str, Any], deltas: Sequence[dict[str, Any]]) -> None:
        events.append({"type": "content_block_start", "index": at, "content_block": content})
        events.extend({"type": "content_block_delta", "index": at, "delta": d} for d in deltas)
        events.append({"type": "content_block_stop", "index": at})

    if says.text:
        block(0, {"type": "text", "text": ""}, [{"type": "text_delta", "text": says.text}])
    for at, (id, name, arguments) in enumerate(says.calls, 1):
        step = max(1, len(arguments) // 20)
        pieces = [arguments[n : n + step] for n in range(0, len(arguments), step)]
        deltas = [{"type": "input_json_delta", "partial_json": text} for text in pieces]
        block(at, {"type": "tool_use", "id": id, "name": name, "input": {}}, deltas)
    names = {"length": "max_tokens", "tool_calls": "tool_use", "stop": "end_turn"}
    finish = names[says.finish or ("tool_calls" if says.calls else "stop")]
    events.append(
        {
            "type": "message_delta",
            "delta": {"stop_reason": finish},
            "usage": {"output_tokens": written},
        }
    )
    return _sse([*events, {"type": "message_stop"}])


@contextmanager
def vendor(wire: Wire) -> Iterator[Vendor]:
    """A server that runs in a thread until the block is left."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))))
            status, kind = 200, "text/event-stream"
            if self.path.endswith("/count_tokens"):
                (status, data), kind = made.count(body), "application/json"
            else:
                data = made.answer(body)
            self.send_response(status)
            self.send_header("content-type", kind)
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    path = "/v1" if wire == "openai" else ""
    made = Vendor(wire, f"http://127.0.0.1:{server.server_port}{path}")
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
