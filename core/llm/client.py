"""One call of a model, whole: every attempt is reserved, timed, told and settled."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from core.bridge import KEPT
from core.errors import BudgetExceeded, FootlightsError, Misuse, RateLimited, StreamCut
from core.events import ModelEvent, Progress
from core.llm import names
from core.llm.attempt import Attempt, Count
from core.llm.breaker import Breaker
from core.llm.call import Call
from core.llm.embeddings import EmbeddingCall, EmbeddingRequest, Matrix
from core.llm.fallback import first_that_answers
from core.llm.limiter import Limiter
from core.llm.meter import Meter, book, given_back
from core.llm.permit import Permit
from core.llm.provider import Provider
from core.llm.retry import RetryPolicy, close_events, events_with_retry
from core.trace import OpenSpan, Trace
from core.types import ModelRequest, Usage

T = TypeVar("T")
_OURS = ("scripted", "quotes", "local")


class LLMClient:
    """Asks the providers, by the part of a ref before the colon. `count` counts the tokens of a
    text for a ref where its vendor did not; without it three characters are taken for one."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        *,
        retry: RetryPolicy | None = None,
        count: Count | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._providers = providers
        self._retry = retry or RetryPolicy()
        self._count = count or _thirds
        self._clock = clock
        self.breaker = Breaker(clock=self._retry.clock)
        self.limiter = Limiter(clock=self._retry.clock, sleep=self._retry.sleep)
        self._booking: set[asyncio.Task[Any]] = set()

    async def stream(
        self,
        ref: str,
        request: ModelRequest,
        *,
        meter: Meter,
        trace: Trace,
        parent: OpenSpan | None = None,
        input_tokens: int,
        fallbacks: Sequence[tuple[str, ModelRequest]] = (),
        at_cap: tuple[str, ModelRequest] | None = None,
    ) -> AsyncGenerator[ModelEvent, None]:
        """The answer as it comes, ending with ModelDone, whose usage is never None.

        Raises core.errors. Leaving it early (`aclose`, cancellation) ends the vendor's work and
        books an estimate of what was said. `fallbacks` are asked in their order when the model does
        not answer at all; FellBack says so. No wait ends later than the policy's total after the
        beginning, whichever model it is for; the first attempt of a fallback is made in any case,
        if it need not wait. `at_cap` is asked when a cap refuses another, under the same caps.
        """
        requests = {ref: request, **{other: asked for other, asked in fallbacks if other != ref}}
        order, spare = list(requests), "" if at_cap is None or at_cap[0] == ref else at_cap[0]
        if at_cap is not None:
            requests.setdefault(*at_cap)
        began = self._retry.clock()
        call = Call(input_tokens, meter, trace, parent, began, began + self._retry.total)

        def ask(ref: str) -> AsyncGenerator[ModelEvent, None]:
            return self._guarded(ref, partial(Attempt, ref, requests[ref]), call)

        async with aclosing(first_that_answers(order, ask, spare)) as events:
            async for event in events:
                yield event

    async def embed(
        self, ref: str, request: EmbeddingRequest, *, meter: Meter, trace: Trace, input_tokens: int
    ) -> Matrix:
        """The vectors of the texts in their order, behind the same guards, limits and books as an
        answer. Raises core.errors."""
        began = self._retry.clock()
        call = Call(input_tokens, meter, trace, None, began, began + self._retry.total)
        asked = EmbeddingCall(self._provider(ref), request)
        one = partial(Attempt, ref, ModelRequest(request.model, (), 0))
        async with aclosing(self._guarded(ref, one, call, asked)) as events:
            async for _ in events:
                pass  # it says only that it waits, or is done
        return asked.vectors

    async def _guarded(
        self,
        ref: str,
        one: Callable[..., Attempt],
        call: Call,
        provider: Provider | None = None,
    ) -> AsyncGenerator[ModelEvent, None]:
        asked = provider or self._provider(ref)
        numbers = iter(range(1, self._retry.attempts + 1))

        def attempt() -> AsyncGenerator[ModelEvent, None]:
            this = one(next(numbers), call.input_tokens, self._count, self._clock)
            return self._paced(this, asked, call)

        async def pause(seconds: float) -> None:
            with call.waits("wait before trying again", f"{asked.name} did not answer."):
                await self._retry.sleep(seconds)

        policy = replace(self._retry, sleep=pause)
        # What is no vendor's cannot be overloaded, and its scripted faults are on purpose.
        guard = nullcontext() if asked.name in _OURS else self.breaker.guard(ref)
        with guard, call.of(ref) as call:
            async with aclosing(events_with_retry(attempt, policy, call.began)) as events:
                async for event in events:
                    yield event

    def _provider(self, ref: str) -> Provider:
        name = ref.partition(":")[0]
        provider = self._providers.get(name)
        if provider is None:
            raise Misuse(
                f"there is no provider {name!r} to ask for {ref!r}",
                hint="Enter its key on the Models page, or choose another model.",
            )
        if getattr(provider, "on_headers", self) is None:  # it can tell, and nobody listens yet
            limiter = self.limiter

            def learn(model: str, headers: Mapping[str, str]) -> None:
                limiter.learn(f"{name}:{model}", headers)

            provider.on_headers = learn  # type: ignore[attr-defined]
        return provider

    async def _paced(
        self, one: Attempt, provider: Provider, call: Call
    ) -> AsyncGenerator[ModelEvent, None]:
        output = max(one.request.max_tokens, 0)
        wanted = one.input_tokens + output
        wait = self.limiter.wait(one.ref, wanted, output=output)
        if wait >= 1 and self._retry.clock() + wait <= call.deadline:
            note = f"{provider.name} allows the next call in {wait:.0f} s"
            yield Progress("waiting", note)
        why = f"{provider.name} allows so many calls and tokens in a minute."
        with call.waits("wait for the pace", why) if wait > 0 else nullcontext():
            permit = await self.limiter.acquire(
                one.ref, wanted, output=output, deadline=call.deadline
            )
        try:
            async with aclosing(self._booked(one, provider, call)) as events:
                async for event in events:
                    yield event
        finally:
            _settle(permit, one)
            if isinstance(one.failure, RateLimited) and one.failure.retry_after:
                self.limiter.pause(one.ref, one.failure.retry_after)

    async def _booked(
        self, one: Attempt, provider: Provider, call: Call
    ) -> AsyncGenerator[ModelEvent, None]:
        row_id = await self._reserve(one, call.meter)
        try:
            opened = call.trace.span(f"ask {one.ref}", "model", parent=call.parent, **one.asked())
            with opened as span:
                span.set(**{names.LEDGER_ROW: row_id})
                try:
                    async with aclosing(_listen(one, provider)) as events:
                        async for event in events:
                            await self._hold(one, call.meter, row_id)
                            yield event
                finally:
                    span.set(**one.heard())
                    call.placed(span, one)
        finally:
            # The provider's stream is closed by now, so the vendor has stopped; the row is ended
            # even when whoever waits for this is cancelled once more.
            await asyncio.shield(self._keep(book(one, call.meter, row_id)))

    async def _reserve(self, one: Attempt, meter: Meter) -> str:
        task = self._keep(meter.reserve(one.ref, one.input_tokens, one.request.max_tokens))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            # The row may be written all the same; nothing will be sent for it. Whoever waits may be
            # cancelled once more.
            await asyncio.shield(self._keep(given_back(task, meter)))
            raise

    async def _hold(self, one: Attempt, meter: Meter, row_id: str) -> None:
        """Reserve for what the vendor says that it has read before it writes, and for what it writes beyond
        what was asked for, or break off."""
        if (worst := one.unheld()) is None:
            return
        try:
            await asyncio.shield(self._keep(meter.hold(row_id, one.ref, worst)))
        except BudgetExceeded as error:
            one.failure = error
            raise

    def _keep(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        # The loop itself holds tasks only weakly.
        task = asyncio.get_running_loop().create_task(work, name=KEPT)
        self._booking.add(task)
        task.add_done_callback(self._booking.discard)
        return task


async def _listen(one: Attempt, provider: Provider) -> AsyncGenerator[ModelEvent, None]:
    try:
        async with AsyncExitStack() as stack:
            one.sent_at = one.clock()
            events = provider.stream(one.request)
            one.counted = lambda: getattr(events, "counted", None)
            one.exchange = getattr(events, "exchange", None)
            stack.push_async_callback(close_events, events)
            async for event in events:
                yield one.hear(event)
        if one.done is None:
            raise StreamCut(
                f"{provider.name} ended without saying that it was done.",
                provider=provider.name,
                model=one.request.model,
            )
    except FootlightsError as error:
        one.failure = error
        raise
    finally:
        one.over_at = one.clock()


def _settle(permit: Permit, one: Attempt) -> None:
    if one.sent_at is None:
        permit.cancel()
        return
    usage = one.spent() or Usage()
    permit.settle(usage.input_tokens + usage.output_tokens, output=usage.output_tokens)


def _thirds(text: str, ref: str) -> int:
    # English has 4.5 characters a token, code 2.8: booked is rather too much than too little.
    return -(-len(text) // 3)
