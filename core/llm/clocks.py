"""The three deadlines of one call: the first byte, the silence between contents, and the whole."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from core.errors import DeadlineExceeded, FootlightsError, StreamCut, Unreachable
from core.llm.provider import Patience

T = TypeVar("T")

# After the finish reason only the usage is still to come; a server that never hangs up may not
# hold the answer back for longer than this.
_LAST_WORDS = 5.0


class Clocks:
    """Waits for a vendor, but not for ever; made when the call begins."""

    def __init__(self, patience: Patience, *, provider: str, model: str) -> None:
        self._patience = patience
        self._provider = provider
        self._model = model
        self._loop = asyncio.get_running_loop()
        self._now = self._loop.time
        self._end = self._now() + patience.total
        self._silence = patience.idle
        self._heard = self._now()
        self._waiting: asyncio.Task[Any] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._late = False

    async def first_byte(self, work: Awaitable[T]) -> T:
        """The response once it begins; raises Unreachable when it does not."""
        result = await self._until(self._now() + self._patience.first_byte, work, self._no_answer)
        self.heard()
        return result

    async def content(self, work: Awaitable[T]) -> T:
        """What comes next; raises StreamCut after too long a silence since `heard`."""
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline(), self._look)
        waiting = self._waiting = asyncio.current_task()
        assert waiting
        cancelled = waiting.cancelling()
        try:
            return await work
        except asyncio.CancelledError:
            if self._late and waiting.uncancel() <= cancelled:
                late = self._too_long if self._end <= self._now() else self._fell_silent
                raise late() from None
            raise
        finally:
            self._waiting = None

    def _deadline(self) -> float:
        return min(self._heard + self._silence, self._end)

    def _look(self) -> None:
        # One timer for the whole stream, set anew when it rings: one for each piece would cost
        # more than everything else that is done with it.
        self._timer = None
        if self._waiting is None:
            return  # the consumer is busy; the next wait sets it again
        if self._deadline() > self._now():
            self._timer = self._loop.call_at(self._deadline(), self._look)
        else:
            self._late = True
            self._waiting.cancel()

    def close(self) -> None:
        """Nothing is waited for any more."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def heard(self) -> None:
        """Content has come: the silence begins anew."""
        self._heard = self._now()

    def finishing(self) -> None:
        """The vendor said that it is done: only a moment is left for its last words."""
        if self._silence > _LAST_WORDS:
            self._silence = _LAST_WORDS
            self.close()  # it was set for later

    async def _until(
        self, moment: float, work: Awaitable[T], late: Callable[[], FootlightsError]
    ) -> T:
        try:
            async with asyncio.timeout_at(min(moment, self._end)) as scope:
                return await work
        except TimeoutError:
            if not scope.expired():
                raise
            raise (self._too_long() if self._end <= moment else late()) from None

    def _too_long(self) -> FootlightsError:
        return DeadlineExceeded(
            f"{self._provider} took longer than {self._patience.total:g} s for one answer."
        )

    def _no_answer(self) -> FootlightsError:
        return Unreachable(
            f"{self._provider} did not begin to answer within {self._patience.first_byte:g} s.",
            provider=self._provider,
            model=self._model,
        )

    def _fell_silent(self) -> FootlightsError:
        return StreamCut(
            f"{self._provider} fell silent for {self._patience.idle:g} s.",
            provider=self._provider,
            model=self._model,
            hint="Ask again, or choose another model.",
        )
