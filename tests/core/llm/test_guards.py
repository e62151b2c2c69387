"""One call behind its guards: breaker, limiter, reservation, retry, provider, fallback."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import (
    BudgetExceeded,
    CircuitOpen,
    FootlightsError,
    KeyRejected,
    Overloaded,
    QuotaSpent,
    RateLimited,
    StreamCut,
    TooFast,
    Transient,
    Unreachable,
)
from core.events import (
    FellBack,
    ModelDone,
    ModelEvent,
    Progress,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    ToolCalled,
)
from core.llm.client import LLMClient
from core.llm.retry import RetryPolicy
from core.trace import Trace
from core.types import ModelRequest, ToolCall, Usage, message

REQUEST = ModelRequest("m", (message("user", "Hello"),), 100)
DONE = ModelDone("stop", Usage(40, 10), "m")
CALL = ToolCall("1", "search", '{"query": "footlights"}')
Step = ModelEvent | FootlightsError


class Vendor:
    """Plays one script per attempt; may tell its headers."""

    on_headers: Callable[[str, Mapping[str, str]], None] | None = None

    def __init__(self, name: str, *scripts: Sequence[Step], headers: Any = None) -> None:
        self.name = name
        self.scripts = list(scripts)
        self.headers = headers
        self.requests: list[ModelRequest] = []

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        self.requests.append(request)
        if self.headers and self.on_headers:
            self.on_headers(request.model, self.headers)
        for step in self.scripts.pop(0) if self.scripts else [DONE]:
            if isinstance(step, FootlightsError):
                raise step
            yield step

    async def close(self) -> None:
        """Nothing to give back."""


class Book:
    """A meter that keeps how each row ended, and refuses the models that are too dear."""

    def __init__(self, dear: str = "") -> None:
        self.rows: list[list[Any]] = []
        self._dear = dear

    async def reserve(self, model: str, input_tokens: int, max_tokens: int) -> str:
        if model == self._dear:
            cap = Decimal(1)
            raise BudgetExceeded(
                "the day is spent",
                scope="day",
                limit=cap,
                spent=cap,
                reserved=Decimal(0),
                renews_at=None,
            )
        self.rows.append([model])
        return str(len(self.rows) - 1)

    async def settle(self, row_id: str, model: str, usage: Usage) -> None:
        self.rows[int(row_id)].append(usage)

    async def release(self, row_id: str) -> None:
        self.rows[int(row_id)].append(None)


class World:
    """A client on a clock that only waiting moves."""

    def __init__(self, *vendors: Vendor, dear: str = "", **policy: Any) -> None:
        self.now = 0.0
        self.waits: list[float] = []
        self.book = Book(dear)
        retry = RetryPolicy(sleep=self._sleep, clock=lambda: self.now, **policy)
        self.client = LLMClient({vendor.name: vendor for vendor in vendors}, retry=retry)

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    async def ask(self, ref: str = "openai:m", **options: Any) -> list[ModelEvent]:
        self.heard: list[ModelEvent] = []
        stream = self.client.stream(
            ref, REQUEST, meter=self.book, trace=Trace("t"), input_tokens=40, **options
        )
        async for event in stream:
            self.heard.append(event)
        return self.heard


def busy(retry_after: float | None = None) -> Overloaded:
    said = "openai is overloaded or has a fault"
    return Overloaded(said, provider="openai", retry_after=retry_after)


def failing(times: int, retry_after: float | None = None) -> list[list[Step]]:
    return [[busy(retry_after)] for _ in range(times)]


async def test_a_wait_for_the_pace_is_said_once_before_it_begins() -> None:
    world = World(Vendor("openai"))
    world.client.limiter.set("openai:m", requests_per_minute=5)
    for _ in range(5):
        assert await world.ask() == [DONE]
    waiting = Progress("waiting", "openai allows the next call in 12 s")
    assert await world.ask() == [waiting, DONE]
    assert sum(world.waits) == pytest.approx(12)


async def test_the_pace_is_learned_from_headers_and_settled_with_the_real_usage() -> None:
    headers = {
        "x-ratelimit-limit-tokens": "6000",
        "x-ratelimit-remaining-tokens": "6000",
        "x-ratelimit-limit-requests": "60",
    }
    world = World(Vendor("openai", headers=headers))
    await world.ask()
    assert world.client.limiter.state("openai:m").tokens == 6000
    await world.ask()
    assert world.client.limiter.state("openai:m").tokens_left == 6000 - 50


async def test_a_vendor_that_asks_one_call_to_wait_lets_nobody_else_through() -> None:
    slow = RateLimited("slower", provider="openai", retry_after=200)
    world = World(Vendor("openai", [slow]))
    with pytest.raises(RateLimited):
        await world.ask()
    with pytest.raises(TooFast, match="in 200 s"):
        await world.ask()
    assert world.heard == []  # no wait is announced that is not waited for
    assert len(world.book.rows) == 1


async def test_a_call_that_a_cap_refuses_takes_nothing_of_the_pace() -> None:
    world = World(Vendor("openai"), dear="openai:m")
    world.client.limiter.set("openai:m", requests_per_minute=60, tokens_per_minute=6000)
    with pytest.raises(BudgetExceeded):
        await world.ask()
    state = world.client.limiter.state("openai:m")
    assert (state.requests_left, state.tokens_left) == (60, 6000)


async def test_the_total_counts_the_waits_for_the_pace_and_for_the_next_attempt_together() -> None:
    world = World(Vendor("openai", *failing(9)), total=75, attempts=9)
    world.client.limiter.set("openai:m", requests_per_minute=2)
    with pytest.raises(TooFast, match="the next call can go in") as refused:
        await world.ask()
    # Attempts at 0, 1 to 2, 30 and 60 s; the fifth could go at 90 s.
    assert len(world.book.rows) == 4
    assert world.now + (refused.value.retry_after or 0) == pytest.approx(90)
    assert world.now <= 75


async def test_the_total_is_one_for_all_models_of_a_chain() -> None:
    openai, anthropic = Vendor("openai", *failing(9, 20)), Vendor("anthropic", *failing(9, 20))
    world = World(openai, anthropic, total=30)
    with pytest.raises(Overloaded):
        await world.ask(fallbacks=[("anthropic:c", REQUEST)])
    assert (len(openai.requests), len(anthropic.requests)) == (2, 1)
    assert 20 <= world.now <= 21


async def test_a_fallback_is_asked_also_when_the_time_is_up_but_never_waited_for() -> None:
    world = World(Vendor("openai", *failing(20)), Vendor("anthropic"), attempts=9, total=20)
    events = await world.ask(fallbacks=[("anthropic:c", replace(REQUEST, model="c"))])
    assert events[-2:] == [FellBack("openai:m", "anthropic:c", "openai is overloaded"), DONE]
    world.now += 100
    world.client.limiter.set("anthropic:c", requests_per_minute=1)
    await world.client.limiter.acquire("anthropic:c", 0)
    with pytest.raises(Overloaded) as failed:
        await world.ask(fallbacks=[("anthropic:c", REQUEST)])
    assert "anthropic:c allows no more for now" in failed.value.hint


async def test_an_open_circuit_goes_to_the_next_model_without_asking_or_booking() -> None:
    openai, anthropic = Vendor("openai", *failing(5)), Vendor("anthropic")
    world = World(openai, anthropic, attempts=1)
    for _ in range(5):
        with pytest.raises(Overloaded):
            await world.ask()
    with pytest.raises(CircuitOpen, match=r"tried again in 15 s"):
        await world.ask()
    asked = replace(REQUEST, model="c", max_tokens=7)
    [fell, done] = await world.ask(fallbacks=[("anthropic:c", asked)])
    assert isinstance(fell, FellBack)
    assert "left alone" in fell.reason
    assert (done, anthropic.requests) == (DONE, [asked])
    assert [row[0] for row in world.book.rows] == ["openai:m"] * 5 + ["anthropic:c"]
    world.now += 15
    assert await world.ask(fallbacks=[("anthropic:c", asked)]) == [DONE]
    assert anthropic.requests == [asked]  # the first is asked again, and answers


async def test_a_cap_is_no_reason_for_another_model() -> None:
    world = World(Vendor("openai"), Vendor("anthropic"), dear="openai:m")
    with pytest.raises(BudgetExceeded):
        await world.ask(fallbacks=[("anthropic:c", REQUEST)])
    assert world.book.rows == []


@pytest.mark.parametrize(
    "said",
    [
        [ToolCalled(CALL)],
        [ToolCallDelta(0, id="1", name=CALL.name), ToolCallDelta(0, CALL.arguments)],
        [ToolCallDelta(0, CALL.arguments, "1", CALL.name), ToolCalled(CALL)],
    ],
)
async def test_a_tool_call_is_content_is_paid_for_and_is_counted_once(
    said: list[ModelEvent],
) -> None:
    refused = RateLimited("slower", provider="openai")
    world = World(Vendor("openai", [*said, refused]))
    with pytest.raises(RateLimited):
        await world.ask()
    assert world.heard == said  # not tried again: it would be called twice
    [[_, usage]] = world.book.rows
    thirds = -(-len(CALL.name + CALL.arguments) // 3)
    assert usage == Usage(50, -(-thirds * 5 // 4) + 64, source="estimated")


FAULTS = st.builds(
    lambda kind, after: (
        kind("it failed", provider="openai", retry_after=after)
        if issubclass(kind, Transient)
        else kind("it failed", provider="openai")
    ),
    st.sampled_from([Overloaded, RateLimited, Unreachable, StreamCut, KeyRejected, QuotaSpent]),
    st.none() | st.sampled_from([-1.0, 0.0, 3.0, 29.0, 31.0, 1e300, float("nan"), float("inf")]),
)
SAID = st.sampled_from(
    [Progress("reading", "."), TextDelta("a"), ReasoningDelta("b"), ToolCalled(CALL)]
)
SCRIPT = st.tuples(
    st.just([]) | st.lists(SAID, max_size=3), FAULTS | FAULTS | FAULTS | st.just(DONE)
).map(lambda parts: [*parts[0], parts[1]])


@settings(max_examples=300, deadline=None)
@given(
    scripts=st.lists(SCRIPT, min_size=6, max_size=6),
    others=st.lists(SCRIPT, min_size=6, max_size=6),
    attempts=st.integers(1, 5),
    total=st.sampled_from([0.0, 5.0, 40.0, 120.0]),
    pace=st.none() | st.integers(1, 10),
    leave=st.none() | st.integers(0, 4),
)
async def test_whatever_the_vendors_do_nothing_is_said_twice_and_every_attempt_is_booked_once(
    scripts: list[list[Step]],
    others: list[list[Step]],
    attempts: int,
    total: float,
    pace: int | None,
    leave: int | None,
) -> None:
    first, second = Vendor("openai", *scripts), Vendor("anthropic", *others)
    world = World(first, second, attempts=attempts, total=total)
    if pace is not None:
        world.client.limiter.set("openai:m", requests_per_minute=pace)
    stream = world.client.stream(
        "openai:m",
        REQUEST,
        meter=world.book,
        trace=Trace("t"),
        input_tokens=40,
        fallbacks=[("anthropic:c", REQUEST)],
    )
    heard: list[ModelEvent] = []
    try:
        async for event in stream:
            heard.append(event)
            if len(heard) == leave:
                break
    except FootlightsError:
        assert not any(isinstance(event, ModelDone) for event in heard)
    finally:
        await stream.aclose()
    assert len(first.requests) <= attempts
    assert len(second.requests) <= attempts
    assert [len(row) for row in world.book.rows] == [2] * (
        len(first.requests) + len(second.requests)
    )
    said = [event for event in heard if not isinstance(event, Progress | FellBack)]
    told = [script for vendor in (first, second) for script in _played(vendor, scripts, others)]
    spoken = [[each for each in script if _content(each)] for script in told]
    # All that was heard comes from one attempt, the last one that was made.
    assert said == (spoken[-1][: len(said)] if spoken else [])
    assert not any(spoken[:-1])
    assert all(0 <= seconds <= 33 for seconds in world.waits if pace is None)
    assert world.now <= total + 1e-3
    state = world.client.limiter.state("openai:m")
    assert state.waiting == 0


def _played(
    vendor: Vendor, scripts: list[list[Step]], others: list[list[Step]]
) -> list[list[Step]]:
    return (scripts if vendor.name == "openai" else others)[: len(vendor.requests)]


def _content(step: Step) -> bool:
    return not isinstance(step, Progress | FootlightsError)
