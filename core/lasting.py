"""Work that goes on when the database does not: the disk is full, say, or its server is away."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from core.bridge import contained
from core.errors import DatabaseAway, DiskFull

NOT_NOW = (DiskFull, DatabaseAway)
"""What passes: the same is taken later."""


async def lasting(step: Callable[[], Coroutine[Any, Any, None]], pause: float) -> None:
    """Carry out the step again and again until cancelled; after one that failed, in so many seconds."""
    while True:
        if await contained(step()):
            await asyncio.sleep(pause)


async def taken(work: Callable[[], Any], pause: float) -> Exception | None:
    """Carry out the work in a thread, again every so many seconds while the database does not take it;
    what else it failed with."""
    failed = await contained(asyncio.to_thread(work))
    while isinstance(failed, NOT_NOW):
        await asyncio.sleep(pause)
        failed = await contained(asyncio.to_thread(work))
    return failed
