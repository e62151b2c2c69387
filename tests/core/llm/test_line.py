"""The line sends what the vendor's own SDK would send, and reads a refusal as the SDK does."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from anthropic import AsyncAnthropic, RateLimitError
from openai import AsyncOpenAI

from core.llm.line import Line
from tests.core.llm.conftest import Wire

KEY = "sk-test-0123456789abcdef"
BODY = {"model": "m", "messages": [{"role": "user", "content": "Grüße 🎭"}], "max_tokens": 5}


def openai_over(client: httpx2.AsyncClient) -> Any:
    return AsyncOpenAI(
        api_key=KEY, base_url="https://vendor.test/v1", http_client=client, max_retries=0
    )


def anthropic_over(client: httpx2.AsyncClient) -> Any:
    return AsyncAnthropic(
        api_key=KEY, base_url="https://vendor.test", http_client=client, max_retries=0
    )


def recording(
    asked: list[httpx2.Request], *answers: httpx2.Response
) -> Callable[[httpx2.Request], httpx2.Response]:
    waiting = list(answers)

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return waiting.pop(0) if waiting else httpx2.Response(200, json={})

    return answer


@pytest.mark.parametrize(
    ("sdk", "path"),
    [
        (openai_over, "/chat/completions"),
        (openai_over, "/responses"),
        (openai_over, "/embeddings"),
        (anthropic_over, "/v1/messages"),
    ],
)
async def test_every_request_is_the_one_that_the_sdk_would_send(sdk: Any, path: str) -> None:
    wanted: list[httpx2.Request] = []
    transport = httpx2.MockTransport(recording(wanted))
    theirs = sdk(httpx2.AsyncClient(transport=transport))
    await theirs.post(path, cast_to=httpx2.Response, body=BODY, stream=True, stream_cls=object)
    sent: list[httpx2.Request] = []
    line = Line(Wire(recording(sent)), sdk, KEY)
    for _ in range(2):  # the second is sent in the form that is known
        await (await line.open(path, BODY)).aclose()
    for request in sent:
        assert (request.method, str(request.url)) == ("POST", str(wanted[0].url))
        assert sorted(request.headers.multi_items()) == sorted(wanted[0].headers.multi_items())
        assert json.loads(request.content) == BODY
    await line.close()
    await theirs.close()


async def test_half_a_character_in_a_body_does_not_keep_it_from_being_sent() -> None:
    sent: list[httpx2.Request] = []
    line = Line(Wire(recording(sent)), openai_over, KEY)
    await (await line.open("/chat/completions", {"name": "a\ud83d"})).aclose()
    assert json.loads(sent[0].content) == {"name": "a?"}
    await line.close()


async def test_a_refusal_is_the_error_of_the_sdk_and_shows_it_no_key() -> None:
    said = {"error": {"type": "rate_limit_error", "message": "Slow down"}}
    headers = {"retry-after": "7", "request-id": "r-1", "x-echo": KEY}
    line = Line(
        Wire(recording([], httpx2.Response(429, json=said, headers=headers))), anthropic_over, KEY
    )
    with pytest.raises(RateLimitError) as refused:
        await line.open("/v1/messages", BODY)
    assert refused.value.body == said
    assert refused.value.request_id == "r-1"
    assert refused.value.response.headers["retry-after"] == "7"
    assert refused.value.response.headers["x-echo"] == "[key]"
    await line.close()


async def test_each_of_many_at_once_is_told_its_own_refusal() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        number = json.loads(request.content)["number"]
        return httpx2.Response(400, json={"error": {"message": f"no {number}"}})

    line = Line(Wire(answer), openai_over, KEY)

    async def told(number: int) -> str:
        with pytest.raises(Exception, match="Error code: 400") as refused:
            await line.open("/chat/completions", {"number": number})
        return str(refused.value.body["message"])  # type: ignore[attr-defined]

    assert await asyncio.gather(*map(told, range(30))) == [f"no {number}" for number in range(30)]
    await line.close()


async def test_a_refusal_without_end_is_read_only_as_far_as_anybody_reads() -> None:
    sent = 0

    class Endless(httpx2.AsyncByteStream):
        async def __aiter__(self) -> Any:
            nonlocal sent
            while True:
                sent += 1000
                yield b"x" * 1000

    line = Line(Wire(recording([], httpx2.Response(500, stream=Endless()))), openai_over, KEY)
    with pytest.raises(Exception, match="Error code: 500"):
        await line.open("/chat/completions", BODY)
    assert sent < 100_000
    await line.close()
