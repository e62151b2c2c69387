"""Trying again: only what is Transient, only before the first word, within a deadline."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception
from tenacity.wait import wait_exponential_jitter

from core.errors import (
    BudgetExceeded,
    FootlightsError,
    KeyRejected,
    Overloaded,
    ProviderError,
    QuotaSpent,
    RateLimited,
    Transient,
    Unreachable,
)
from core.events import ModelEvent, Progress


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently; seconds. A vendor that asks to wait longer than
    `longest_wait` is not waited for, and no wait, for whatever reason, ends after `total`."""

    attempts: int = 4
    first_wait: float = 1.0
    longest_wait: float = 30.0
    total: float = 120.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic


async def events_with_retry(
    open_stream: Callable[[], AsyncIterator[ModelEvent]],
    policy: RetryPolicy,
    began: float | None = None,
) -> AsyncGenerator[ModelEvent, None]:
    """The events of a fresh stream per attempt; every wait is shown as Progress before it begins.

    The last error rises as it was. What has begun to speak is never repeated. The total counts from
    `began` (on the policy's clock; None: from now); the first attempt is made in any case.
    """
    waits: list[float] = []
    failure: Transient | None = None
    async for attempt in _attempts(policy, waits, policy.clock() if began is None else began):
        state = attempt.retry_state
        if failure is not None:
            yield _waiting(failure, state.attempt_number, waits[-1], policy)
            await policy.sleep(waits[-1])
        spoken = False
        try:
            async with AsyncExitStack() as stack:
                events = open_stream()
                stack.push_async_callback(close_events, events)
                async for event in events:
                    spoken = spoken or not isinstance(event, Progress)
                    yield event
            return
        except Transient as error:
            if spoken:
                raise
            failure = error
            state.set_exception((type(error), error, error.__traceback__))


def _attempts(policy: RetryPolicy, waits: list[float], began: float) -> AsyncRetrying:
    backoff = wait_exponential_jitter(
        multiplier=policy.first_wait, max=policy.longest_wait, jitter=policy.first_wait
    )

    def wait(state: RetryCallState) -> float:
        # A little more than was asked for, so that not everybody comes back in the same moment.
        own = backoff(state)
        return max(own, (_asked(_error(state)) or 0.0) + 0.1 * own)

    def give_up(state: RetryCallState) -> bool:
        late = policy.clock() - began + state.upcoming_sleep > policy.total
        return late or state.attempt_number >= policy.attempts

    def worth_it(error: BaseException) -> bool:
        return isinstance(error, Transient) and (_asked(error) or 0.0) <= policy.longest_wait

    async def remember(seconds: float) -> None:
        # The wait is shown to the user first, and only then waited for: by the generator above.
        waits.append(seconds)

    return AsyncRetrying(
        sleep=remember,
        wait=wait,
        stop=give_up,
        retry=retry_if_exception(worth_it),
        reraise=True,
    )


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _asked(error: BaseException | None) -> float | None:
    return error.retry_after if isinstance(error, Transient) else None


def _waiting(failure: Transient, number: int, seconds: float, policy: RetryPolicy) -> Progress:
    again = f"trying again in {max(1, round(seconds))} s ({number} of {policy.attempts})"
    return Progress("retrying", f"{reason(failure)}: {again}", number, policy.attempts)


_REASONS: tuple[tuple[type[ProviderError], str], ...] = (
    (RateLimited, "asks for a slower pace"),
    (Overloaded, "is overloaded"),
    (Unreachable, "cannot be reached"),
    (Transient, "broke off before its first word"),
    (KeyRejected, "does not accept the key"),
    (QuotaSpent, "says that the account has no credit left"),
)


def reason(failure: FootlightsError) -> str:
    """Why somebody does not answer, in a few words, without what the vendor said about it."""
    if isinstance(failure, ProviderError):
        for kind, words in _REASONS:
            if isinstance(failure, kind):
                return f"{failure.provider} {words}"
    if isinstance(failure, BudgetExceeded):
        return str(failure).partition(":")[0]  # without what is spent and reserved at this moment
    return str(failure)


async def close_events(events: Any) -> None:
    """Close a stream now, and not when the garbage collector finds it."""
    close = getattr(events, "aclose", None)
    if close is not None:
        await close()
