"""Reading a source while looking up now and then."""

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

T = TypeVar("T")


async def looking_up(
    batches: AsyncGenerator[T, None], seconds: float
) -> AsyncGenerator[T | None, None]:
    """The batches, and None whenever none came for so many seconds; leaving it early ends the wait."""
    coming: asyncio.Task[T | None] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(_next(batches))
            done, _ = await asyncio.wait({coming}, timeout=seconds)
            if not done:
                yield None
                continue
            batch, coming = coming.result(), None
            if batch is None:
                return
            yield batch
    finally:
        if coming and not coming.done():
            coming.cancel()
            await asyncio.wait({coming})


async def _next(batches: AsyncGenerator[T, None]) -> T | None:
    return await anext(batches, None)
