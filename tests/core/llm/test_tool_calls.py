"""Calls reassembled from their fragments, from every API that sends them."""

import json
from array import array
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import StreamCut
from core.events import ModelDone, TextDelta, ToolCallDelta, ToolCalled
from core.types import ToolCall


def chat(*deltas: Any, finish: str | None = "tool_calls") -> bytes:
    chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)


def fragment(index: int | None, arguments: Any = None, **more: Any) -> dict[str, Any]:
    function = {"name": more.pop("name", None), "arguments": arguments}
    return {"tool_calls": [{"index": index, "function": function, **more}]}


def anthropic(*events: dict[str, Any], stop: str = "tool_use") -> bytes:
    last = {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 9}}
    first = {"type": "message_start", "message": {"usage": {"input_tokens": 5}}}
    return b"".join(
        b"data: " + json.dumps(event).encode() + b"\n\n" for event in (first, *events, last)
    )


async def heard(vendor: Any, make: Any, body: bytes, size: int = 11) -> list[Any]:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    found: list[Any] = await vendor.collect(make(lambda _: vendor.streamed(pieces)))
    return found


def calls(events: list[Any]) -> list[ToolCall]:
    return [event.call for event in events if isinstance(event, ToolCalled)]


async def test_a_call_comes_in_fragments_and_is_whole_at_the_end(vendor: Any) -> None:
    body = chat(
        {"content": "Let me look."},
        fragment(0, "", id="call_a", name="search"),
        fragment(0, '{"query": '),
        fragment(0, '"Grüße 東京"}'),
    )
    events = await heard(vendor, vendor.openai, body, 3)
    assert events[:4] == [
        TextDelta("Let me look."),
        ToolCallDelta(0, "", "call_a", "search"),
        ToolCallDelta(0, '{"query": '),
        ToolCallDelta(0, '"Grüße 東京"}'),
    ]
    assert events[4] == ToolCalled(ToolCall("call_a", "search", '{"query": "Grüße 東京"}'))
    assert events[5].finish == "tool_calls"


async def test_two_calls_may_be_interleaved(vendor: Any) -> None:
    body = chat(
        fragment(0, "", id="a", name="add"),
        fragment(1, "", id="b", name="now"),
        fragment(0, '{"x":'),
        fragment(1, "{"),
        fragment(0, "1}"),
        fragment(1, "}"),
    )
    events = await heard(vendor, vendor.openai, body)
    assert calls(events) == [ToolCall("a", "add", '{"x":1}'), ToolCall("b", "now", "{}")]


async def test_a_character_that_two_fragments_share_is_put_together(vendor: Any) -> None:
    body = chat(
        fragment(0, '{"mood": "\ud83d', id="a", name="feel"),
        fragment(0, '\ude42"}'),
    )
    [call] = calls(await heard(vendor, vendor.openai, body, 5))
    assert call.arguments == '{"mood": "🙂"}'


async def test_a_server_that_numbers_no_calls_is_understood_by_their_ids(vendor: Any) -> None:
    body = chat(
        fragment(None, '{"x": 1}', id="a", name="add"),
        fragment(None, {"x": 2}, id="b", name="add"),
        finish="stop",
    )
    events = await heard(vendor, vendor.openai, body)
    assert calls(events) == [ToolCall("a", "add", '{"x": 1}'), ToolCall("b", "add", '{"x": 2}')]
    assert events[-1].finish == "tool_calls"


async def test_calls_that_are_not_numbered_may_be_interleaved_too(vendor: Any) -> None:
    body = chat(
        fragment(None, '{"x":', id="a", name="add"),
        fragment(None, "{", id="b", name="now"),
        fragment(None, "1", id="a"),
        fragment(None, "}"),
        fragment(None, "}", id="b"),
    )
    events = await heard(vendor, vendor.openai, body)
    assert calls(events) == [ToolCall("a", "add", '{"x":1}'), ToolCall("b", "now", "{}")]


@pytest.mark.parametrize("given", [42, True, False, 0, 1.5, [], ["x"]])
async def test_arguments_that_are_no_object_are_not_taken_for_none(vendor: Any, given: Any) -> None:
    [call] = calls(await heard(vendor, vendor.openai, chat(fragment(0, given, id="a", name="now"))))
    assert json.loads(call.arguments) == given  # and so the dispatcher runs nothing


async def test_a_server_that_makes_up_an_id_for_each_fragment_is_understood(vendor: Any) -> None:
    body = chat(
        fragment(0, '{"x":', id="a1", name="add"),
        fragment(0, "1", id="a2"),
        fragment(0, "}", id="a3"),
        fragment(1, "{}", id="b1", name="now"),
    )
    events = await heard(vendor, vendor.openai, body)
    assert calls(events) == [ToolCall("a1", "add", '{"x":1}'), ToolCall("b1", "now", "{}")]


async def test_another_name_is_another_call_where_there_are_no_ids(vendor: Any) -> None:
    body = chat(fragment(None, '{"x":1}', name="add"), fragment(None, "{}", name="now"))
    events = await heard(vendor, vendor.openai, body)
    assert calls(events) == [ToolCall("call_0", "add", '{"x":1}'), ToolCall("call_1", "now", "{}")]


async def test_two_calls_of_one_id_are_told_apart_and_one_without_is_given_one(
    vendor: Any,
) -> None:
    body = chat(
        fragment(0, "{}", id="same", name="one"),
        fragment(1, "{}", id="same", name="two"),
        fragment(2, "", name="three"),
    )
    found = calls(await heard(vendor, vendor.openai, body))
    assert [(call.id, call.name) for call in found] == [
        ("same", "one"),
        ("same_1", "two"),
        ("call_2", "three"),
    ]
    assert found[2].arguments == "{}"


@pytest.mark.parametrize("finish", ["model_length", "max_tokens"])
async def test_what_other_servers_call_length_calls_nothing(vendor: Any, finish: str) -> None:
    # Without a fragment a call would be one without arguments, and those can be run.
    body = chat(fragment(0, "", id="a", name="delete_all"), finish=finish)
    events = await heard(vendor, vendor.openai, body)
    assert calls(events) == []
    assert events[-1].finish == "length"


@pytest.mark.parametrize("finish", ["length", "content_filter"])
async def test_arguments_that_were_cut_are_seen_but_never_called(vendor: Any, finish: str) -> None:
    body = chat(fragment(0, '{"path": "/ho', id="a", name="delete"), finish=finish)
    events = await heard(vendor, vendor.openai, body)
    assert events[0] == ToolCallDelta(0, '{"path": "/ho', "a", "delete")
    assert calls(events) == []
    assert events[-1].finish == finish


@pytest.mark.parametrize("finish", ["length", "content_filter"])
async def test_what_was_cut_stays_cut_whatever_is_said_after_it(vendor: Any, finish: str) -> None:
    body = chat(fragment(0, "", id="a", name="delete_all"), finish=finish) + chat()
    events = await heard(vendor, vendor.openai, body)
    assert calls(events) == []
    assert events[-1].finish == finish


async def test_a_stream_that_breaks_off_calls_nothing(vendor: Any) -> None:
    body = chat(fragment(0, '{"path": "/home"}', id="a", name="delete"), finish=None)
    with pytest.raises(StreamCut):
        await heard(vendor, vendor.openai, body)


@pytest.mark.parametrize(
    ("make", "body"),
    [
        ("openai", chat(fragment(0, '{"path": "/"}', id="a", name="delete"), finish="fatigue")),
        (
            "anthropic",
            anthropic(
                {
                    "type": "content_block_start",
                    "index": 0,
                    "content_block": {
                        "type": "tool_use",
                        "id": "a",
                        "name": "delete",
                        "input": {"path": "/"},
                    },
                },
                stop="tired",
            ),
        ),
    ],
)
async def test_a_word_that_nobody_knows_is_no_leave_to_run_a_tool(
    vendor: Any, make: str, body: bytes
) -> None:
    with pytest.raises(StreamCut, match=r"it called tools and ended with '(fatigue|tired)'"):
        await heard(vendor, getattr(vendor, make), body)


async def test_a_server_with_a_word_of_its_own_for_a_whole_answer_is_understood(
    vendor: Any,
) -> None:
    body = chat(fragment(0, "{}", id="a", name="now"), finish="EOS_token")
    assert calls(await heard(vendor, vendor.openai, body)) == [ToolCall("a", "now", "{}")]


async def test_a_call_whose_arguments_went_astray_is_not_taken_for_one_without_any(
    vendor: Any,
) -> None:
    body = chat(fragment(0, "", id="a", name="clear"), fragment(5, '{"only": "old"}'))
    first, astray = calls(await heard(vendor, vendor.openai, body))
    assert (first.name, first.arguments) == ("clear", "")  # which no dispatcher can read
    assert (astray.name, astray.arguments) == ("", '{"only": "old"}')


async def test_a_finish_that_promises_calls_without_any_is_a_plain_end(vendor: Any) -> None:
    events = await heard(vendor, vendor.openai, chat({"content": "Done."}))
    assert events[-1].finish == "stop"


async def test_anthropics_blocks_become_calls(vendor: Any) -> None:
    body = anthropic(
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": "Looking."},
        },
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {"type": "tool_use", "id": "tu_1", "name": "search", "input": {}},
        },
        {
            "type": "content_block_delta",
            "index": 1,
            "delta": {"type": "input_json_delta", "partial_json": '{"query": "la'},
        },
        {
            "type": "content_block_start",
            "index": 2,
            "content_block": {"type": "tool_use", "id": "tu_2", "name": "add", "input": {"x": 1}},
        },
        {
            "type": "content_block_delta",
            "index": 1,
            "delta": {"type": "input_json_delta", "partial_json": 'mp"}'},
        },
    )
    events = await heard(vendor, vendor.anthropic, body)
    assert calls(events) == [
        ToolCall("tu_1", "search", '{"query": "lamp"}'),
        ToolCall("tu_2", "add", '{"x": 1}'),
    ]
    assert isinstance(events[-1], ModelDone)
    assert (events[-1].finish, events[-1].usage.output_tokens) == ("tool_calls", 9)


async def test_anthropics_length_calls_nothing(vendor: Any) -> None:
    started = {"type": "tool_use", "id": "tu_1", "name": "search", "input": {}}
    body = anthropic(
        {"type": "content_block_start", "index": 0, "content_block": started}, stop="max_tokens"
    )
    events = await heard(vendor, vendor.anthropic, body)
    assert calls(events) == []
    assert events[-1].finish == "length"


ARGUMENTS = '{"query": "Grüße \\n 東京 🙂", "k": 3, "deep": {"a": [1, 2, null]}}'


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    order=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 9)), max_size=60),
    size=st.integers(1, 50),
)
async def test_any_cut_and_any_order_of_three_calls_gives_the_same_calls(
    vendor: Any, order: list[tuple[int, int]], size: int
) -> None:
    # As UTF-16 units, so that a cut may fall between the halves of a character too.
    units = "".join(map(chr, array("H", ARGUMENTS.encode("utf-16-le"))))
    rest = [units, units, units]
    deltas = [fragment(n, "", id=f"id_{n}", name=f"tool_{n}") for n in range(3)]
    for index, length in [*order, (0, 10**6), (1, 10**6), (2, 10**6)]:
        piece, rest[index] = rest[index][:length], rest[index][length:]
        if piece:
            deltas.append(fragment(index, piece))
    events = await heard(vendor, vendor.openai, chat(*deltas), size)
    assert calls(events) == [ToolCall(f"id_{n}", f"tool_{n}", ARGUMENTS) for n in range(3)]
