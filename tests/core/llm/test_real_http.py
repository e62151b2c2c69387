"""Faults that only a real connection has: a server that speaks raw bytes on a loopback port."""

import asyncio
import gc
import json
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.errors import (
    FootlightsError,
    KeyRejected,
    Malformed,
    ModelMisbehaved,
    ProviderError,
    RateLimited,
    StreamCut,
)
from core.events import ModelDone, TextDelta
from core.llm.anthropic import AnthropicProvider
from core.llm.openai import OpenAIProvider
from core.types import ModelRequest, message

KEY = "sk-test-0123456789abcdef"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
REQUEST = ModelRequest("m", (message("user", "Hello"),), 100)
Write = Callable[[asyncio.StreamWriter], Awaitable[None]]


def chunk(text: str = "", finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


WHOLE = chunk("Hello") + chunk(finish="stop") + b"data: [DONE]\n\n"


@asynccontextmanager
async def server(write: Write, **tls: Any) -> AsyncIterator[str]:
    """Reads one request whole, then writes what it is told and hangs up."""

    answering: set[asyncio.Task[None] | None] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering.add(asyncio.current_task())
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length")
            )
            await reader.readexactly(length)
            await write(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left: that is what some of the tests are about
        finally:
            writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0, **tls)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        for task in answering:
            if task:  # from Python 3.12 on the end waits for those that still answer
                task.cancel()


def sends(*pieces: bytes) -> Write:
    async def write(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return write


def openai_at(address: str, **options: Any) -> OpenAIProvider:
    return OpenAIProvider(name="openai", base_url=f"{address}/v1", api_key=KEY, **options)


async def answer(provider: Any, request: ModelRequest = REQUEST) -> list[Any]:
    try:
        return [event async for event in provider.stream(request)]
    finally:
        await provider.close()


async def failure(write: Write, **options: Any) -> FootlightsError:
    async with server(write) as address:
        with pytest.raises(FootlightsError) as failed:
            await answer(openai_at(address, **options))
    assert failed.value.hint
    assert KEY not in str(failed.value)
    assert failed.value.__cause__ is None
    assert failed.value.__context__ is None
    return failed.value


async def test_an_answer_of_20_000_words_of_a_chunk_each_is_whole() -> None:
    words = b"".join(chunk(f"w{n} ") for n in range(20_000))
    async with server(sends(HEAD, b"\r\n", words, chunk(finish="stop"))) as address:
        events = await answer(openai_at(address), ModelRequest("m", REQUEST.messages, 100_000))
    said = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert said == "".join(f"w{n} " for n in range(20_000))
    assert isinstance(events[-1], ModelDone)


async def test_a_chunk_of_50_mb_is_refused_and_not_tried_again() -> None:
    error = await failure(sends(HEAD, b"\r\ndata: ", *[b"x" * 2**20] * 50))
    assert isinstance(error, Malformed)
    assert "8 MB" in str(error)


async def test_an_answer_without_an_end_is_ended_by_us() -> None:
    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"\r\n")
        while True:
            writer.write(chunk("on and on and on " * 50))
            await writer.drain()

    error = await failure(write)
    assert isinstance(error, ModelMisbehaved)
    assert "100 tokens" in str(error)


async def test_headers_that_never_end_are_not_read_for_ever() -> None:
    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        while True:
            writer.write(b"x-more: " + b"x" * 1000 + b"\r\n")
            await writer.drain()

    error = await failure(write, first_byte_seconds=20.0)
    assert isinstance(error, ProviderError)


async def test_a_page_an_empty_body_and_a_redirect_are_no_answers() -> None:
    page = await failure(sends(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<html>Hi"))
    assert isinstance(page, Malformed)
    empty = await failure(sends(HEAD, b"content-length: 0\r\n\r\n"))
    assert isinstance(empty, StreamCut)
    away = b"HTTP/1.1 302 Found\r\nlocation: https://else.where/\r\ncontent-length: 0\r\n\r\n"
    moved = await failure(sends(away))
    assert isinstance(moved, Malformed)
    assert "redirects" in str(moved)


CHUNKED = b"transfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ((b"content-length: 100000\r\n\r\n", chunk("Hel")), "the connection ended in the middle"),
        ((CHUNKED, b"5\r\nda"), "the connection ended in the middle"),
        ((CHUNKED, b"3\r\n: a\r\nzz\r\nda"), "what came is not HTTP"),
        ((b"\r\n", chunk("Hel")), "it ended without saying that it was done"),
        ((b"\r\n", chunk("Hel"), b"data: {broken\n\n"), "one of its events is not JSON"),
        ((b"content-encoding: gzip\r\n\r\n", b"no gzip at all"), "it cannot be unpacked"),
    ],
    ids=["too-short", "cut-chunk", "no-chunk", "early-end", "no-json", "no-gzip"],
)
async def test_a_body_that_breaks_off_is_a_cut_stream_in_plain_words(
    pieces: tuple[bytes, ...], words: str
) -> None:
    error = await failure(sends(HEAD, *pieces))
    assert isinstance(error, StreamCut)
    assert str(error).startswith(f"The answer of openai broke off: {words}")
    assert error.billable


@pytest.mark.parametrize("rest", [b"zz\r\n", b"3\r\nabcdef\r\n"], ids=["no-size", "too-long"])
async def test_what_is_not_http_any_more_ends_an_answer_under_way_at_once(rest: bytes) -> None:
    heard, left = asyncio.Event(), asyncio.Event()

    async def write(writer: asyncio.StreamWriter) -> None:
        await sends(HEAD, CHUNKED, b"%x\r\n" % len(chunk("Hel")) + chunk("Hel") + b"\r\n")(writer)
        await heard.wait()
        await sends(rest)(writer)
        await left.wait()  # it stays on the line

    async with server(write) as address:
        provider = openai_at(address)
        stream = provider.stream(REQUEST)
        assert await anext(stream) == TextDelta("Hel")
        heard.set()
        try:
            with pytest.raises(StreamCut, match="broke off: the connection ended"):
                await asyncio.wait_for(anext(stream), 30)
        finally:
            left.set()
            await provider.close()


async def test_what_speaks_no_http_is_no_api_and_is_not_asked_again() -> None:
    error = await failure(sends(b"SSH-2.0-OpenSSH_9.9\r\n"))
    assert isinstance(error, Malformed)
    assert str(error) == "What answers for openai is not its API: it does not speak HTTP"


async def test_a_proxy_that_answers_407_itself_says_where_its_password_belongs() -> None:
    error = await failure(
        sends(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
    )
    assert isinstance(error, ProviderError)
    assert "The proxy on the way to openai wants a name and a password" in str(error)
    assert "HTTPS_PROXY" in error.hint
    assert not error.billable


async def test_an_echoed_key_is_in_no_log_even_at_its_most_talkative(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    told = json.dumps({"error": {"message": f"bad key {KEY}", "type": "authentication_error"}})
    head = f"x-debug: Bearer {KEY}\r\nrequest-id: {KEY}\r\ncontent-length: {len(told)}\r\n\r\n"
    refused = sends(b"HTTP/1.1 401 Unauthorized\r\n" + head.encode() + told.encode())
    async with server(refused) as address:
        for provider in (
            openai_at(address),
            AnthropicProvider(base_url=address, api_key=KEY),
        ):
            with pytest.raises(KeyRejected):
                await answer(provider)
    assert caplog.records
    assert not [each for each in caplog.records if KEY in each.getMessage() + str(each.args)]


_SHORT = b'{"error": {"message": "no such key"}}'


def _refuses(status: str, *pieces: bytes, then: Write | None = None) -> Write:
    async def write(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n"
        await sends(head.encode(), *pieces)(writer)
        if then:
            await then(writer)

    return write


async def _stalls(_: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _resets(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


@pytest.mark.parametrize(
    "refusal",
    [
        _refuses("401 No", b"content-length: 900\r\n\r\n", _SHORT, then=_stalls),
        _refuses("401 No", b"content-length: 900\r\n\r\n", _SHORT, then=_resets),
        _refuses("401 No", b"content-length: 900\r\n\r\n", _SHORT),
        _refuses("401 No", b"content-encoding: gzip\r\n\r\n", _SHORT),
        _refuses("401 No", b"transfer-encoding: chunked\r\n\r\n", b"5\r\n{"),
    ],
    ids=["stalls", "is reset", "ends too soon", "cannot be unpacked", "is cut in a chunk"],
)
async def test_a_refusal_is_a_refusal_whatever_becomes_of_its_body(
    refusal: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.llm.line._COMPLAINT_SECONDS", 0.05)
    error = await failure(refusal)
    assert isinstance(error, KeyRejected)
    assert not error.billable


@pytest.mark.parametrize("value", ["٥", "Montréal", "\udcff"])
async def test_a_header_that_is_no_ascii_does_not_change_what_a_refusal_is(value: str) -> None:
    header = f"x-edge: {value}\r\nretry-after: 7\r\n".encode(errors="surrogateescape")
    body = header + b"content-length: 2\r\n\r\n"
    error = await failure(sends(b"HTTP/1.1 429 Slow\r\n", body, b"{}"))
    assert isinstance(error, RateLimited)
    assert error.retry_after == 7


@pytest.mark.parametrize("make", [OpenAIProvider, AnthropicProvider])
@pytest.mark.parametrize("key", ["sk-a\nX-Evil: 1", "sk-a\r\n", "sk-\0a", "sk-\x7fa"])
async def test_a_key_that_no_header_can_hold_is_a_wrong_key_and_nothing_is_sent(
    make: Any, key: str
) -> None:
    provider = make(name="a", base_url="http://127.0.0.1:9", api_key=key)
    with pytest.raises(KeyRejected, match="it holds a character that no key has") as refused:
        await answer(provider)
    assert not refused.value.billable


async def test_an_address_with_a_password_beside_the_key_is_told_and_not_tried_again() -> None:
    with pytest.raises(Malformed) as refused:
        await answer(openai_at("http://me:secret@127.0.0.1:9"))
    assert "base URL" in refused.value.hint
    assert not refused.value.billable


async def test_half_a_head_is_told_in_words() -> None:
    error = await failure(sends(b"HTTP/1.1 200 OK\r\ncontent-ty"))
    assert str(error) == "openai cannot be reached: it hung up before it answered"


async def test_a_server_that_hangs_up_before_it_answers_may_have_billed_the_question() -> None:
    error = await failure(sends())
    assert error.code == "unreachable"
    assert isinstance(error, ProviderError)
    assert error.billable


async def test_nobody_there_can_bill_nothing() -> None:
    async with server(sends()) as address:
        pass
    with pytest.raises(ProviderError) as failed:
        await answer(openai_at(address))
    assert str(failed.value) == "openai cannot be reached: Connection refused"
    assert failed.value.code == "unreachable"
    assert not failed.value.billable


async def test_a_name_that_does_not_resolve_is_told_as_it_is() -> None:
    with pytest.raises(ProviderError, match="cannot be reached") as unknown:
        await answer(openai_at("http://nowhere.invalid"))
    assert not unknown.value.billable


async def test_a_handshake_that_fails_is_told_in_the_words_of_tls() -> None:
    async def speak_plainly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(speak_plainly, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        with pytest.raises(ProviderError, match="cannot be reached") as failed:
            await answer(openai_at(f"https://127.0.0.1:{port}"))
    assert not failed.value.billable
    # The number of OpenSSL is no errno: 1 would be told as "Operation not permitted".
    assert "wrong version number" in str(failed.value).lower()


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        ("407 Proxy Authentication Required", "request_rejected", "wants a name and a password"),
        ("502 Bad Gateway", "unreachable", "cannot be reached: the proxy answered 502"),
    ],
)
async def test_a_proxy_that_opens_no_way_is_told_in_plain_words(
    monkeypatch: pytest.MonkeyPatch, status: str, kind: str, words: str
) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n".encode())
        writer.close()

    listening = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        with pytest.raises(ProviderError, match=words) as failed:
            await answer(openai_at("https://vendor.test"))
    assert failed.value.code == kind
    assert status[:3] in str(failed.value) and str(port) not in str(failed.value)
    assert not failed.value.billable


@pytest.mark.parametrize("proxy", ["http://me:secret@[::1", "http://a:99999", "http://a:abc"])
async def test_a_proxy_that_is_no_address_is_told_and_nothing_is_booked(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(ProviderError, match="the proxy of the environment is no address") as failed:
        await answer(openai_at("https://vendor.test"))
    assert failed.value.code == "unreachable"
    assert not failed.value.billable
    assert "secret" not in str(failed.value)


async def test_an_answer_that_is_compressed_is_read() -> None:
    import gzip

    head = HEAD + b"content-encoding: gzip\r\n\r\n"
    async with server(sends(head, gzip.compress(WHOLE))) as address:
        events = await answer(openai_at(address))
    assert events[0] == TextDelta("Hello")


async def test_leaving_an_answer_hangs_up_on_the_vendor_at_once() -> None:
    left = asyncio.Event()

    async def write(writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(HEAD + b"\r\n")
            while True:
                writer.write(chunk("on "))
                await writer.drain()
        except ConnectionError:
            left.set()

    async with server(write) as address:
        provider = openai_at(address)
        stream = provider.stream(ModelRequest("m", REQUEST.messages, 10**9))
        assert await anext(stream) == TextDelta("on ")
        await stream.aclose()
        await asyncio.wait_for(left.wait(), 60)
        await provider.close()


async def test_an_answer_whose_provider_is_closed_ends_at_once() -> None:
    async def write(writer: asyncio.StreamWriter) -> None:
        await sends(HEAD, CHUNKED, b"%x\r\n" % len(chunk("on ")) + chunk("on ") + b"\r\n")(writer)
        await asyncio.Event().wait()

    async with server(write) as address:
        provider = openai_at(address)
        stream = provider.stream(REQUEST)
        assert await anext(stream) == TextDelta("on ")
        rest = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)  # it waits for more
        await provider.close()
        with pytest.raises(StreamCut):
            await asyncio.wait_for(rest, 60)


async def test_a_provider_that_is_retired_says_what_it_has_begun_to_say() -> None:
    left = asyncio.Event()

    async def write(writer: asyncio.StreamWriter) -> None:
        await sends(HEAD, b"\r\n", chunk("on "))(writer)
        await left.wait()
        await sends(chunk("and on"), chunk(finish="stop"))(writer)

    async with server(write) as address:
        provider = openai_at(address)
        stream = provider.stream(REQUEST)
        assert await anext(stream) == TextDelta("on ")
        leaving = asyncio.ensure_future(provider.retire())
        await asyncio.sleep(0)
        assert not leaving.done()
        left.set()
        rest = [event async for event in stream]
        assert rest[0] == TextDelta("and on") and isinstance(rest[-1], ModelDone)
        await asyncio.wait_for(leaving, 60)


async def test_a_thousand_faults_leave_no_connection_and_no_task_behind() -> None:
    others = _sockets()  # of what the tests of this process share, the app in the browser, say
    faults = [
        sends(),
        sends(HEAD, b"\r\n", chunk("Hel")),
        sends(HEAD, b"transfer-encoding: chunked\r\n\r\n", b"zz\r\n"),
        sends(b"HTTP/1.1 500 Oops\r\ncontent-length: 2\r\n\r\n{}"),
        sends(b"HTTP/1.1 429 Slow\r\nretry-after: 3\r\ncontent-length: 2\r\n\r\n{}"),
        sends(HEAD, b"\r\n", b'data: {"error": {"message": "no"}}\n\n'),
        sends(HEAD, b"\r\n", b"data: {broken\n\n"),
    ]
    turn = iter(range(10**6))

    async def write(writer: asyncio.StreamWriter) -> None:
        await faults[next(turn) % len(faults)](writer)

    async with server(write) as address:
        providers = [
            openai_at(address),
            AnthropicProvider(base_url=address, api_key=KEY),
        ]

        async def fail(number: int) -> None:
            with pytest.raises(FootlightsError):
                async for _ in providers[number % 2].stream(REQUEST):
                    pass

        await asyncio.gather(*(fail(number) for number in range(20)))
        before = len(asyncio.all_tasks())
        for start in range(0, 1000, 50):
            await asyncio.gather(*(fail(start + number) for number in range(50)))
        assert len(asyncio.all_tasks()) <= before
        for provider in providers:
            await provider.close()
    gc.collect()
    assert _sockets() <= others


def _sockets() -> set[str]:
    import psutil

    return {
        f"{each.laddr.port}->{each.raddr.port}"
        for each in psutil.Process(os.getpid()).net_connections("tcp")
        if each.raddr and each.status == psutil.CONN_ESTABLISHED
    }
