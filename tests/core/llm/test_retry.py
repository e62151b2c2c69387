"""Trying again before the first word, and only then."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from core.errors import KeyRejected, Overloaded, QuotaSpent, RateLimited, StreamCut
from core.events import ModelDone, ModelEvent, Progress, TextDelta
from core.llm.retry import RetryPolicy, events_with_retry

DONE = ModelDone("stop", None, "m")
Step = ModelEvent | BaseException


class Vendor:
    """Plays one script per attempt, on a clock that only waiting moves."""

    def __init__(self, *scripts: Sequence[Step]) -> None:
        self.scripts = list(scripts)
        self.attempts = 0
        self.closed = 0
        self.waited: list[float] = []

    def policy(self, **options: Any) -> RetryPolicy:
        return RetryPolicy(sleep=self._sleep, clock=lambda: sum(self.waited), **options)

    async def _sleep(self, seconds: float) -> None:
        self.waited.append(seconds)

    async def open(self) -> AsyncIterator[ModelEvent]:
        self.attempts += 1
        try:
            for step in self.scripts.pop(0):
                if isinstance(step, BaseException):
                    raise step
                yield step
        finally:
            self.closed += 1

    async def run(self, **options: Any) -> list[ModelEvent]:
        return [event async for event in events_with_retry(self.open, self.policy(**options))]


def _busy(retry_after: float | None = None) -> Overloaded:
    return Overloaded("busy", provider="openai", retry_after=retry_after)


async def test_a_transient_fault_is_tried_again_and_every_wait_is_shown() -> None:
    vendor = Vendor([_busy()], [_busy()], [TextDelta("hello"), DONE])
    events = await vendor.run()
    assert events[-2:] == [TextDelta("hello"), DONE]
    waits = [event for event in events if isinstance(event, Progress)]
    assert [(wait.done, wait.total) for wait in waits] == [(2, 4), (3, 4)]
    assert waits[0].note.startswith("openai is overloaded: trying again in ")
    assert waits[0].note.endswith("s (2 of 4)")
    assert 1 <= vendor.waited[0] <= 2 <= vendor.waited[1] <= 3
    assert vendor.closed == 3


async def test_what_has_begun_to_speak_is_never_repeated() -> None:
    vendor = Vendor([TextDelta("Once"), StreamCut("cut", provider="openai")])
    with pytest.raises(StreamCut):
        await vendor.run()
    assert vendor.attempts == 1


async def test_progress_of_the_provider_is_no_word() -> None:
    reading = Progress("reading", "half")
    vendor = Vendor([reading, _busy()], [DONE])
    events = await vendor.run()
    assert events[0] == reading
    assert vendor.attempts == 2


@pytest.mark.parametrize(
    "error", [KeyRejected("k", provider="p"), QuotaSpent("q", provider="p"), ValueError("bug")]
)
async def test_what_would_fail_again_is_not_tried_again(error: Exception) -> None:
    vendor = Vendor([error])
    with pytest.raises(type(error)):
        await vendor.run()
    assert (vendor.attempts, vendor.waited) == (1, [])


async def test_the_last_error_rises_as_it_was() -> None:
    last = RateLimited("slow", provider="p")
    vendor = Vendor([_busy()], [_busy()], [_busy()], [last])
    with pytest.raises(RateLimited) as caught:
        await vendor.run()
    assert caught.value is last
    assert vendor.attempts == 4


async def test_the_vendors_own_delay_is_honoured() -> None:
    vendor = Vendor([_busy(retry_after=12)], [DONE])
    await vendor.run()
    assert 12 <= vendor.waited[0] <= 13


async def test_a_delay_beyond_our_patience_gives_up_at_once() -> None:
    vendor = Vendor([_busy(retry_after=86_400)])
    with pytest.raises(Overloaded):
        await vendor.run()
    assert vendor.waited == []


async def test_no_attempt_begins_after_the_total_deadline() -> None:
    vendor = Vendor(*([_busy(retry_after=25)] for _ in range(9)))
    with pytest.raises(Overloaded):
        await vendor.run(attempts=9, total=60)
    assert vendor.attempts == 3


async def test_leaving_early_closes_the_attempt() -> None:
    vendor = Vendor([TextDelta("a"), TextDelta("b"), DONE])
    events = events_with_retry(vendor.open, vendor.policy())
    await anext(events)
    await events.aclose()
    assert vendor.closed == 1
