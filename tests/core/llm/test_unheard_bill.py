"""What a vendor bills though nobody heard it, or nobody asked for it: it is booked, and held to the cap."""

import json
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from core.errors import BudgetExceeded, FootlightsError, ModelMisbehaved, RateLimited, StreamCut
from core.events import TextDelta
from core.llm.client import LLMClient
from core.llm.retry import RetryPolicy
from core.trace import Trace
from core.types import ModelRequest, Usage, message
from tests.core.llm.conftest import anthropic_with, openai_with, streamed
from tests.core.llm.fault_cases import begin, say, stop, usage

SHORT = ModelRequest("m", (message("user", "Hello"),), 100)


class Book:
    """A meter that keeps what was settled and what was held; it pays for `most` tokens of an answer."""

    def __init__(self, most: int = 10**9) -> None:
        self.most = most
        self.settled: list[Usage] = []
        self.held: list[Usage] = []

    async def reserve(self, model: str, input_tokens: int, max_tokens: int) -> str:
        return "row"

    async def hold(self, row_id: str, model: str, worst: Usage) -> None:
        if worst.output_tokens > self.most:
            raise BudgetExceeded(
                "the cap is reached",
                scope="day",
                limit=Decimal(1),
                spent=Decimal(0),
                reserved=Decimal(1),
                renews_at=None,
            )
        self.held.append(worst)

    async def settle(self, row_id: str, model: str, usage: Usage) -> None:
        self.settled.append(usage)

    async def release(self, row_id: str) -> None:
        raise AssertionError("it was billed")


def sse(*events: Any) -> httpx2.Response:
    return streamed([b"data: " + json.dumps(each).encode() + b"\n\n" for each in events])


class World:
    """One client and one vendor, which answers the same to everything; words are tokens."""

    def __init__(self, provider: Any, book: Book | None = None, **options: Any) -> None:
        self.book = book or Book()
        self.heard = ""
        self._provider = provider
        once = RetryPolicy(attempts=1)
        options = {"count": lambda text, ref: len(text.split()), **options}
        self._client = LLMClient({provider.name: provider}, retry=once, **options)

    async def ask(self) -> None:
        ref = f"{self._provider.name}:m"
        stream = self._client.stream(ref, SHORT, meter=self.book, trace=Trace("t"), input_tokens=10)
        try:
            async for event in stream:
                self.heard += event.text if isinstance(event, TextDelta) else ""
        finally:
            await self._provider.close()


async def fails(world: World, error: type[FootlightsError]) -> Usage:
    with pytest.raises(error):
        await world.ask()
    [booked] = world.book.settled
    assert booked.source == "estimated"
    return booked


async def test_a_line_that_went_down_in_mid_answer_is_booked_as_if_the_vendor_wrote_on() -> None:
    seconds = 0.0

    async def down() -> None:
        nonlocal seconds
        seconds = 1.25  # since its last word; a second of it is nothing

    body = [b"data: " + json.dumps(each).encode() + b"\n\n" for each in say("Once ")]
    provider = openai_with(lambda _: streamed(body, ending=down))
    booked = await fails(World(provider, clock=lambda: seconds), StreamCut)
    assert booked.output_tokens == 2 + 64 + 75 - 41  # no more than was asked for


async def test_what_was_heard_of_a_cut_answer_is_counted_as_its_own_model_counts() -> None:
    body = [b"data: " + json.dumps(each).encode() + b"\n\n" for each in say("12-01")]
    by_digit = lambda text, ref: len(text) * 3 if ref == "openai:m" else 1  # noqa: E731
    cut = World(openai_with(lambda _: streamed(body)), count=by_digit, clock=lambda: 0.0)
    assert (await fails(cut, StreamCut)).output_tokens == 19 + 64


async def test_what_was_too_long_to_be_read_is_booked_as_long_as_it_was_asked_for() -> None:
    endless = openai_with(lambda _: sse(*say("word " * 10_000)))
    assert (await fails(World(endless), ModelMisbehaved)).output_tokens == 100
    whole = openai_with(lambda _: httpx2.Response(200, json={"choices": []}))
    assert (await fails(World(whole), FootlightsError)).output_tokens == 100


async def test_a_refusal_after_the_question_was_read_is_booked_for_the_reading() -> None:
    late = {"type": "error", "error": {"type": "rate_limit_error", "message": "slower"}}
    provider = anthropic_with(lambda _: sse(begin(5000), late))
    assert (await fails(World(provider), RateLimited)).input_tokens == 5000


# --- more than was asked for ------------------------------------------------------------------

LONG = say(*["many words "] * 150)


async def test_what_is_written_beyond_what_was_asked_for_is_held_while_it_comes() -> None:
    world = World(openai_with(lambda _: sse(*LONG, stop(), usage(10, 300))))
    await world.ask()
    assert world.heard == "many words " * 150
    assert max(each.output_tokens for each in world.book.held) >= 300
    assert len(world.book.held) < 5  # by steps, not for each word
    assert world.book.settled == [Usage(10, 300)]


async def test_an_answer_beyond_what_was_asked_for_breaks_off_where_the_cap_ends() -> None:
    world = World(openai_with(lambda _: sse(*LONG, stop(), usage(10, 300))), Book(most=250))
    booked = await fails(world, BudgetExceeded)
    held = max(each.output_tokens for each in world.book.held)
    assert len(world.heard.split()) <= booked.output_tokens <= held <= 250


async def test_a_broken_answer_is_booked_with_all_that_was_heard_of_it() -> None:
    booked = await fails(World(openai_with(lambda _: sse(*LONG))), StreamCut)
    assert booked.output_tokens == 300


async def test_an_answer_as_long_as_it_was_asked_for_is_not_held_again() -> None:
    world = World(openai_with(lambda _: sse(*say(*["word "] * 100), stop("length"))))
    await world.ask()
    assert world.book.held == []
