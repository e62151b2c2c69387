"""The next model when one does not answer: only before the first word, and said on the answer."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack

from core.errors import (
    BudgetExceeded,
    CircuitOpen,
    FootlightsError,
    KeyRejected,
    QuotaSpent,
    TooFast,
    Transient,
)
from core.events import FellBack, ModelEvent, Progress
from core.llm.retry import close_events, reason

_REASONS = (Transient, CircuitOpen, TooFast, KeyRejected, QuotaSpent)


async def first_that_answers(
    refs: Sequence[str], ask: Callable[[str], AsyncIterator[ModelEvent]], at_cap: str = ""
) -> AsyncGenerator[ModelEvent, None]:
    """The events of the first of these models that answers, each one asked when those before it
    could not; raises the error of the first when none does, with the others named in its hint.

    The next one is not asked when it could not help: the request was refused, or a cap would be
    passed. Then `at_cap` is asked, if there is one, once.
    """
    waiting, tried = list(refs), list[str]()
    failures: list[FootlightsError] = []
    while waiting:
        ref, spoken = waiting.pop(0), False
        try:
            async with AsyncExitStack() as stack:
                events = ask(ref)
                stack.push_async_callback(close_events, events)
                async for event in events:
                    spoken = spoken or not isinstance(event, Progress)
                    yield event
            return
        except FootlightsError as error:
            if spoken:
                raise
            failures.append(error)
            tried.append(ref)
        waiting = _next(failures[-1], waiting, "" if at_cap in tried else at_cap)
        if waiting:
            yield FellBack(ref, waiting[0], reason(failures[-1]))
    raise _first(failures, tried)


def _next(failure: FootlightsError, waiting: list[str], at_cap: str) -> list[str]:
    if isinstance(failure, BudgetExceeded):
        return [at_cap] if at_cap else []
    return waiting if isinstance(failure, _REASONS) else []


def _first(failures: Sequence[FootlightsError], tried: Sequence[str]) -> FootlightsError:
    first, *others = failures
    if others:
        vain = "; ".join(f"{ref}: {error}" for ref, error in zip(tried[1:], others, strict=True))
        first.hint = f"{first.hint} Asked instead, in vain: {vain}"
    return first
