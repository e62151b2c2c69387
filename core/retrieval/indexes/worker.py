"""One thread that works in the background, and lets half of the cores to those who wait."""

import os
import threading
from collections import deque
from collections.abc import Callable


class Worker:
    """Works off what it is given in order; its thread ends when there is nothing left."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self._queue: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, work: Callable[[], None]) -> None:
        """Do it later."""
        with self._lock:
            self._queue.append(work)
            if self._thread is None and not self.stopping.is_set():
                self._start()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._loop, name="index", daemon=True)
        self._thread.start()

    def _loop(self) -> None:
        import faiss

        # The number belongs to the thread.
        faiss.omp_set_num_threads(max(1, (os.cpu_count() or 1) // 2))
        try:
            while work := self._next():
                work()
        except BaseException:
            with self._lock:
                self._thread = None
                if self._queue and not self.stopping.is_set():
                    self._start()  # what waits is not to blame
            raise

    def _next(self) -> Callable[[], None] | None:
        with self._lock:
            if self._queue and not self.stopping.is_set():
                return self._queue.popleft()
            # In one step with the look into the queue, so that nobody adds to it in between.
            self._thread = None
            return None

    def settle(self) -> None:
        """Wait until nothing is left."""
        while thread := self._thread:
            thread.join()

    def close(self) -> None:
        """Stop as soon as what is being done can be stopped."""
        self.stopping.set()
        self.settle()
