"""One event loop on one long-lived thread, for callers that are not on it.

Streamlit's scripts are threads that come and go, and uvicorn has a loop of its own; the clients of
the vendors belong to the loop that made them. So everything asynchronous runs here, and callers
hand it over: a page with `run` and `iterate`, the API with `await_`.
"""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Generator
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

T = TypeVar("T")
KEPT = "kept"
"""The name of a task that is brought to its end also when the app ends: it writes what was paid for."""
log = logging.getLogger(__name__)
_AGAIN_SECONDS = 60.0


class Bridge:
    """An event loop that outlives every caller."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(
            target=self._serve, args=(ready,), name="footlights-loop", daemon=True
        )
        self._thread.start()
        ready.wait()

    def _serve(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.call_soon(ready.set)
        self.loop.run_forever()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start the work on the loop and return at once."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def run(self, work: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """The result of the work, waited for by this thread."""
        return self.submit(work).result(timeout)

    async def await_(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of the work, awaited from another loop; cancelling this cancels the work."""
        return await asyncio.wrap_future(self.submit(work))

    def iterate(
        self, items: AsyncIterator[T], idle_seconds: float
    ) -> Generator[T | None, None, None]:
        """The items as a plain iterator, and None whenever none came for `idle_seconds`, so that the
        caller can look up; leaving it early closes the source."""
        reader = _Reader(items)
        try:
            while not reader.ended:
                found = self.run(reader.next(idle_seconds))
                if not reader.ended:
                    yield found
        finally:
            self.run(reader.close())

    def close(self) -> None:
        """Cancel what still runs, then stop the loop and its thread."""
        if self.loop.is_closed():
            return
        self.run(_cancel_all())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class _Reader(Generic[T]):
    """Reads a source on the loop; a wait for the next item outlives a caller who only looked up."""

    def __init__(self, items: AsyncIterator[T]) -> None:
        self._items = items
        self._coming: asyncio.Task[T] | None = None
        self.ended = False

    async def next(self, idle_seconds: float) -> T | None:
        """The next item; None when none came in time, or when there are no more."""
        if self._coming is None:
            self._coming = asyncio.create_task(_anext(self._items))
        done, _ = await asyncio.wait({self._coming}, timeout=idle_seconds)
        if not done:
            return None
        coming, self._coming = self._coming, None
        try:
            return coming.result()
        except StopAsyncIteration:
            self.ended = True
            return None

    async def close(self) -> None:
        """End the wait, then the source: a generator that waits cannot be closed before."""
        if self._coming:
            self._coming.cancel()
            await asyncio.wait({self._coming})
        close = getattr(self._items, "aclose", None)
        if close is not None:
            await close()


async def _anext(items: AsyncIterator[T]) -> T:
    return await anext(items)


async def _cancel_all() -> None:
    mine = asyncio.current_task()
    # What is cancelled may leave something to be written behind.
    while others := [task for task in asyncio.all_tasks() if task is not mine]:
        for task in others:
            if task.get_name() != KEPT:
                task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class _Failures:
    """What failed in the background, each with its traceback once a minute: on a full disk the same is tried
    again ten times a second, and the log is on a disk, too."""

    def __init__(self) -> None:
        self._logged: dict[str, float] = {}

    def note(self, error: Exception) -> None:
        now = time.monotonic()
        self._logged = {key: at for key, at in self._logged.items() if now - at < _AGAIN_SECONDS}
        key = f"{type(error).__name__}: {error}"
        if key not in self._logged:
            self._logged[key] = now
            log.error("a background task failed", exc_info=error)


_failures = _Failures()


async def contained(work: Coroutine[Any, Any, None]) -> Exception | None:
    """Run the work of a background task; an error that nobody expected is logged with its traceback
    and returned, so that one bad file or turn never stops the loop that serves all others. The same
    again within a minute is not logged."""
    try:
        await work
    except Exception as error:
        _failures.note(error)
        return error
    return None
