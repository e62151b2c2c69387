"""A vendor on a loopback port that answers by the name of the model, and a workbench that pays it."""

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.conftest import running, settings_for

ROOT = Path(__file__).resolve().parents[3]


class Vendor(BaseHTTPRequestHandler):
    """Says what `says` has for the model, a word a chunk, 1,000 tokens in and 10 out; a word that is
    an Event is waited for, a number is the status of a refusal."""

    says: ClassVar[dict[str, Any]] = {}
    asked: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append(body)
        said = self.says.get(body["model"], "Hello there.")
        said = said(body) if callable(said) else said
        self.send_response(said if isinstance(said, int) else 200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        if isinstance(said, int):
            self.wfile.write(b'{"error": {"message": "no", "code": "invalid_request"}}')
            return
        for word in said if isinstance(said, list) else said.split(" "):
            if isinstance(word, threading.Event):
                self.wfile.flush()
                word.wait(30)
                continue
            self._chunk({"delta": {"content": f"{word} "}})
        self._chunk({"delta": {}, "finish_reason": "stop"}, usage=(1000, 10))

    def _chunk(self, choice: dict[str, Any], usage: tuple[int, int] | None = None) -> None:
        data: dict[str, Any] = {"choices": [{"index": 0, **choice}]}
        if usage:
            data["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
        # Whoever listened may have left: that is what some of the tests are about.
        with suppress(ConnectionError):
            self.wfile.write(b"data: " + json.dumps(data).encode() + b"\n\n")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def vendor() -> Iterator[Any]:
    kind = type("ThisVendor", (Vendor,), {"says": {}, "asked": []})
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
    """A workbench with a copy of the prompts, that asks the vendor over real HTTP."""
    shutil.copytree(ROOT / "prompts", tmp_path / "prompts")
    settings = settings_for(
        tmp_path / "data",
        FOOTLIGHTS_PROMPTS=tmp_path / "prompts",
        OPENAI_API_KEY="sk-paid-0123456789",
        OPENAI_BASE_URL=vendor.address,
        FOOTLIGHTS_MODEL="openai:gpt-6-luna",
    )
    with running(settings) as bench:
        yield bench
