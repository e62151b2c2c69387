"""By which moment the days and months of money begin: the clock's, but none before its time has passed."""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from core.store.columns import now

# Goes on while the machine sleeps, and is never set.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def _passed() -> float:
    return time.clock_gettime(_STEADY)


class Calendar:
    """The moment in UTC by which one process caps money; called for it, by any thread. A clock that is set
    forward meanwhile opens no day, and so no cap anew, before the hours until then have passed; one that is
    set back is followed. What it says at the start is believed, since nothing else is known then."""

    def __init__(
        self, *, clock: Callable[[], datetime] = now, passed: Callable[[], float] = _passed
    ) -> None:
        self._clock = clock
        self._passed = passed
        self._lock = threading.Lock()
        self._zero = self._zero_now()
        """When the seconds that have passed were 0, by the earliest that the clock has told."""

    def __call__(self) -> datetime:
        with self._lock:
            self._zero = min(self._zero, self._zero_now())
            return self._zero + timedelta(seconds=self._passed())

    def _zero_now(self) -> datetime:
        return self._clock() - timedelta(seconds=self._passed())
