"""The three deadlines of one call: the first byte, the silence between contents, and the whole."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

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
        self._now = asyncio.get_running_loop().time
        self._end = self._now() + patience.total
        self._silence = patience.idle
        self._heard = self._now()

    async def first_byte(self, work: Awaitable[T]) -> T:
        """The response once it begins; raises Unreachable when it does not."""
        result = await self._until(self._now() + self._patience.first_byte, work, self._no_answer)
        self.heard()
        return result

    async def content(self, work: Awaitable[T]) -> T:
        """What comes next; raises StreamCut after too long a silence since `heard`."""
        return await self._until(self._heard + self._silence, work, self._fell_silent)

    def heard(self) -> None:
        """Content has come: the silence begins anew."""
        self._heard = self._now()

    def finishing(self) -> None:
        """The vendor said that it is done: only a moment is left for its last words."""
        self._silence = min(self._silence, _LAST_WORDS)

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
