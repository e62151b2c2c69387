"""The Anthropic adapter on recorded wire streams."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import (
    KeyRejected,
    Malformed,
    Overloaded,
    QuotaSpent,
    RateLimited,
    Refused,
    RequestRejected,
    StreamCut,
    Unreachable,
)
from core.events import ModelDone, ReasoningDelta, TextDelta
from core.types import ModelRequest, Usage, message

USAGE = Usage(150, 12, cached_tokens=30, cache_write_tokens=100)


async def test_input_tokens_include_what_was_cached(vendor: Any) -> None:
    events = await vendor.plays(vendor.anthropic, "anthropic-plain")
    assert events == [
        TextDelta("Grüße"),
        TextDelta(" aus 東京"),
        TextDelta(" 🙂."),
        ModelDone("stop", USAGE, "claude-haiku-5-5-20261001"),
    ]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cuts=st.lists(st.integers(0, 1400), max_size=12))
async def test_any_split_of_the_bytes_gives_the_same_message(vendor: Any, cuts: list[int]) -> None:
    body = vendor.recorded("anthropic-plain")
    edges = [0, *sorted(cuts), len(body)]
    pieces = [body[start:end] for start, end in pairwise(edges)]
    events = await vendor.collect(vendor.anthropic(lambda _: vendor.streamed(pieces)))
    assert vendor.said(events) == "Grüße aus 東京 🙂."
    assert events[-1].usage == USAGE


@pytest.mark.parametrize(
    ("recording", "finish", "detail"),
    [
        ("anthropic-plain", "stop", ""),
        ("anthropic-stop-stop-sequence", "stop", ""),
        ("anthropic-stop-max-tokens", "length", ""),
        ("anthropic-stop-model-context-window-exceeded", "length", "the context window was full"),
        ("anthropic-stop-pause-turn", "length", "the vendor paused the answer"),
        ("anthropic-stop-tool-use", "stop", ""),
        ("anthropic-refusal", "refusal", "This touches on a dangerous subject."),
        ("anthropic-unknown-stop-and-events", "stop", "stop reason: tired"),
        ("anthropic-no-message-stop", "stop", ""),
    ],
)
async def test_every_stop_reason_is_mapped(
    vendor: Any, recording: str, finish: str, detail: str
) -> None:
    events = await vendor.plays(vendor.anthropic, recording)
    assert [event.type for event in events].count("model_done") == 1
    assert (events[-1].finish, events[-1].detail) == (finish, detail)


@pytest.mark.parametrize(
    ("recording", "usage"),
    [
        ("anthropic-delta-with-all-usage", Usage(16, 7, cached_tokens=5)),
        ("anthropic-no-usage-in-delta", None),
        ("anthropic-absurd-usage", None),
        ("anthropic-refusal", Usage(150, 0, cached_tokens=30, cache_write_tokens=100)),
        (
            "anthropic-thinking",
            Usage(150, 40, cached_tokens=30, cache_write_tokens=100, reasoning_tokens=30),
        ),
    ],
)
async def test_cumulative_usage_is_merged_with_that_of_the_start(
    vendor: Any, recording: str, usage: Usage | None
) -> None:
    events = await vendor.plays(vendor.anthropic, recording)
    assert events[-1].usage == usage


@pytest.mark.parametrize(
    ("recording", "error", "heard"),
    [
        ("anthropic-no-stop-reason", StreamCut, "Once upon"),
        ("anthropic-stop-without-reason", StreamCut, "Once upon"),
        ("anthropic-error-event-overloaded", Overloaded, "Once"),
        ("anthropic-error-event-at-once", RateLimited, ""),
        ("anthropic-invalid-json", StreamCut, "Once"),
    ],
)
async def test_a_message_without_a_proper_end_is_an_error(
    vendor: Any, recording: str, error: type[Exception], heard: str
) -> None:
    body = vendor.recorded(recording)
    provider = vendor.anthropic(lambda _: vendor.streamed(vendor.pieces_of(body, 7)))
    text = ""
    with pytest.raises(error):
        async for event in provider.stream(vendor.request):
            text += event.text
    await provider.close()
    assert text == heard


async def test_thinking_is_told_apart_from_the_answer(vendor: Any) -> None:
    events = await vendor.plays(vendor.anthropic, "anthropic-thinking")
    assert events[:2] == [ReasoningDelta("Let me think."), TextDelta("42")]


async def test_an_emoji_split_over_two_deltas_survives(vendor: Any) -> None:
    events = await vendor.plays(vendor.anthropic, "anthropic-surrogate-pair-split")
    assert vendor.said(events) == "ok 🙂!"


async def test_system_messages_go_where_the_vendor_wants_them(vendor: Any) -> None:
    bodies = []

    def handler(wire: httpx2.Request) -> httpx2.Response:
        bodies.append(json.loads(wire.content))
        return vendor.streamed([vendor.recorded("anthropic-plain")])

    request = ModelRequest(
        "m",
        (
            message("system", "A."),
            message("user", "Hi"),
            message("assistant", ""),
            message("system", "B."),
        ),
        50,
        stop=("END",),
    )
    await vendor.collect(vendor.anthropic(handler), request)
    assert bodies[0]["system"] == "A.\n\nB."
    assert bodies[0]["messages"] == [{"role": "user", "content": "Hi"}]
    assert (bodies[0]["max_tokens"], bodies[0]["stop_sequences"]) == (50, ["END"])


async def test_a_request_of_system_messages_alone_is_refused(vendor: Any) -> None:
    with pytest.raises(Refused):
        request = ModelRequest("m", (message("system", "A."),), 10)
        await vendor.collect(vendor.anthropic(lambda _: vendor.streamed([])), request)


def _error(status: int, kind: str, message: str = "no") -> Any:
    body = {"type": "error", "error": {"type": kind, "message": message}}
    return lambda _: httpx2.Response(status, json=body)


def _fails(error: Exception) -> Callable[[httpx2.Request], httpx2.Response]:
    def handler(_: httpx2.Request) -> httpx2.Response:
        raise error

    return handler


@pytest.mark.parametrize(
    ("handler", "error"),
    [
        (_error(400, "invalid_request_error"), RequestRejected),
        (_error(400, "invalid_request_error", "Your credit balance is too low"), QuotaSpent),
        (_error(401, "authentication_error"), KeyRejected),
        (_error(402, "billing_error"), QuotaSpent),
        (_error(403, "permission_error"), KeyRejected),
        (_error(404, "not_found_error"), RequestRejected),
        (_error(408, "timeout_error"), Overloaded),
        (_error(408, "billing_error"), QuotaSpent),
        (_error(413, "request_too_large"), RequestRejected),
        (_error(429, "rate_limit_error"), RateLimited),
        (_error(500, "api_error"), Overloaded),
        (_error(503, "api_error"), Overloaded),
        (_error(504, "timeout_error"), Overloaded),
        (_error(529, "overloaded_error"), Overloaded),
        (lambda _: httpx2.Response(200, html="<h1>Welcome</h1>"), Malformed),
        (lambda _: httpx2.Response(307, headers={"location": "https://else.test"}), Malformed),
        (lambda _: httpx2.Response(200, text=""), StreamCut),
        (_fails(httpx2.ConnectError("refused")), Unreachable),
        (_fails(httpx2.ReadTimeout("slow")), Unreachable),
    ],
)
async def test_every_fault_of_anthropic_becomes_one_of_our_errors(
    vendor: Any, handler: Any, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        await vendor.collect(vendor.anthropic(handler))
    assert caught.value.hint
    assert vendor.key not in str(caught.value)


@pytest.mark.parametrize(
    "error", [httpx2.ReadTimeout("x"), httpx2.ReadError("x"), httpx2.RemoteProtocolError("x")]
)
async def test_a_raw_network_error_in_mid_stream_is_ours_too(vendor: Any, error: Exception) -> None:
    async def breaks() -> None:
        raise error

    head = vendor.recorded("anthropic-no-stop-reason")
    provider = vendor.anthropic(lambda _: vendor.streamed([head], ending=breaks))
    heard = []
    with pytest.raises(StreamCut):
        async for event in provider.stream(vendor.request):
            heard.append(event)
    await provider.close()
    assert vendor.said(heard) == "Once upon"
