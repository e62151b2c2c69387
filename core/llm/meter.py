"""How a call is paid for, as far as the client needs to know."""

import asyncio
from typing import Protocol

from core.llm.attempt import Attempt
from core.types import Usage


class Meter(Protocol):
    """Where money is booked: one row per attempt, reserved before sending and always ended."""

    async def reserve(self, model: str, input_tokens: int, max_tokens: int) -> str:
        """Book the worst case; the id of the row. Raises when a cap does not allow it."""
        ...

    async def hold(self, row_id: str, model: str, worst: Usage) -> None:
        """Reserve for so many tokens instead, the vendor having read more than was counted. Raises when
        a cap does not allow it."""
        ...

    async def settle(self, row_id: str, model: str, usage: Usage) -> None:
        """Book what it came to; `usage.source` says whether the vendor reported it."""
        ...

    async def release(self, row_id: str) -> None:
        """Nothing can have been billed."""
        ...


async def given_back(reserving: asyncio.Task[str], meter: Meter) -> None:
    """Release what is being reserved, once it is: nothing will be sent for it."""
    await asyncio.wait({reserving})
    if not reserving.cancelled() and reserving.exception() is None:
        await meter.release(reserving.result())


async def book(one: Attempt, meter: Meter, row_id: str) -> None:
    """End the row of an attempt that is over."""
    usage = one.spent()
    if usage is None:
        await meter.release(row_id)
    else:
        await meter.settle(row_id, one.ref, usage)
