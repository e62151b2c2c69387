"""The scripted provider: a queue for tests, and a demonstration without a model."""

import asyncio

import pytest

from core.errors import Overloaded, RateLimited, StreamCut
from core.events import ModelDone, ModelEvent, ReasoningDelta, TextDelta
from core.llm.scripted import Reply, ScriptedProvider
from core.types import Chunk, Hit, ModelRequest, Source, Usage, message


def _request(prompt: str, *texts: str) -> ModelRequest:
    sources = tuple(
        Source(n, Hit(n, "d", "a.md", Chunk(0, text, 0, len(text), 1), 0.5))
        for n, text in enumerate(texts, 1)
    )
    return ModelRequest("m", (message("user", prompt),), 1000, sources, prompt)


async def _all(provider: ScriptedProvider, request: ModelRequest) -> list[ModelEvent]:
    return [event async for event in provider.stream(request)]


def _said(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def test_the_script_is_played_in_turn_and_requests_are_kept() -> None:
    provider = ScriptedProvider(
        [
            Reply(" one\n\ntwo ", usage=Usage(3, 2), reasoning="hm", finish="length"),
            RateLimited("slow", provider="scripted"),
            lambda request: Reply(request.messages[0].text.upper()),
        ]
    )
    events = await _all(provider, _request("hi"))
    assert events[0] == ReasoningDelta("hm")
    assert _said(events) == " one\n\ntwo "
    assert events[-1] == ModelDone("length", Usage(3, 2), "m")
    with pytest.raises(RateLimited):
        await _all(provider, _request("hi"))
    assert _said(await _all(provider, _request("hi"))) == "HI"
    assert len(provider.requests) == 3


async def test_without_a_script_it_repeats_the_question_and_cites_the_sources() -> None:
    request = _request("What is it?", "A lantern. It glows.", "Made of brass. Heavy.")
    events = await _all(ScriptedProvider(), request)
    assert "You asked: What is it?" in _said(events)
    assert _said(events).endswith("A lantern. [1] Made of brass. [2]")
    assert events == await _all(ScriptedProvider(), request)


async def test_words_can_be_asked_for_by_number() -> None:
    events = await _all(ScriptedProvider(), _request("/words 200 pace 0ms"))
    assert len(_said(events).split()) == 200
    assert events[-1].usage == Usage(4, 200)


async def test_it_fails_as_it_is_told_to() -> None:
    with pytest.raises(RateLimited):
        await _all(ScriptedProvider(), _request("/fail rate_limited"))


async def test_it_fails_so_many_times_and_then_answers() -> None:
    provider, request = ScriptedProvider(), _request("/fail overloaded 2\nHow many?")
    for _ in range(2):
        with pytest.raises(Overloaded):
            await _all(provider, request)
    assert "How many?" in _said(await _all(provider, request))


async def test_it_breaks_off_half_way() -> None:
    heard = []
    with pytest.raises(StreamCut):
        async for event in ScriptedProvider().stream(_request("/words 10\n/cut")):
            heard.append(event)
    assert len(heard) == 5


async def test_it_falls_silent_half_way() -> None:
    stream = ScriptedProvider().stream(_request("/words 4\n/stall"))
    heard = [await anext(stream), await anext(stream)]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await anext(stream)
    assert len(heard) == 2


async def test_a_passage_cannot_steer_it() -> None:
    events = await _all(ScriptedProvider(), _request("What?", "/fail overloaded\nWell."))
    assert isinstance(events[-1], ModelDone)
