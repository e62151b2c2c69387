"""The next model when one does not answer: only before the first word, and said on the answer."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack

from core.errors import (
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
    refs: Sequence[str], ask: Callable[[str], AsyncIterator[ModelEvent]]
) -> AsyncGenerator[ModelEvent, None]:
    """The events of the first of these models that answers, each one asked when those before it
    could not; raises the error of the first when none does, with the others named in its hint.

    The next one is not asked when it could not help: the request was refused, or a cap would be
    passed.
    """
    failures: list[FootlightsError] = []
    for place, ref in enumerate(refs):
        spoken = False
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
        if not isinstance(failures[-1], _REASONS):
            break
        if place + 1 < len(refs):
            yield FellBack(ref, refs[place + 1], reason(failures[-1]))
    raise _first(failures, refs)


def _first(failures: Sequence[FootlightsError], refs: Sequence[str]) -> FootlightsError:
    first, *others = failures
    if others:
        tried = "; ".join(f"{ref}: {error}" for ref, error in zip(refs[1:], others, strict=False))
        first.hint = f"{first.hint} Asked instead, in vain: {tried}"
    return first
