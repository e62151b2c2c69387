"""Both vendors' adapters against `llmock`, a server of their wire formats that somebody else wrote."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from llmock.scenarios import Fail, Reply, StreamFault, ToolCall, ToolFault
from llmock.testing import LLMockServer

from core.errors import (
    FootlightsError,
    KeyRejected,
    Overloaded,
    RateLimited,
    RequestRejected,
    StreamCut,
    Unreachable,
)
from core.events import ModelDone, TextDelta, ToolCalled
from core.llm.anthropic import AnthropicProvider
from core.llm.openai import OpenAIProvider
from core.types import ModelRequest, ToolSpec, message

KINDS = ("chat", "responses", "messages")
WEATHER = ToolSpec(
    "weather",
    "The weather of a city.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
REQUEST = ModelRequest("gpt-4o", (message("user", "How is the weather?"),), 200)


@pytest.fixture(scope="module")
def mock() -> Iterator[LLMockServer]:
    with LLMockServer() as server:
        yield server


@pytest.fixture(autouse=True)
def _afresh(mock: LLMockServer) -> None:
    mock.state.scenarios.clear()


def provider(mock: LLMockServer, kind: str, **options: Any) -> Any:
    if kind == "messages":
        url = mock.base_url("anthropic")
        return AnthropicProvider(base_url=url, api_key="sk-test", **options)
    url = mock.base_url("openai")
    return OpenAIProvider(name="openai", base_url=url, api_key="sk-test", api=kind, **options)


async def heard(mock: LLMockServer, kind: str, **given: Any) -> list[Any]:
    asked = ModelRequest(REQUEST.model, REQUEST.messages, REQUEST.max_tokens, **given)
    made = provider(mock, kind)
    try:
        return [event async for event in made.stream(asked)]
    finally:
        await made.close()


def words(events: list[Any]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_arrives_with_its_end_and_its_usage(mock: LLMockServer, kind: str) -> None:
    mock.state.scenarios.add(Reply(text="It is sunny in Turin."))
    events = await heard(mock, kind)
    assert words(events) == "It is sunny in Turin."
    done = events[-1]
    assert isinstance(done, ModelDone)
    assert (done.finish, done.usage.source) == ("stop", "reported")
    assert done.usage.output_tokens > 0


@pytest.mark.parametrize("kind", KINDS)
async def test_a_tool_call_is_put_together(mock: LLMockServer, kind: str) -> None:
    mock.state.scenarios.add(Reply(tool_calls=(ToolCall("weather", {"city": "Turin"}),)))
    events = await heard(mock, kind, tools=(WEATHER,))
    [called] = [event.call for event in events if isinstance(event, ToolCalled)]
    assert (called.name, called.arguments.replace(" ", "")) == ("weather", '{"city":"Turin"}')
    assert events[-1].finish == "tool_calls"


@pytest.mark.parametrize("kind", KINDS)
async def test_arguments_that_are_no_json_are_handed_on_as_they_are(
    mock: LLMockServer, kind: str
) -> None:
    mock.state.scenarios.add(Reply(tool_calls=(ToolCall("weather", {"city": "Turin"}),)))
    mock.state.scenarios.add(ToolFault("malformed_arguments"))
    events = await heard(mock, kind, tools=(WEATHER,))
    [called] = [event.call for event in events if isinstance(event, ToolCalled)]
    # Cut in half by the server. Whoever runs tools parses them; nothing is made of what is broken.
    assert (called.name, called.arguments) == ("weather", '{"city":')


@pytest.mark.parametrize(
    ("status", "kind_of_error"),
    [
        (400, RequestRejected),
        (401, KeyRejected),
        (403, KeyRejected),
        (404, RequestRejected),
        (429, RateLimited),
        (500, Overloaded),
        (503, Overloaded),
        (529, Overloaded),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
async def test_each_status_is_one_of_our_errors(
    mock: LLMockServer, kind: str, status: int, kind_of_error: type[FootlightsError]
) -> None:
    mock.state.scenarios.add(Fail(status))
    with pytest.raises(kind_of_error) as failed:
        await heard(mock, kind)
    assert failed.value.hint


@pytest.mark.parametrize("fault", ["disconnect", "truncate", "malformed"])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_stream_that_breaks_is_never_taken_for_an_answer(
    mock: LLMockServer, kind: str, fault: Any
) -> None:
    mock.state.scenarios.add(Reply(text="one two three four five six"), StreamFault(fault, 2))
    with pytest.raises((StreamCut, Unreachable)):
        await heard(mock, kind)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_stream_that_stalls_is_left_when_its_time_is_over(
    mock: LLMockServer, kind: str
) -> None:
    mock.state.scenarios.add(
        Reply(text="one two three four"), StreamFault("stall", 2, stall_seconds=30)
    )
    made = provider(mock, kind, idle_seconds=0.2)
    try:
        with pytest.raises(FootlightsError, match=r"silent|fell|seconds"):
            async with asyncio.timeout(25):
                async for _ in made.stream(REQUEST):
                    pass
    finally:
        await made.close()
