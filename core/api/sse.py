"""Server-sent events for readers who come back, are slow, fall silent or leave."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from typing import Any

from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from core.sharing.looking import looking_up
from core.turns.live import Recorded

HEARTBEAT_SECONDS = 15.0
STALLED_SECONDS = 60.0
PIECE_BYTES = 32 * 1024
BEAT = b": still here\n\n"
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
log = logging.getLogger(__name__)

Follow = Callable[[int], AsyncGenerator[list[Recorded], None]]
"""The events behind a number in batches, as they come, until the ending."""
Telling = Callable[[int], AsyncGenerator[list[tuple[int, dict[str, Any]]], None]]
"""What is told behind a number in batches, until the ending."""


class Stalled(Exception):
    """A reader who is connected and takes nothing."""


class EventStream(StreamingResponse):
    """A stream whose source is closed as soon as its reader has left, or has taken nothing for
    `stalled_seconds`; then, and in any case only once, `left` is called."""

    def __init__(
        self,
        source: AsyncGenerator[bytes, None],
        *,
        left: Callable[[], None] | None = None,
        stalled_seconds: float = STALLED_SECONDS,
    ) -> None:
        super().__init__(source, media_type="text/event-stream", headers=_HEADERS)
        self._source = source
        self._left = left
        self._stalled_seconds = stalled_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Not in the source: one that was never begun does not hear that it is closed.
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self._left:
                self._left()

    async def stream_response(self, send: Send) -> None:
        async def patient(message: Message) -> None:
            try:
                async with asyncio.timeout(self._stalled_seconds):
                    await send(message)
            except TimeoutError as error:
                raise Stalled from error

        async with aclosing(self._source):
            try:
                await super().stream_response(patient)
            except Stalled:
                # Cut off, it frees the turn that it follows; it may come back for the rest.
                log.info("a reader took nothing for %s s and was cut off", self._stalled_seconds)


async def beating(
    follow: Follow, after: int, seconds: float
) -> AsyncGenerator[list[Recorded] | None, None]:
    """The batches behind `after` until the ending, and None whenever none came for so many seconds."""
    while True:
        # A wait that is cut ends its source; as any number can be gone on from, nothing is lost.
        async with aclosing(follow(after)) as batches:
            while (batch := await _within(batches, seconds)) is not None:
                if not batch:
                    return
                yield batch
                after = batch[-1].seq
        yield None


async def _within(
    batches: AsyncGenerator[list[Recorded], None], seconds: float
) -> list[Recorded] | None:
    """The next batch, empty when there is no other, None when it did not come in time."""
    try:
        async with asyncio.timeout(seconds):
            return await anext(batches)
    except StopAsyncIteration:
        return []
    except TimeoutError:
        return None


async def frames(
    follow: Follow, after: int, heartbeat: float = HEARTBEAT_SECONDS
) -> AsyncGenerator[bytes, None]:
    """The events behind `after` as text/event-stream, with a comment when there is nothing to tell,
    so that no proxy gives up."""
    yield b"retry: 1000\n\n"
    async with aclosing(beating(follow, after, heartbeat)) as batches:
        async for batch in batches:
            for piece in (BEAT,) if batch is None else pieces(map(_frame, batch)):
                yield piece


def pieces(parts: Iterable[bytes], size: int = PIECE_BYTES) -> Iterator[bytes]:
    """The same bytes in pieces of at most `size`: what lies ready for one slow reader stays small."""
    held: list[bytes] = []
    length = 0
    for part in parts:
        held.append(part)
        length += len(part)
        if length >= size:
            whole = b"".join(held)
            held, length = [], 0
            yield from (whole[start : start + size] for start in range(0, len(whole), size))
    if held:
        yield b"".join(held)


def _frame(record: Recorded) -> bytes:
    return f"id: {record.seq}\nevent: {record.event.type}\ndata: {record.data}\n\n".encode()


async def told_frames(follow: Telling, after: int) -> AsyncGenerator[bytes, None]:
    """What a visitor is told behind `after` as text/event-stream."""
    yield b"retry: 1000\n\n"
    last = time.monotonic()
    async with aclosing(looking_up(follow(after), 1.0)) as batches:
        async for batch in batches:
            for seq, told in batch or ():
                data = json.dumps(told, ensure_ascii=False)
                yield f"id: {seq}\nevent: {told['type']}\ndata: {data}\n\n".encode()
            if batch or time.monotonic() - last > HEARTBEAT_SECONDS:
                last = time.monotonic()
                if not batch:
                    yield BEAT
