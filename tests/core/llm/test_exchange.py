"""What a span notes of the wire: the body exactly as it was sent, and what came back, without keys."""

import json
from typing import Any

import httpx2
import pytest

from core.errors import QuotaSpent
from core.llm import names
from core.llm.client import LLMClient
from core.llm.exchange import MOST_PIECE, MOST_SENT, Exchange, sent
from core.llm.retry import RetryPolicy
from core.trace import Trace
from core.types import (
    Message,
    ModelRequest,
    OutputSchema,
    Text,
    ToolCall,
    ToolResult,
    ToolSpec,
    message,
)

LONG = 'She said: "sixty days"\n\u2028\u007f, \\ and 東京 🙂; ' * 20
KINDS = {
    "openai": ("openai", {}, "openai-plain"),
    "responses": ("openai", {"api": "responses"}, "responses-plain"),
    "anthropic": ("anthropic", {}, "anthropic-plain"),
}
RESPONSES = (
    b'data: {"type":"response.output_text.delta","output_index":0,"delta":"Hi"}\n\n'
    b'data: {"type":"response.completed","response":{"status":"completed","model":"m-1",'
    b'"usage":{"input_tokens":7,"output_tokens":1}}}\n\n'
)


class Free:
    """A meter that lets everything pass."""

    async def reserve(self, *_: Any) -> str:
        return "row"

    async def hold(self, *_: Any, **__: Any) -> None: ...

    async def settle(self, *_: Any, **__: Any) -> None: ...

    async def release(self, *_: Any, **__: Any) -> None: ...


def asked() -> ModelRequest:
    call = ToolCall("c1", "search", '{"query": "notice"}')
    said = (
        message("system", LONG),
        message("user", LONG),  # the same once more
        Message("assistant", (Text("Let me look."), call)),
        Message("tool", (ToolResult("c1", "search", LONG + "found"),)),
        message("user", "And short \ud83d, with a lone half."),
    )
    tool = ToolSpec("search", "Finds.", {"type": "object", "properties": {}})
    schema = OutputSchema("answer", {"type": "object", "properties": {}})
    return ModelRequest("m-1", said, 100, tools=(tool,), output=schema, stable=2)


async def call(provider: Any, request: ModelRequest, trace: Trace | None = None) -> dict[str, Any]:
    """The attributes of the span of one call."""
    trace = trace or Trace("t")
    client = LLMClient({"v": provider}, retry=RetryPolicy(attempts=1))
    try:
        async for _ in client.stream("v:m", request, meter=Free(), trace=trace, input_tokens=1):
            pass
    finally:
        await provider.close()
    return noted(trace)


def noted(trace: Trace) -> dict[str, Any]:
    """As a database gives them back."""
    (span,) = trace.take()
    found: dict[str, Any] = json.loads(json.dumps(span.attributes))
    return found


@pytest.mark.parametrize("kind", KINDS)
async def test_the_body_of_a_span_is_byte_for_byte_what_was_sent_and_no_text_is_kept_twice(
    vendor: Any, kind: str
) -> None:
    name, options, recording = KINDS[kind]
    body = RESPONSES if kind == "responses" else vendor.recorded(recording)
    wire: list[bytes] = []

    def answers(request: httpx2.Request) -> httpx2.Response:
        wire.append(request.content)
        return vendor.streamed([body])

    found = await call(getattr(vendor, name)(answers, **options), asked())
    assert [sent(found).encode()] == wire
    assert found[names.SENT_LENGTH] == len(wire[0].decode())
    kept = "".join(part for part in found[names.SENT] if isinstance(part, str))
    assert "sixty" not in kept
    assert vendor.key not in json.dumps(found)


@pytest.mark.parametrize("kind", KINDS)
async def test_what_came_is_kept_as_the_vendor_sent_it_the_first_event_and_the_last_three(
    vendor: Any, kind: str
) -> None:
    name, options, recording = KINDS[kind]
    body = RESPONSES if kind == "responses" else vendor.recorded(recording)
    provider = getattr(vendor, name)(lambda _: vendor.streamed([body]), **options)
    found = await call(provider, asked())
    events = [
        line.removeprefix("data: ")
        for line in body.decode().splitlines()
        if line.startswith("data: ")
    ]
    first = events[:1] if len(events) > 3 else []
    assert found[names.RECEIVED] == [*first, *events[-3:]]
    assert found[names.RECEIVED_PIECES] == len(events)
    assert "_tokens" in "".join(found[names.RECEIVED])


async def test_a_refusal_is_kept_as_it_came_without_the_key_that_it_repeats(vendor: Any) -> None:
    said = {"error": {"message": f"no credit for {vendor.key}", "code": "insufficient_quota"}}
    provider = vendor.openai(lambda _: httpx2.Response(429, json=said))
    trace, told = Trace("t"), message("user", f"my key: {vendor.key}")
    with pytest.raises(QuotaSpent):
        await call(provider, ModelRequest("m", (told,), 9), trace)
    found = noted(trace)
    assert json.loads(found[names.RECEIVED][0])["error"]["message"] == "no credit for [key]"
    assert "my key: [key]" in sent(found)


def test_what_is_kept_is_bounded_and_says_how_long_it_was() -> None:
    exchange = Exchange()
    exchange.sends({"tools": "x" * 100_000}, str, str)
    exchange.hears(b"y" * 50_000)
    found = exchange.noted(())
    assert len(sent(found)) == MOST_SENT
    assert found[names.SENT_LENGTH] == 100_012
    (piece,) = found[names.RECEIVED]
    assert len(piece) < MOST_PIECE + 60
    assert "46,000 characters are left out" in piece


def test_of_a_call_that_was_never_sent_nothing_is_noted() -> None:
    assert Exchange().noted(()) == {}
