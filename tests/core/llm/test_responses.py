"""OpenAI's Responses API, whose failures are events."""

import json
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from core.errors import Overloaded, QuotaSpent, Refused, StreamCut
from core.events import ReasoningDelta, TextDelta, ToolCalled
from core.types import ToolCall, Usage

USAGE = {
    "input_tokens": 40,
    "output_tokens": 12,
    "input_tokens_details": {"cached_tokens": 32, "cache_write_tokens": 0},
    "output_tokens_details": {"reasoning_tokens": 5},
}


def item(index: int, **more: Any) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": index, "item": more}


def delta(kind: str, text: str, index: int = 0) -> dict[str, Any]:
    return {"type": f"response.{kind}.delta", "output_index": index, "delta": text}


def ended(kind: str, **more: Any) -> dict[str, Any]:
    response = {"model": "gpt-6-luna-2026-10-01", "status": kind, "usage": USAGE, **more}
    return {"type": f"response.{kind}", "response": response}


async def heard(vendor: Any, *events: dict[str, Any]) -> list[Any]:
    body = b"".join(
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events
    )
    pieces = [body[at : at + 9] for at in range(0, len(body), 9)]

    def handler(asked: httpx2.Request) -> httpx2.Response:
        assert asked.url.path == "/v1/responses"
        sent = json.loads(asked.content)
        assert (sent["stream"], sent["max_output_tokens"], sent["store"]) == (True, 100, False)
        assert sent["input"][1] == {"role": "user", "content": "Hello"}
        answer: httpx2.Response = vendor.streamed(pieces)
        return answer

    found: list[Any] = await vendor.collect(vendor.openai(handler, api="responses"))
    return found


async def test_an_answer_with_thoughts_calls_and_usage(vendor: Any) -> None:
    events = await heard(
        vendor,
        {"type": "response.created", "response": {"model": "gpt-6-luna"}},
        item(0, type="reasoning", id="rs_1"),
        delta("reasoning_summary_text", "Hm."),
        item(1, type="message", id="m_1"),
        delta("output_text", "Grüße", 1),
        item(2, type="function_call", call_id="c1", name="search", arguments=""),
        delta("function_call_arguments", '{"query":', 2),
        delta("function_call_arguments", ' "東京"}', 2),
        {"type": "response.function_call_arguments.done", "output_index": 2, "arguments": "..."},
        {"type": "response.of_a_later_year"},
        ended("completed"),
    )
    assert events[:2] == [ReasoningDelta("Hm."), TextDelta("Grüße")]
    assert events[-2] == ToolCalled(ToolCall("c1", "search", '{"query": "東京"}'))
    assert (events[-1].finish, events[-1].model) == ("tool_calls", "gpt-6-luna-2026-10-01")
    assert events[-1].usage == Usage(40, 12, cached_tokens=32, reasoning_tokens=5)


SAID = {"type": "message", "content": [{"type": "output_text", "text": "Grüße"}]}
CALLED = {"type": "function_call", "call_id": "c1", "name": "search", "arguments": '{"k": 1}'}

ARGUED = {"type": "response.function_call_arguments.done", "output_index": 1} | {
    "arguments": CALLED["arguments"]
}


def done(index: int, whole: dict[str, Any]) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": index, "item": whole}


@pytest.mark.parametrize(
    "events",
    [
        [item(0, type="message"), done(0, SAID), item(1, **CALLED), done(1, CALLED)],
        [delta("output_text", "Grüße"), done(0, SAID), done(1, CALLED)],
        [delta("output_text", "Grüße"), done(0, SAID), item(1, **CALLED)],
        [done(0, SAID), item(1, **{**CALLED, "arguments": ""}), ARGUED, done(1, CALLED)],
        [],
    ],
    ids=["items", "a call", "all in pieces", "arguments at their end", "only the end"],
)
async def test_what_did_not_come_in_pieces_is_taken_whole_and_once(
    vendor: Any, events: list[dict[str, Any]]
) -> None:
    found = await heard(vendor, *events, ended("completed", output=[SAID, CALLED]))
    assert "".join(each.text for each in found if isinstance(each, TextDelta)) == "Grüße"
    called = [each.call for each in found if isinstance(each, ToolCalled)]
    assert called == [ToolCall("c1", "search", '{"k": 1}')]


async def test_arguments_that_come_at_their_end_alone_are_not_taken_for_none(vendor: Any) -> None:
    found = await heard(
        vendor, item(1, **{**CALLED, "arguments": ""}), ARGUED, ended("completed", output=[])
    )
    called = [each.call for each in found if isinstance(each, ToolCalled)]
    assert called == [ToolCall("c1", "search", '{"k": 1}')]


async def test_a_delta_without_a_place_is_not_said_again_by_its_item(vendor: Any) -> None:
    bare = {"type": "response.output_text.delta", "delta": "Grüße"}
    found = await heard(vendor, bare, done(0, SAID), ended("completed", output=[SAID]))
    assert [each.text for each in found if isinstance(each, TextDelta)] == ["Grüße"]


@pytest.mark.parametrize(
    ("reason", "finish", "detail"),
    [
        ("max_output_tokens", "length", ""),
        ("content_filter", "content_filter", ""),
        ("tired", "length", "incomplete: tired"),
    ],
)
async def test_an_incomplete_answer_says_why(
    vendor: Any, reason: str, finish: str, detail: str
) -> None:
    last = ended("incomplete", incomplete_details={"reason": reason})
    events = await heard(vendor, delta("output_text", "Half"), last)
    assert (events[-1].finish, events[-1].detail) == (finish, detail)


async def test_a_refusal_is_shown_with_its_words(vendor: Any) -> None:
    events = await heard(vendor, delta("refusal", "I will not."), ended("completed"))
    assert (events[-1].finish, events[-1].detail) == ("refusal", "I will not.")


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({"type": "error", "code": "server_error", "message": "oops"}, Overloaded),
        ({"type": "error", "error": {"code": "insufficient_quota"}}, QuotaSpent),
        (ended("failed", error={"code": "server_error", "message": "oops"}), Overloaded),
        (ended("cancelled"), StreamCut),
        ({"type": "response.in_progress"}, StreamCut),
    ],
)
async def test_what_the_sdk_passes_over_in_silence_is_an_error(
    vendor: Any, event: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await heard(vendor, delta("output_text", "Half"), event)


async def test_a_stop_sequence_that_this_api_does_not_know_is_refused_and_nothing_is_sent(
    vendor: Any,
) -> None:
    def nobody(_: httpx2.Request) -> httpx2.Response:
        raise AssertionError("it was sent")

    request = replace(vendor.request, stop=("END",))
    with pytest.raises(Refused, match="know no stop sequences") as refused:
        await vendor.collect(vendor.openai(nobody, api="responses"), request)
    assert "FOOTLIGHTS_OPENAI_API" in refused.value.hint


async def test_an_item_that_says_nothing_of_itself_calls_nothing(vendor: Any) -> None:
    nothing = {"type": "response.output_item.added", "output_index": 0, "item": None}
    events = await heard(vendor, nothing, delta("output_text", "Hello", 1), ended("completed"))
    assert [event.type for event in events] == ["text_delta", "model_done"]
    assert events[-1].finish == "stop"
