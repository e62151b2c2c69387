"""The workers of the sandbox: a few, each behind a thread of its own, so that any event loop may ask and an
endless template does not hold up every other."""

import asyncio
import os
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from core.errors import Refused
from core.prompts.process import Worker, WorkerLost

SIZE = min(4, max(2, os.cpu_count() or 1))
MAX_WAITING = 64
"""Requests at once; beyond that they are refused instead of piling up."""
GRACE = 0.8
"""Seconds beyond its own, in which a worker tells where it was stopped; then it is killed."""
WAIT = 1.7
"""Seconds beyond those that a request may have waited for its turn: an endless template ends within five, also
when there are more of them than workers."""


class Pool:
    """Warm workers that are killed when they take too long; one that was is replaced at once."""

    def __init__(self, *, seconds: float, memory_mb: int, size: int, wait: float) -> None:
        self._desks = [_Desk(seconds, memory_mb) for _ in range(size)]
        self._patience = seconds + GRACE + wait
        self._lock = threading.Lock()
        self._closed = False

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer of a worker; Refused when there is none in time."""
        desk, answer = self._asked(request)
        try:
            return await asyncio.wrap_future(answer)
        finally:
            with self._lock:
                desk.waiting -= 1

    async def warm(self) -> None:
        """Start the workers; waits for the first, with which others can go on."""
        first, *_ = [desk.thread.submit(desk.ready) for desk in self._desks]
        await asyncio.wrap_future(first)

    def close(self) -> None:
        """End the workers; what is still asked is refused."""
        with self._lock:
            self._closed = True
        for desk in self._desks:
            desk.close()

    def _asked(self, request: dict[str, Any]) -> "tuple[_Desk, Future[dict[str, Any]]]":
        until = time.monotonic() + self._patience
        # In one step with the look at whether it is closed: a thread that was ended takes nothing more.
        with self._lock:
            if self._closed or sum(desk.waiting for desk in self._desks) >= MAX_WAITING:
                raise _busy()
            desk = min(self._desks, key=lambda each: each.waiting)
            answer = desk.thread.submit(desk.answer, request, until)
            desk.waiting += 1
            return desk, answer


class _Desk:
    """One worker and those who wait for it."""

    def __init__(self, seconds: float, memory_mb: int) -> None:
        self.waiting = 0
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="footlights-sandbox")
        self._seconds = seconds
        self._memory_mb = memory_mb
        self._worker: Worker | None = None
        self._closed = False

    def answer(self, request: dict[str, Any], until: float) -> dict[str, Any]:
        """The worker's, by that moment; Refused without one."""
        if time.monotonic() >= until:
            raise _busy()
        began = time.monotonic()
        try:
            worker = self.ready()
            left = until - began  # what a start takes is nobody's fault
            answer = worker.ask(request, min(self._seconds + GRACE, left))
        except WorkerLost as lost:
            self._replace()
            raise _lost("closed" if self._closed else lost.why, self._seconds) from None
        if answer.get("spent"):
            self._replace()
        return answer

    def ready(self) -> Worker:
        """The worker, started if need be; raises WorkerLost."""
        if self._closed:
            raise WorkerLost("closed")
        if self._worker is None or not self._worker.alive:
            if self._worker:
                self._worker.kill()
            self._worker = Worker(seconds=self._seconds, memory_mb=self._memory_mb)
        if self._closed:  # while it started: `close` may not have seen it
            self._worker.kill()
            raise WorkerLost("closed")
        return self._worker

    def close(self) -> None:
        """End the worker; whoever waits for its answer is refused."""
        if self._closed:
            return
        self._closed = True
        if worker := self._worker:
            worker.stop()  # whoever waits for its answer is refused and cleans up
        self.thread.shutdown(wait=True)
        if self._worker:
            self._worker.kill()

    def _replace(self) -> None:
        """End the worker, and start the next behind this answer, not before it."""
        if self._worker:  # also one that `close` has stopped and nobody waited for
            self._worker.kill()
        self._worker = None
        if not self._closed:
            with suppress(RuntimeError):  # it was closed between the two lines
                self.thread.submit(self.ready)


def _busy() -> Refused:
    return Refused("too many templates wait to be rendered", hint="Try again in a moment.")


def _lost(why: str, seconds: float) -> Refused:
    if why == "time":
        return Refused(
            f"the template took more than {seconds:g} s and was stopped",
            hint="Look for a loop in a loop, or for a text that grows with every step.",
        )
    if why == "closed":
        return Refused("the app is being stopped")
    return Refused(
        "the template broke the process in which it ran",
        hint="Make it simpler: fewer levels of nesting, shorter expressions.",
    )
