"""What no vendor should send, and some do: it becomes the answer or one of our errors, nothing else."""

import json
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import (
    FootlightsError,
    KeyRejected,
    Malformed,
    ModelMisbehaved,
    Overloaded,
    QuotaSpent,
    RateLimited,
    RequestRejected,
    StreamCut,
)
from core.events import ModelDone, ReasoningDelta
from core.llm.chat_chunks import ChatChunks
from core.llm.client import LLMClient
from core.llm.faults import Faults
from core.llm.message_events import MessageEvents
from core.llm.pricing import price
from core.llm.reading import Reader
from core.llm.response_events import ResponseEvents
from core.trace import Trace
from core.types import ModelRequest, Usage, message
from tests.core.llm.conftest import (
    KEY,
    REQUEST,
    anthropic_with,
    collect,
    in_pieces,
    openai_with,
    said,
    streamed,
)
from tests.core.llm.fault_cases import begin, end, say, stop, tell, usage

# --- any JSON at all --------------------------------------------------------------------------

_LEAF = (
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | st.text(max_size=3)
)
_JSON = st.recursive(
    _LEAF, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner)
)
_CALL = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}
_RESPONSE = {"model": "m", "usage": {"input_tokens": 3, "output_tokens": 1}, "error": {"code": "x"}}
_CHUNKS: list[tuple[type[Any], dict[str, Any]]] = [
    (ChatChunks, {"choices": [{"delta": {"content": "a", "reasoning": "b"}}], "model": "m"}),
    (ChatChunks, {"choices": [{"delta": {"tool_calls": [_CALL], "refusal": "no"}}]}),
    (ChatChunks, {"choices": [{"delta": {"content": [{"type": "text", "text": "a"}]}}]}),
    (ChatChunks, {**usage(3, 4), "prompt_progress": {"processed": 1, "total": 2}}),
    (ChatChunks, {"error": {"code": 5, "type": "t", "message": "m"}}),
    *((MessageEvents, event) for event in (begin(), *tell("a"), *end())),
    (MessageEvents, {"type": "error", "error": {"type": "api_error", "message": "m"}}),
    (
        MessageEvents,
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {"type": "tool_use", "id": "c", "name": "f", "input": {}},
        },
    ),
    (ResponseEvents, {"type": "response.output_text.delta", "delta": "a"}),
    (ResponseEvents, {"type": "response.completed", "response": _RESPONSE}),
    (ResponseEvents, {"type": "response.failed", "response": _RESPONSE}),
    (
        ResponseEvents,
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {"type": "function_call", "call_id": "c", "name": "f", "arguments": ""},
        },
    ),
]


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: Any = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    below = [place for key, each in inner for place in _places(each, (*at, key))]
    return [at, *below]


def _with(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    key, *rest = place
    changed = value.copy()
    changed[key] = _with(value[key], tuple(rest), new)
    return changed


@given(st.data())
def test_whatever_stands_in_a_chunk_becomes_events_or_one_of_our_errors(data: Any) -> None:
    kind, chunk = data.draw(st.sampled_from(_CHUNKS))
    odd = _with(chunk, data.draw(st.sampled_from(_places(chunk))), data.draw(_JSON))
    reader: Reader = kind("openai", REQUEST, Faults("openai", "m", KEY))
    try:
        reader.feed(odd)
        reader.feed(chunk)
        reader.end()
    except FootlightsError as error:
        assert error.hint
    assert reader.counted.input_tokens >= 0


# --- the frames -------------------------------------------------------------------------------

WHOLE = b"".join(
    b"data: " + json.dumps(each).encode() + b"\n\n"
    for each in (*say("One ", "two."), stop(), usage(20, 6))
)


def plays(body: bytes, size: int = 5, kind: str = "text/event-stream") -> Any:
    def answer(_: httpx2.Request) -> httpx2.Response:
        response = streamed(in_pieces(body, size))
        response.headers["content-type"] = kind
        return response

    return openai_with(answer)


@pytest.mark.parametrize("size", [1, 2, 4, 1000])
async def test_a_byte_order_mark_does_not_swallow_the_first_words(size: int) -> None:
    events = await collect(plays(b"\xef\xbb\xbf" + WHOLE, size))
    assert said(events) == "One two."


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (b"[" * 100_000, "one of its events is not JSON that can be read"),
        (b'{"usage": {"prompt_tokens": ' + b"9" * 5000 + b"}}", "not JSON that can be read"),
        (b'{"choices": "\xff"}', "one of its events is not UTF-8"),
    ],
)
async def test_an_event_that_nobody_can_read_is_told_in_plain_words(
    event: bytes, words: str
) -> None:
    with pytest.raises(StreamCut, match=words):
        await collect(plays(b"data: " + event + b"\n\n" + WHOLE, 4096))


@pytest.mark.parametrize(
    ("body", "words", "billable"),
    [
        (b'{"choices": [{"message": {"content": "Hello"}}]}', "without streaming", True),
        (b"\n <html>Sign in</html>", "a web page", False),
        (b'\xef\xbb\xbf \r\n{"choices": []}', "without streaming", True),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 4096])
async def test_what_is_no_stream_is_seen_whatever_it_calls_itself(
    body: bytes, words: str, billable: bool, size: int
) -> None:
    with pytest.raises(Malformed, match=words) as caught:
        await collect(plays(body, size, "text/plain"))
    assert caught.value.billable is billable


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "insufficient_quota", "message": "no more"}, QuotaSpent),
        ({"type": "authentication_error", "message": f"bad key {KEY}"}, KeyRejected),
        ({"code": 429, "message": "slower"}, RateLimited),
        ({"type": "invalid_request_error", "message": "no such field"}, RequestRejected),
        ("the model is loading", Overloaded),
    ],
)
@pytest.mark.parametrize("content", ["application/json", "text/event-stream"])
@pytest.mark.parametrize("size", [1, 4096])
async def test_a_complaint_with_status_200_is_what_it_says(
    error: Any, kind: type[FootlightsError], content: str, size: int
) -> None:
    with pytest.raises(kind) as caught:
        await collect(plays(json.dumps({"error": error}).encode(), size, content))
    assert KEY not in str(caught.value) and caught.value.hint


@pytest.mark.parametrize("make", [openai_with, anthropic_with])
@pytest.mark.parametrize(
    "body", [{"error": "no model is loaded"}, {"detail": "no model is loaded"}], ids=str
)
async def test_a_refusal_in_the_words_of_a_small_server_is_told(make: Any, body: Any) -> None:
    # LM Studio's, and that of everything that is made with FastAPI.
    with pytest.raises(RequestRejected, match="no model is loaded"):
        await collect(make(lambda _: httpx2.Response(400, json=body)))


async def test_a_stream_that_calls_itself_json_is_read() -> None:
    assert said(await collect(plays(WHOLE, 7, "application/json"))) == "One two."


async def test_a_complaint_after_the_finish_reason_does_not_undo_the_answer() -> None:
    late = {"error": {"type": "invalid_request_error", "message": "too late"}}
    events = await collect(plays(WHOLE + b"data: " + json.dumps(late).encode() + b"\n\n"))
    assert said(events) == "One two."
    assert events[-1] == ModelDone("stop", Usage(20, 6), "some-model")


async def test_a_key_that_is_echoed_as_the_models_name_goes_no_further() -> None:
    body = WHOLE.replace(b'{"choices"', b'{"model": "' + KEY.encode() + b'", "choices"')
    done = (await collect(plays(body)))[-1]
    assert isinstance(done, ModelDone)
    assert done.model == "[key]"


async def test_an_answer_in_parts_is_read_and_its_thoughts_are_told_apart() -> None:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    parts = [thought, {"type": "text", "text": "Yes."}, {"type": "image_url"}, None]
    chunks = ({"choices": [{"delta": {"content": parts}}]}, stop(), usage(1, 2))
    body = b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in chunks)
    events = await collect(plays(body))
    assert said(events) == "Yes."
    assert ReasoningDelta("Hm.") in events


# --- what has no end --------------------------------------------------------------------------


def _endless_calls() -> Any:
    for at in range(10_000):
        yield (
            ChatChunks,
            {"choices": [{"delta": {"tool_calls": [{"index": at, "function": {"name": "f"}}]}}]},
        )


def _endless_refusal() -> Any:
    for _ in range(10_000):
        yield ChatChunks, {"choices": [{"delta": {"refusal": "no, "}}]}


def _endless_refused_response() -> Any:
    for _ in range(10_000):
        yield ResponseEvents, {"type": "response.refusal.delta", "delta": "no, "}


@pytest.mark.parametrize("chunks", [_endless_calls, _endless_refusal, _endless_refused_response])
def test_calls_and_refusals_without_an_end_are_ended_as_a_text_is(chunks: Any) -> None:
    readers: dict[type[Any], Any] = {}
    with pytest.raises(ModelMisbehaved, match="far beyond the 100 tokens"):
        for kind, chunk in chunks():
            made = readers.setdefault(kind, kind("openai", REQUEST, Faults("openai", "m", KEY)))
            made.feed(chunk)


# --- what the vendor has told before it broke off ---------------------------------------------


class Book:
    """A meter that keeps what was settled."""

    def __init__(self) -> None:
        self.usage = Usage()

    async def reserve(self, model: str, input_tokens: int, max_tokens: int) -> str:
        return "row"

    async def hold(self, row_id: str, model: str, worst: Usage) -> None: ...

    async def settle(self, row_id: str, model: str, usage: Usage) -> None:
        self.usage = usage

    async def release(self, row_id: str) -> None:
        raise AssertionError("it was billed")


def _sse(*events: Any) -> httpx2.Response:
    return streamed([b"data: " + json.dumps(each).encode() + b"\n\n" for each in events])


def _reports(read: int, **more: Any) -> list[dict[str, Any]]:
    begun = begin(read)
    begun["message"]["usage"] |= more
    return [begun, *tell("Once ", "upon ")[:3]]


LONG = {"input_tokens": 9000, "output_tokens": 700}
FAILED = {"error": {"code": "server_error"}, "usage": LONG}


@pytest.mark.parametrize(
    ("ref", "provider", "told"),
    [
        ("anthropic:m", anthropic_with(lambda _: _sse(*_reports(9000))), (9000, 2, 0)),
        (
            "anthropic:m",
            anthropic_with(lambda _: _sse(*_reports(4, cache_creation_input_tokens=8996))),
            (9000, 2, 8996),
        ),
        (
            "openai:m",
            openai_with(lambda _: _sse(*say("Once ", "upon "), usage(9000, 700))),
            (9000, 700, 0),
        ),
        (
            "openai:m",
            openai_with(
                lambda _: _sse(
                    {"type": "response.output_text.delta", "delta": "Once"},
                    {"type": "response.failed", "response": FAILED},
                ),
                api="responses",
            ),
            (9000, 700, 0),
        ),
    ],
    ids=["a message", "a message that fills the cache", "a completion", "a response"],
)
async def test_a_broken_answer_is_booked_with_at_least_what_its_vendor_had_counted(
    ref: str, provider: Any, told: tuple[int, int, int]
) -> None:
    book, client = Book(), LLMClient({ref.partition(":")[0]: provider})
    with pytest.raises(FootlightsError):
        async for _ in client.stream(ref, REQUEST, meter=book, trace=Trace("t"), input_tokens=10):
            pass
    await provider.close()
    assert book.usage.source == "estimated"
    assert book.usage.input_tokens == told[0]
    assert book.usage.output_tokens >= told[1]
    assert book.usage.cache_write_tokens == told[2]


async def test_a_message_that_is_left_is_booked_with_what_its_beginning_counted() -> None:
    provider = anthropic_with(lambda _: _sse(*_reports(9000)))
    book, client = Book(), LLMClient({"anthropic": provider})
    stream = client.stream(
        "anthropic:claude-haiku-5-5", REQUEST, meter=book, trace=Trace("t"), input_tokens=10
    )
    await anext(stream)
    await stream.aclose()
    await provider.close()
    assert (book.usage.input_tokens, book.usage.source) == (9000, "estimated")
    assert price("anthropic:claude-haiku-5-5", book.usage) >= Decimal("0.0009")  # type: ignore[operator]


async def test_half_of_a_usage_is_half_believed() -> None:
    half = {"choices": [], "usage": {"prompt_tokens": 100}}
    provider = openai_with(lambda _: _sse(*say("four ", "words ", "are ", "here"), stop(), half))
    book, client = (
        Book(),
        LLMClient({"openai": provider}, count=lambda text, ref: len(text.split())),
    )
    stream = client.stream("openai:m", REQUEST, meter=book, trace=Trace("t"), input_tokens=40)
    assert [event async for event in stream][-1].usage == Usage(100, 4, source="estimated")
    await provider.close()


@pytest.mark.parametrize(
    ("reports", "booked"),
    [
        ([{"prompt_tokens": "100", "completion_tokens": "20"}], (100, 20)),
        ([{"prompt_tokens": 100, "completion_tokens": 20}, {"prompt_tokens": 100}], (100, 20)),
        (
            [
                {"prompt_tokens": 100, "completion_tokens": 20},
                {"prompt_tokens": -1, "completion_tokens": 20},
            ],
            (100, 20),
        ),
        (
            [
                {
                    "prompt_tokens": 100,
                    "completion_tokens": 20,
                    "total_tokens": 500,
                    "completion_tokens_details": {"reasoning_tokens": 380},
                }
            ],
            (100, 400),
        ),
        (
            [
                {
                    "prompt_tokens": 100,
                    "completion_tokens": 400,
                    "total_tokens": 500,
                    "completion_tokens_details": {"reasoning_tokens": 380},
                }
            ],
            (100, 400),
        ),
        (
            [
                {"prompt_tokens": 100, "completion_tokens": 20},
                {"prompt_tokens": 5, "completion_tokens": 0},
            ],
            (100, 20),
        ),
    ],
    ids=[
        "texts",
        "then half of one",
        "then a false one",
        "thought beside it",
        "thought in it",
        "then less",
    ],
)
async def test_what_the_vendor_counted_is_booked_however_it_says_so(
    reports: list[Any], booked: tuple[int, int]
) -> None:
    last = [{"choices": [], "usage": each} for each in reports]
    provider = openai_with(lambda _: _sse(*say("Hello"), stop(), *last))
    *_, done = await collect(provider)
    assert (done.usage.input_tokens, done.usage.output_tokens) == booked
    assert done.usage.source == "reported"


async def test_a_vendor_that_takes_back_what_it_has_counted_is_booked_for_it_all_the_same() -> None:
    more = {"input_tokens": 100, "output_tokens": 20}
    less = {"input_tokens": 5, "output_tokens": 1}
    responses = openai_with(
        lambda _: _sse(
            {"type": "response.in_progress", "response": {"usage": more}},
            {"type": "response.output_text.delta", "delta": "Once"},
            {"type": "response.completed", "response": {"usage": less}},
        ),
        api="responses",
    )
    shrinks = {"type": "message_delta", "delta": {}, "usage": more}
    messages = anthropic_with(lambda _: _sse(begin(5), *tell("Once "), shrinks, *end(written=1)))
    late = anthropic_with(lambda _: _sse(*tell("Once "), *end(written=20), begin(100)))
    for provider in (responses, messages, late):
        *_, done = await collect(provider)
        assert done.usage == Usage(100, 20)


async def test_a_message_that_tells_of_its_cache_alone_is_booked_with_what_we_counted() -> None:
    begun = begin()
    begun["message"]["usage"] = {"cache_read_input_tokens": 9}
    provider = anthropic_with(lambda _: _sse(begun, *tell("Hello"), *end()))
    book, client = Book(), LLMClient({"anthropic": provider})
    stream = client.stream("anthropic:m", REQUEST, meter=book, trace=Trace("t"), input_tokens=40)
    assert [event async for event in stream][-1].usage.input_tokens == 40  # type: ignore[union-attr]
    await provider.close()


@pytest.mark.parametrize(("ref", "tokens"), [("openai:m", 71 + 9 * 300), ("ollama:m", 71)])
async def test_a_vendor_that_thinks_in_silence_is_booked_for_it(ref: str, tokens: int) -> None:
    seconds = 0.0

    def answer(_: httpx2.Request) -> httpx2.Response:
        nonlocal seconds
        seconds = 10.0  # until its first word
        return _sse(*say("Once "))

    name = ref.partition(":")[0]
    provider = openai_with(answer, name=name)
    book, client = (
        Book(),
        LLMClient({name: provider}, count=lambda text, ref: len(text), clock=lambda: seconds),
    )
    request = ModelRequest("m", (message("user", "Hello"),), 4000)
    with pytest.raises(StreamCut):
        async for _ in client.stream(ref, request, meter=book, trace=Trace("t"), input_tokens=10):
            pass
    await provider.close()
    assert book.usage.output_tokens == tokens
