"""What has no end is ended: silence, pings, endless text, headers that never come."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from core.errors import DeadlineExceeded, ModelMisbehaved, StreamCut, Unreachable
from core.types import ModelRequest, message

WORD = b'data: {"choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":null}]}\n\n'
STOP = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
PING = b'event: ping\ndata: {"type": "ping"}\n\n'


class Endless(httpx2.AsyncByteStream):
    """The head once, then the same piece for ever, or silence when there is none."""

    def __init__(self, head: bytes, piece: bytes = b"") -> None:
        self._head, self._piece = head, piece
        self.closed = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._head
        while self._piece:
            yield self._piece
            await asyncio.sleep(0)
        await asyncio.Event().wait()

    async def aclose(self) -> None:
        self.closed.set()


def _serving(body: Endless) -> Any:
    headers = {"content-type": "text/event-stream"}
    return lambda _: httpx2.Response(200, headers=headers, stream=body)


async def _fails(provider: Any, request: ModelRequest, error: type[Exception]) -> str:
    text = ""
    with pytest.raises(error) as caught:
        async for event in provider.stream(request):
            text += event.text
    await provider.close()
    assert caught.value.hint  # type: ignore[attr-defined]
    return text


async def test_a_silence_in_mid_stream_is_a_cut_and_the_connection_is_closed(vendor: Any) -> None:
    body = Endless(WORD % b"Once")
    provider = vendor.openai(_serving(body), idle_seconds=0.05)
    assert await _fails(provider, vendor.request, StreamCut) == "Once"
    assert body.closed.is_set()


@pytest.mark.parametrize("piece", [b": keep-alive\n\n", STOP.replace(b'"stop"', b"null")])
async def test_comments_and_empty_chunks_do_not_count_as_content(vendor: Any, piece: bytes) -> None:
    provider = vendor.openai(_serving(Endless(WORD % b"Once", piece)), idle_seconds=0.05)
    assert await _fails(provider, vendor.request, StreamCut) == "Once"


async def test_pings_do_not_count_as_content(vendor: Any) -> None:
    head = vendor.recorded("anthropic-no-stop-reason")
    provider = vendor.anthropic(_serving(Endless(head, PING)), idle_seconds=0.05)
    assert await _fails(provider, vendor.request, StreamCut) == "Once upon"


async def test_headers_that_never_come_are_no_first_byte(vendor: Any) -> None:
    async def handler(_: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        raise AssertionError

    provider = vendor.openai(handler, first_byte_seconds=0.05)
    assert await _fails(provider, vendor.request, Unreachable) == ""


async def test_the_whole_call_has_a_deadline_whatever_trickles_in(vendor: Any) -> None:
    request = ModelRequest("m", (message("user", "Hi"),), max_tokens=10_000_000)
    provider = vendor.openai(_serving(Endless(WORD % b"a", WORD % b"a")), total_seconds=0.2)
    assert (await _fails(provider, request, DeadlineExceeded)).startswith("aa")


async def test_an_endless_answer_is_ended_far_beyond_its_limit(vendor: Any) -> None:
    request = ModelRequest("m", (message("user", "Hi"),), max_tokens=10)
    provider = vendor.openai(_serving(Endless(WORD % b"a", WORD % (b"b" * 100))))
    text = await _fails(provider, request, ModelMisbehaved)
    assert 1000 < len(text) < 10_000


async def test_an_answer_that_is_whole_does_not_wait_for_a_server_that_never_hangs_up(
    vendor: Any,
) -> None:
    provider = vendor.openai(_serving(Endless(WORD % b"Once" + STOP)), idle_seconds=0.5)
    events = await vendor.collect(provider)
    assert vendor.said(events) == "Once"
    assert events[-1].finish == "stop"


async def test_leaving_early_closes_the_vendors_stream_at_once(vendor: Any) -> None:
    body = Endless(WORD % b"Once", WORD % b"x")
    provider = vendor.openai(_serving(body))
    stream = provider.stream(vendor.request)
    await anext(stream)
    await stream.aclose()
    assert body.closed.is_set()
    await provider.close()


async def test_cancelling_the_reader_closes_the_vendors_stream(vendor: Any) -> None:
    body = Endless(WORD % b"Once")
    provider = vendor.openai(_serving(body))
    heard = asyncio.Event()

    async def read() -> None:
        async for _ in provider.stream(vendor.request):
            heard.set()

    task = asyncio.create_task(read())
    await heard.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert body.closed.is_set()
    await provider.close()


def test_a_provider_serves_a_second_loop_after_the_first_has_ended(vendor: Any) -> None:
    from core.llm.openai import OpenAIProvider

    body = vendor.recorded("openai-plain")

    async def ask(provider: Any) -> str:
        events = [event async for event in provider.stream(vendor.request)]
        return str(vendor.said(events))

    made = []

    class Fresh(OpenAIProvider):
        def _connect(self) -> Any:
            self._transport = vendor.wire(lambda _: vendor.streamed([body]))
            made.append(1)
            return super()._connect()

    provider = Fresh(name="openai", base_url="https://vendor.test/v1", api_key="sk-x")
    assert asyncio.run(ask(provider)) == asyncio.run(ask(provider))
    assert len(made) == 2
