"""The pace that vendors allow: in order, cancelled without a trace, learned from their headers."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import TooFast
from core.llm.limiter import Limiter

REF = "openai:m"


class Time:
    """A clock that moves only when somebody sleeps, and wakes sleepers in the order of their time."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        event = asyncio.Event()
        self._sleepers.append((self.now + seconds, len(self._sleepers), event))
        await event.wait()

    async def run(self, until: float) -> None:
        """Let time pass, and whoever wakes do what he does."""
        while True:
            for _ in range(20):
                await asyncio.sleep(0)
            self._sleepers.sort(key=lambda each: each[:2])
            if not self._sleepers or self._sleepers[0][0] > until:
                self.now = until
                return
            moment, _, event = self._sleepers.pop(0)
            self.now = max(self.now, moment)
            event.set()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def limiter(time: Time) -> Limiter:
    return Limiter(clock=time.clock, sleep=time.sleep)


async def test_without_a_known_limit_nobody_waits(limiter: Limiter) -> None:
    for _ in range(1000):
        await limiter.acquire(REF, 10**6, longest=0)
    assert limiter.state(REF).tokens is None


async def test_what_is_reserved_too_much_is_given_back_and_what_was_too_little_is_owed(
    limiter: Limiter,
) -> None:
    limiter.set(REF, tokens=600)
    settle = await limiter.acquire(REF, 500, longest=0)
    assert limiter.state(REF).tokens_left == 100
    settle(200)
    assert limiter.state(REF).tokens_left == 400
    settle = await limiter.acquire(REF, 100, longest=0)
    settle(500)
    assert limiter.state(REF).tokens_left == -100
    assert limiter.wait(REF, 100) == 20


async def test_callers_are_served_in_the_order_in_which_they_came_small_ones_too(
    limiter: Limiter, time: Time
) -> None:
    limiter.set(REF, tokens=60)
    await limiter.acquire(REF, 60, longest=0)
    served: list[str] = []

    async def call(name: str, tokens: int) -> None:
        await limiter.acquire(REF, tokens, longest=1000)
        served.append(f"{name} at {time.now:.0f}")

    tasks = [
        asyncio.create_task(call(*each)) for each in (("large", 50), ("small", 1), ("next", 9))
    ]
    await time.run(1000)
    assert served == ["large at 50", "small at 51", "next at 60"]
    await asyncio.gather(*tasks)


async def test_a_wait_beyond_the_deadline_is_refused_at_once_with_the_time_to_come_back(
    limiter: Limiter, time: Time
) -> None:
    limiter.set(REF, requests=2)
    for _ in range(2):
        await limiter.acquire(REF, 1, longest=0)
    waiting = asyncio.create_task(limiter.acquire(REF, 1, longest=60))
    await time.run(0)
    with pytest.raises(TooFast, match="in 60 s") as refused:
        await limiter.acquire(REF, 1, longest=59)
    assert refused.value.retry_after == 60
    assert limiter.state(REF).waiting == 1
    await time.run(30)
    await waiting


async def test_who_is_cancelled_leaves_his_place_and_takes_nothing(
    limiter: Limiter, time: Time
) -> None:
    limiter.set(REF, tokens=60)
    await limiter.acquire(REF, 60, longest=0)
    first = asyncio.create_task(limiter.acquire(REF, 60, longest=1000))
    second = asyncio.create_task(limiter.acquire(REF, 30, longest=1000))
    await time.run(10)
    first.cancel()
    await time.run(30)
    assert second.done()
    assert limiter.state(REF).waiting == 0
    assert limiter.state(REF).tokens_left == pytest.approx(0)


async def test_a_call_larger_than_the_bucket_goes_when_it_is_full(
    limiter: Limiter, time: Time
) -> None:
    limiter.set(REF, tokens=60)
    await limiter.acquire(REF, 1000, longest=0)
    assert limiter.wait(REF, 60) == 1000


async def test_the_vendors_headers_are_believed_as_far_as_they_can_be_true(
    limiter: Limiter,
) -> None:
    limiter.learn(
        REF,
        {
            "x-ratelimit-limit-requests": "500",
            "x-ratelimit-remaining-requests": "3",
            "x-ratelimit-limit-tokens": "30000",
            "x-ratelimit-remaining-tokens": "15000",
        },
    )
    state = limiter.state(REF)
    assert (state.requests, state.requests_left) == (500, 3)
    assert (state.tokens, state.tokens_left) == (30_000, 15_000)
    for nonsense in ("-1", "nan", "inf", "1e30", "", "soon"):
        limiter.learn(REF, {"x-ratelimit-limit-tokens": nonsense})
        limiter.learn(REF, {"x-ratelimit-remaining-tokens": nonsense})
    assert limiter.state(REF).tokens_left == 15_000
    limiter.learn(
        "anthropic:c",
        {
            "anthropic-ratelimit-requests-limit": "50",
            "anthropic-ratelimit-requests-remaining": "0",
        },
    )
    assert limiter.wait("anthropic:c", 1) == pytest.approx(1.2)


async def test_a_pause_that_a_vendor_asks_for_holds_for_everybody_and_has_an_end(
    limiter: Limiter, time: Time
) -> None:
    limiter.pause(REF, 10)
    limiter.pause(REF, 5)
    assert limiter.wait(REF, 1) == 10
    limiter.pause(REF, 10**9)
    assert limiter.wait(REF, 1) == 300
    assert limiter.wait("openai:another", 1) == 0


@settings(max_examples=60, deadline=None)
@given(
    calls=st.lists(st.tuples(st.integers(1, 90), st.booleans()), min_size=1, max_size=15),
    capacity=st.integers(10, 60),
)
async def test_no_minute_lets_through_more_than_the_bucket_and_a_minute_hold(
    calls: list[tuple[int, bool]], capacity: int
) -> None:
    time = Time()
    limiter = Limiter(clock=time.clock, sleep=time.sleep)
    limiter.set(REF, tokens=capacity)
    served: list[tuple[float, int, int]] = []

    async def call(number: int, tokens: int) -> None:
        await limiter.acquire(REF, tokens, longest=10**6)
        served.append((time.now, number, tokens))

    tasks = [asyncio.create_task(call(n, tokens)) for n, (tokens, _) in enumerate(calls)]
    await time.run(0)
    cancelled = [n for n, (_, leaves) in enumerate(calls) if leaves and not tasks[n].done()]
    for number in cancelled:
        tasks[number].cancel()
    await time.run(10**6)
    assert limiter.state(REF).waiting == 0
    assert [number for _, number, _ in served] == [
        n for n in range(len(calls)) if n not in cancelled
    ]
    for start, _, _ in served:
        # One call may be larger than the bucket; it is owed by those who come after it.
        inside = [tokens for at, _, tokens in served if start <= at < start + 60 - 1e-6]
        assert sum(inside[:-1]) <= 2 * capacity + 1e-6
    await asyncio.gather(*tasks, return_exceptions=True)
