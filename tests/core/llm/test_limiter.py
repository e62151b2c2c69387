"""The pace that vendors allow: in order, cancelled without a trace, learned from their headers."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import TooFast
from core.llm.limit_headers import seen_limits
from core.llm.limiter import Limiter
from core.llm.permit import Permit

REF = "openai:m"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


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
    return Limiter(clock=time.clock, sleep=time.sleep, now=lambda: NOW)


async def test_without_a_known_limit_nobody_waits(limiter: Limiter) -> None:
    for _ in range(1000):
        await limiter.acquire(REF, 10**6, deadline=0)
    assert limiter.state(REF).tokens is None


async def test_what_is_reserved_too_much_is_given_back_and_what_was_too_little_is_owed(
    limiter: Limiter,
) -> None:
    limiter.set(REF, tokens_per_minute=600)
    permit = await limiter.acquire(REF, 500, deadline=0)
    assert limiter.state(REF).tokens_left == 100
    permit.settle(200)
    permit.settle(0)  # once is all
    permit.cancel()
    assert limiter.state(REF).tokens_left == 400
    permit = await limiter.acquire(REF, 100, deadline=0)
    permit.settle(500)
    assert limiter.state(REF).tokens_left == -100
    assert limiter.wait(REF, 100) == 20


async def test_callers_are_served_in_the_order_in_which_they_came_small_ones_too(
    limiter: Limiter, time: Time
) -> None:
    limiter.set(REF, tokens_per_minute=60)
    await limiter.acquire(REF, 60, deadline=0)
    served: list[str] = []

    async def call(name: str, tokens: int) -> None:
        await limiter.acquire(REF, tokens, deadline=1000)
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
    limiter.set(REF, requests_per_minute=2)
    for _ in range(2):
        await limiter.acquire(REF, 1, deadline=0)
    waiting = asyncio.create_task(limiter.acquire(REF, 1, deadline=60))
    await time.run(0)
    with pytest.raises(TooFast, match="in 60 s") as refused:
        await limiter.acquire(REF, 1, deadline=59)
    assert refused.value.retry_after == 60
    assert limiter.state(REF).waiting == 1
    await time.run(30)
    await waiting


async def test_who_is_cancelled_leaves_his_place_and_takes_nothing(
    limiter: Limiter, time: Time
) -> None:
    limiter.set(REF, tokens_per_minute=60)
    await limiter.acquire(REF, 60, deadline=0)
    first = asyncio.create_task(limiter.acquire(REF, 60, deadline=1000))
    second = asyncio.create_task(limiter.acquire(REF, 30, deadline=1000))
    await time.run(10)
    first.cancel()
    await time.run(30)
    assert second.done()
    assert limiter.state(REF).waiting == 0
    assert limiter.state(REF).tokens_left == pytest.approx(0)


async def test_who_is_cancelled_in_the_moment_in_which_it_is_his_turn_takes_nothing(
    limiter: Limiter, time: Time
) -> None:
    limiter.set(REF, requests_per_minute=2, tokens_per_minute=60)
    running = await limiter.acquire(REF, 60)
    unlucky = asyncio.create_task(limiter.acquire(REF, 50))
    following = asyncio.create_task(limiter.acquire(REF, 60))
    await time.run(0)
    running.settle(0)
    assert limiter.state(REF).tokens_left == 10  # he was let through, and does not know it yet
    unlucky.cancel()
    await time.run(0)
    assert (unlucky.cancelled(), following.done()) == (True, True)
    assert (limiter.state(REF).tokens_left, limiter.state(REF).requests_left) == (0, 0)
    await following


async def test_a_call_larger_than_the_bucket_goes_when_it_is_full(
    limiter: Limiter, time: Time
) -> None:
    limiter.set(REF, tokens_per_minute=60)
    await limiter.acquire(REF, 1000, deadline=0)
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


async def test_what_a_call_gives_back_lets_the_next_one_go_before_its_time(
    limiter: Limiter, time: Time
) -> None:
    limiter.set(REF, tokens_per_minute=600)
    running = await limiter.acquire(REF, 600)
    waiting = asyncio.create_task(limiter.acquire(REF, 500, deadline=100))
    await time.run(1)
    assert not waiting.done()
    running.settle(10)
    await time.run(1)
    assert waiting.done()
    await waiting


async def test_a_call_that_was_not_sent_gives_its_place_back_too(limiter: Limiter) -> None:
    limiter.set(REF, requests_per_minute=1, tokens_per_minute=60)
    (await limiter.acquire(REF, 60, deadline=0)).cancel()
    (await limiter.acquire(REF, 60, deadline=0)).settle(0)
    assert limiter.state(REF).requests_left == 0
    assert limiter.state(REF).tokens_left == 60


async def test_a_pause_sends_those_in_line_away_who_cannot_wait_so_long(
    limiter: Limiter, time: Time
) -> None:
    limiter.set(REF, tokens_per_minute=60)
    await limiter.acquire(REF, 60)
    hasty = asyncio.create_task(limiter.acquire(REF, 30, deadline=60))
    patient = asyncio.create_task(limiter.acquire(REF, 30, deadline=600))
    await time.run(1)
    limiter.learn(REF, {"retry-after": "200"})
    await time.run(1)
    with pytest.raises(TooFast, match="in 200 s"):
        await hasty
    await time.run(200)
    assert not patient.done()
    await time.run(201)
    await patient


async def test_who_comes_behind_a_huge_call_is_told_the_whole_wait(
    limiter: Limiter, time: Time
) -> None:
    limiter.set(REF, tokens_per_minute=60)
    await limiter.acquire(REF, 60)
    huge = asyncio.create_task(limiter.acquire(REF, 1000))
    await time.run(0)
    assert limiter.wait(REF, 60) == 60 + 1000
    await time.run(60)
    await huge


async def test_absurd_usage_does_not_close_a_model_for_good(limiter: Limiter) -> None:
    limiter.set(REF, tokens_per_minute=60)
    (await limiter.acquire(REF, 60)).settle(10**12)
    assert limiter.wait(REF, 60) == 120
    (await limiter.acquire("openai:n", 60)).settle(-5)


async def test_a_call_let_through_before_a_limit_was_known_gives_nothing_back_to_it(
    limiter: Limiter,
) -> None:
    permit = await limiter.acquire(REF, 500)
    limiter.set(REF, tokens_per_minute=600)
    await limiter.acquire(REF, 600)
    permit.settle(0)
    assert limiter.state(REF).tokens_left == 0


async def test_a_limit_on_answers_alone_is_kept(limiter: Limiter) -> None:
    limiter.learn(
        REF,
        {
            "anthropic-ratelimit-tokens-limit": "90000",
            "anthropic-ratelimit-input-tokens-limit": "80000",
            "anthropic-ratelimit-output-tokens-limit": "10000",
            "anthropic-ratelimit-output-tokens-remaining": "4000",
            "anthropic-ratelimit-output-tokens-reset": "2026-11-23T09:00:36Z",
        },
    )
    assert limiter.wait(REF, 50_000, output=4_000) == 0
    assert limiter.wait(REF, 7_000, output=7_000) == pytest.approx(18)
    permit = await limiter.acquire(REF, 50_000, output=4_000)
    permit.settle(50_100, output=100)
    state = limiter.state(REF)
    assert (state.input_left, state.output_left) == (30_000, 3_900)


async def test_a_limit_for_longer_than_a_minute_is_known_by_its_reset_and_has_a_bound(
    limiter: Limiter,
) -> None:
    def learn(ref: str, reset: str) -> None:
        headers = {"limit": "60", "remaining": "0", "reset": reset}
        limiter.learn(ref, {f"x-ratelimit-{k}-requests": v for k, v in headers.items()})

    for ref, reset, wait in (
        ("a:slow", "6m0s", 6),
        ("a:usual", "1s", 1),
        ("a:day", "24h0m0s", 10),
        ("a:nonsense", "999999h", 1),
    ):
        learn(ref, reset)
        assert limiter.wait(ref, 1) == pytest.approx(wait), ref
    learn("a:slow", "20s")
    assert limiter.wait("a:slow", 1) == pytest.approx(1)
    # Moments are rounded to seconds: two of 600 missing for 7 s does not mean two in 7 s.
    fresh = {"limit": "600", "remaining": "598", "reset": "7s"}
    limiter.learn("a:b", {f"x-ratelimit-{k}-requests": v for k, v in fresh.items()})
    for _ in range(598):
        await limiter.acquire("a:b", 0, deadline=0)
    assert limiter.wait("a:b", 1) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1),
        ("6m0s", 360),
        ("120ms", 0.12),
        ("1h2m3.5s", 3723.5),
        ("12", 12),
        ("2026-11-23T09:01:00Z", 60),
        ("2026-11-23T10:00:30+01:00", 30),
        ("2020-01-01T00:00:00Z", 0),
        ("9999-12-31T23:59:59Z", None),
        ("25h", None),
        ("-5s", None),
        ("nan", None),
        ("1s1", None),
        ("9" * 400 + "s", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_reset_is_a_duration_or_a_moment_within_a_day(text: str, seconds: float | None) -> None:
    headers = {"x-ratelimit-limit-tokens": "10", "x-ratelimit-reset-tokens": text}
    [seen] = seen_limits(headers, NOW)
    assert seen.reset == (None if seconds is None else pytest.approx(seconds))


@given(
    values=st.lists(
        st.text(max_size=30)
        | st.integers(-1, 10**10).map(str)
        | st.integers(0, 10**6).map("{}h".format),
        min_size=7,
        max_size=7,
    )
)
def test_no_header_closes_a_model_for_longer_than_ten_minutes(values: list[str]) -> None:
    time = Time()
    limiter = Limiter(clock=time.clock, sleep=time.sleep, now=lambda: NOW)
    names = ("limit", "remaining", "reset")
    headers = {f"x-ratelimit-{name}-tokens": values[n] for n, name in enumerate(names)}
    headers |= {f"x-ratelimit-{name}-requests": values[3 + n] for n, name in enumerate(names)}
    limiter.learn(REF, {**headers, "retry-after": values[6]})
    assert limiter.wait(REF, 1) <= 600


async def test_the_state_can_be_looked_at_without_a_trace(limiter: Limiter, time: Time) -> None:
    assert limiter.state("openai:never-asked").waiting == 0
    assert limiter.wait("openai:never-asked", 10**9) == 0
    limiter.set(REF, tokens_per_minute=60)
    await limiter.acquire(REF, 60)
    limiter.pause(REF, 20)
    await time.run(10)
    looks = [limiter.state(REF) for _ in range(3)]
    assert [(look.tokens_left, look.pause) for look in looks] == [(10, 10)] * 3


CALLS = st.lists(
    st.tuples(
        st.integers(1, 90),  # tokens
        st.floats(0, 50),  # when it comes
        st.none() | st.floats(0, 60),  # how long after it is cancelled
        st.none() | st.integers(0, 120),  # what it comes to
        st.none() | st.floats(0, 90),  # how patient it is
    ),
    max_size=12,
)


class Crowd:
    """Calls that come and go at their times; notes who was let through, in which order."""

    def __init__(self, limiter: Limiter, time: Time) -> None:
        self.limiter, self.time = limiter, time
        self.came: list[int] = []
        self.served: list[tuple[float, int, int]] = []
        self.refused: list[float] = []
        self.late: list[float] = [0.0]

    async def one(
        self,
        number: int,
        tokens: int,
        comes: float,
        leaves: float | None,
        actual: int | None,
        patience: float | None,
    ) -> None:
        await self.time.sleep(comes)
        deadline = {} if patience is None else {"deadline": self.time.now + patience}
        self.came.append(number)
        asked = asyncio.create_task(self.limiter.acquire(REF, tokens, **deadline))
        asked.add_done_callback(lambda done: self._note(done, number, tokens, deadline))
        if leaves is not None:
            await self.time.sleep(leaves)
            asked.cancel()
        [result] = await asyncio.gather(asked, return_exceptions=True)
        if isinstance(result, Permit):
            result.settle(tokens if actual is None else actual)

    def _note(
        self, done: "asyncio.Task[Permit]", number: int, tokens: int, deadline: dict[str, float]
    ) -> None:
        if not done.cancelled() and done.exception() is None:
            self.served.append((self.time.now, number, tokens))
            self.late.append(self.time.now - deadline.get("deadline", self.time.now))
        elif not done.cancelled():
            self.refused.append(self.time.now)


@settings(max_examples=150, deadline=None)
@given(calls=CALLS, capacity=st.integers(10, 60), pause=st.none() | st.floats(0, 40))
async def test_whoever_comes_and_goes_the_order_is_kept_and_nothing_leaks(
    calls: list[Any], capacity: int, pause: float | None
) -> None:
    time = Time()
    limiter = Limiter(clock=time.clock, sleep=time.sleep, now=lambda: NOW)
    limiter.set(REF, requests_per_minute=30, tokens_per_minute=capacity)
    crowd = Crowd(limiter, time)
    before = asyncio.all_tasks()
    tasks = [asyncio.create_task(crowd.one(n, *call)) for n, call in enumerate(calls)]
    await time.run(20)
    alarms = asyncio.all_tasks() - before - set(tasks)
    assert len(alarms) <= len(calls) + 1  # at most one task for each caller, and one alarm
    if pause is not None:
        limiter.pause(REF, pause)
    await time.run(10**5)
    await asyncio.gather(*tasks)
    assert max(crowd.late) <= 0.11
    order = [number for _, number, _ in crowd.served]
    assert order == sorted(order, key=crowd.came.index)
    state = limiter.state(REF)
    assert (state.waiting, state.tokens_left, state.requests_left) == (0, capacity, 30)
    assert asyncio.all_tasks() == before  # no alarm is left behind


@settings(max_examples=60, deadline=None)
@given(
    calls=st.lists(st.tuples(st.integers(1, 90), st.booleans()), min_size=1, max_size=15),
    capacity=st.integers(10, 60),
)
async def test_no_minute_lets_through_more_than_the_bucket_and_a_minute_hold(
    calls: list[tuple[int, bool]], capacity: int
) -> None:
    time = Time()
    limiter = Limiter(clock=time.clock, sleep=time.sleep, now=lambda: NOW)
    limiter.set(REF, tokens_per_minute=capacity)
    served: list[tuple[float, int, int]] = []

    async def call(number: int, tokens: int) -> None:
        await limiter.acquire(REF, tokens, deadline=10**6)
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
