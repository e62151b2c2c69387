"""The OpenAI adapter on recorded wire streams."""

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
from core.events import ModelDone, Progress, ReasoningDelta, TextDelta
from core.llm.openai import OpenAIProvider
from core.types import ModelRequest, Usage


async def test_a_plain_answer_comes_through_in_pieces_of_seven_bytes(vendor: Any) -> None:
    events = await vendor.plays(vendor.openai, "openai-plain")
    assert events == [
        TextDelta("Grüße"),
        TextDelta(" aus 東京"),
        TextDelta(" 🙂."),
        ModelDone(
            "stop",
            Usage(57, 9, cached_tokens=32, reasoning_tokens=3),
            "gpt-6-luna-2026-10-01",
        ),
    ]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cuts=st.lists(st.integers(0, 1400), max_size=12))
async def test_any_split_of_the_bytes_gives_the_same_events(vendor: Any, cuts: list[int]) -> None:
    body = vendor.recorded("openai-plain")
    edges = [0, *sorted(cuts), len(body)]
    pieces = [body[start:end] for start, end in pairwise(edges)]
    events = await vendor.collect(vendor.openai(lambda _: vendor.streamed(pieces)))
    assert vendor.said(events) == "Grüße aus 東京 🙂."
    assert events[-1].usage == Usage(57, 9, cached_tokens=32, reasoning_tokens=3)


@pytest.mark.parametrize(
    ("recording", "finish", "detail"),
    [
        ("openai-plain", "stop", ""),
        ("openai-length", "length", ""),
        ("openai-content-filter", "content_filter", ""),
        ("openai-refusal", "refusal", "I can't help with that."),
        ("openai-unknown-finish", "stop", "finish reason: eos_token"),
        ("openai-no-done-marker", "stop", ""),
        ("openai-crlf", "stop", ""),
        ("openai-empty-choices-and-comments", "stop", ""),
    ],
)
async def test_every_finish_reason_ends_the_stream_once(
    vendor: Any, recording: str, finish: str, detail: str
) -> None:
    events = await vendor.plays(vendor.openai, recording)
    endings = [event for event in events if isinstance(event, ModelDone)]
    assert events[-1:] == endings
    assert (endings[0].finish, endings[0].detail) == (finish, detail)


@pytest.mark.parametrize(
    ("recording", "usage"),
    [
        ("openai-usage-chunk-with-choices", Usage(57, 9, cached_tokens=32, reasoning_tokens=3)),
        ("vllm-usage-in-every-chunk", Usage(5, 2)),
        ("openai-null-usage", None),
        ("openai-zero-usage", Usage(0, 0)),
        ("openai-absurd-usage", None),
        ("openai-negative-usage", None),
        ("openai-cached-exceeds-input", Usage(10, 2, cached_tokens=10)),
    ],
)
async def test_usage_is_believed_only_as_far_as_it_can_be_true(
    vendor: Any, recording: str, usage: Usage | None
) -> None:
    events = await vendor.plays(vendor.openai, recording)
    assert events[-1].usage == usage


@pytest.mark.parametrize(
    ("recording", "error", "heard"),
    [
        ("openai-no-finish-reason", StreamCut, "Once upon a time"),
        ("openai-json-cut-at-the-end", StreamCut, "Once upon"),
        ("openai-invalid-json-chunk", StreamCut, "Once upon"),
        ("openai-error-event", Overloaded, "Once"),
        ("openai-error-event-quota", QuotaSpent, ""),
        ("openrouter-numeric-error", Overloaded, "Once"),
        ("vllm-error-object", RequestRejected, ""),
        ("server-gave-up", StreamCut, "Hel"),
        ("not-an-object", StreamCut, ""),
    ],
)
async def test_a_stream_without_a_proper_end_is_an_error(
    vendor: Any, recording: str, error: type[Exception], heard: str
) -> None:
    body = vendor.recorded(recording)
    provider = vendor.openai(lambda _: vendor.streamed(vendor.pieces_of(body, 7)))
    text = ""
    with pytest.raises(error) as caught:
        async for event in provider.stream(vendor.request):
            text += event.text
    await provider.close()
    assert text == heard
    assert vendor.key not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("recording", ["vllm-reasoning-content", "ollama-reasoning"])
async def test_thinking_aloud_is_told_apart_from_the_answer(vendor: Any, recording: str) -> None:
    events = await vendor.plays(vendor.openai, recording)
    assert vendor.said(events) == "42"
    assert any(isinstance(event, ReasoningDelta) for event in events)


async def test_events_with_nothing_in_them_are_passed_over(vendor: Any) -> None:
    events = await vendor.plays(vendor.openai, "empty-heartbeats")
    assert events == await vendor.plays(vendor.openai, "openai-plain")


async def test_a_character_split_over_two_deltas_survives(vendor: Any) -> None:
    events = await vendor.plays(vendor.openai, "openai-surrogate-pair-split")
    assert vendor.said(events) == "ok 🙂!"


async def test_half_characters_and_nul_become_what_json_can_hold(vendor: Any) -> None:
    events = await vendor.plays(vendor.openai, "openai-lone-surrogate-and-nul")
    assert vendor.said(events) == "ab \ufffd c\ufffd"


async def test_reading_the_prompt_is_shown_as_progress(vendor: Any) -> None:
    events = await vendor.plays(vendor.openai, "llamacpp-prompt-progress")
    assert events[:2] == [
        Progress("reading", "reading the prompt: 50 %", 300, 600),
        Progress("reading", "reading the prompt: 100 %", 600, 600),
    ]
    assert vendor.said(events) == "Read."


async def _sent(vendor: Any, request: ModelRequest, **options: Any) -> Any:
    bodies = []

    def handler(wire: httpx2.Request) -> httpx2.Response:
        bodies.append(json.loads(wire.content))
        return vendor.streamed([vendor.recorded("openai-plain")])

    await vendor.collect(vendor.openai(handler, **options), request)
    return bodies[0]


async def test_openai_is_sent_its_own_name_for_the_limit_and_others_theirs(vendor: Any) -> None:
    body = await _sent(vendor, vendor.request)
    assert body["max_completion_tokens"] == 100
    assert "max_tokens" not in body
    assert body["stream_options"] == {"include_usage": True}
    body = await _sent(vendor, vendor.request, name="ollama", extra_body={"return_progress": True})
    assert body["max_tokens"] == 100
    assert "max_completion_tokens" not in body
    assert body["return_progress"] is True
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
    ]


async def test_a_request_without_messages_is_refused_before_it_is_sent(vendor: Any) -> None:
    with pytest.raises(Refused):
        await vendor.collect(vendor.openai(_never), ModelRequest("m", (), 10))


def _never(_: httpx2.Request) -> httpx2.Response:
    raise AssertionError("nothing may be sent")


def _error(status: int, code: str | None = None, message: str = "no", **headers: str) -> Any:
    body = {"error": {"message": message, "type": "invalid_request_error", "code": code}}
    return lambda _: httpx2.Response(status, json=body, headers=headers)


def _fails(error: Exception) -> Callable[[httpx2.Request], httpx2.Response]:
    def handler(_: httpx2.Request) -> httpx2.Response:
        raise error

    return handler


@pytest.mark.parametrize(
    ("handler", "error"),
    [
        (_error(400), RequestRejected),
        (_error(400, "context_length_exceeded"), RequestRejected),
        (_error(401, "invalid_api_key"), KeyRejected),
        (_error(403), KeyRejected),
        (_error(404, "model_not_found"), RequestRejected),
        (_error(413), RequestRejected),
        (_error(422), RequestRejected),
        (_error(429, "rate_limit_exceeded"), RateLimited),
        (_error(429, "insufficient_quota"), QuotaSpent),
        (_error(500), Overloaded),
        (_error(503), Overloaded),
        (lambda _: httpx2.Response(502, html="<h1>Bad gateway</h1>"), Overloaded),
        (lambda _: httpx2.Response(302, headers={"location": "https://else.test"}), Malformed),
        (lambda _: httpx2.Response(200, html="<h1>Welcome</h1>"), Malformed),
        (lambda _: httpx2.Response(200, json={"choices": []}), Malformed),
        (lambda _: httpx2.Response(200, text=""), StreamCut),
        (_fails(httpx2.ConnectError("refused")), Unreachable),
        (_fails(httpx2.ReadTimeout("slow")), Unreachable),
        (_fails(httpx2.RemoteProtocolError("reset")), Unreachable),
        (_fails(httpx2.ProxyError("407")), Unreachable),
    ],
)
async def test_every_fault_becomes_one_of_our_errors_with_a_hint(
    vendor: Any, handler: Any, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        await vendor.collect(vendor.openai(handler))
    assert caught.value.hint
    assert "openai" in str(caught.value)


async def test_an_unknown_model_is_named_and_another_one_is_advised(vendor: Any) -> None:
    with pytest.raises(RequestRejected, match="some-model") as caught:
        await vendor.collect(vendor.openai(_error(404, "model_not_found")))
    assert "Models page" in caught.value.hint


async def test_the_key_is_never_in_an_error_also_when_the_vendor_echoes_it(vendor: Any) -> None:
    message = f"Incorrect API key provided: {vendor.key} or sk-proj-ab***yz, Bearer {vendor.key}"
    with pytest.raises(KeyRejected) as caught:
        await vendor.collect(vendor.openai(_error(401, "invalid_api_key", message)))
    chain: list[BaseException | None] = [
        caught.value,
        caught.value.__cause__,
        caught.value.__context__,
    ]
    assert vendor.key not in "".join(map(repr, chain))
    assert "sk-proj" not in str(caught.value)


async def test_a_key_that_no_header_can_hold_is_a_rejected_key(vendor: Any) -> None:
    provider = vendor.openai(_never)
    provider._api_key = "sk-…"
    with pytest.raises(KeyRejected):
        await vendor.collect(provider)


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7.0), ("0", 0.0), ("-3", None), ("nan", None), ("soon", None)]
)
async def test_retry_after_is_carried_by_the_error(
    vendor: Any, value: str, seconds: float | None
) -> None:
    with pytest.raises(RateLimited) as caught:
        await vendor.collect(vendor.openai(_error(429, **{"retry-after": value})))
    assert caught.value.retry_after == seconds


async def test_only_what_reached_the_vendor_can_be_billed(vendor: Any) -> None:
    for error, billable in ((httpx2.ConnectError("x"), False), (httpx2.ReadError("x"), True)):
        with pytest.raises(Unreachable) as caught:
            await vendor.collect(vendor.openai(_fails(error)))
        assert caught.value.billable is billable


@pytest.mark.parametrize("base_url", ["no url", "ftp://x/v1", "http://[::1/v1"])
async def test_a_base_url_that_is_none_is_said_at_once_and_not_tried_again(
    vendor: Any, base_url: str
) -> None:
    provider = OpenAIProvider(name="compatible", base_url=base_url, api_key="")
    with pytest.raises(Malformed) as caught:
        await vendor.collect(provider)
    assert "base URL" in caught.value.hint
