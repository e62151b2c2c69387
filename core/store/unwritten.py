"""What the database did not take and must not be lost: written when it can be again, in order."""

import threading
from collections import deque
from collections.abc import Callable

from core.lasting import NOT_NOW


class Unwritten:
    """The ends of calls that were paid for. Where the process ends first, what they had reserved is
    settled at its worst case, as after any crash."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()

    def write(self, work: Callable[[], None]) -> None:
        """Carry it out now, or as soon as the database takes it."""
        try:
            work()
        except NOT_NOW:
            self._waiting.append(work)

    def catch_up(self) -> None:
        """Carry out what waits, as far as the database takes it."""
        with self._lock:
            while self._waiting:
                try:
                    self._waiting[0]()
                except NOT_NOW:
                    return
                self._waiting.popleft()
