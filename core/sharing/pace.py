"""Paces: how often somebody may come, and how long whoever guesses has to wait."""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

_MOST_KEYS = 20_000


@dataclass(slots=True)
class Pace:
    """`burst` at once and `per_minute` in the long run, for each key; one process's own count."""

    per_minute: float
    burst: float
    clock: Callable[[], float] = time.monotonic
    _left: "OrderedDict[str, tuple[float, float]]" = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, key: str) -> float:
        """Seconds until the key may come again, 0 when it may now; nothing is taken."""
        with self._lock:
            return self._short(self._now(key))

    def take(self, key: str) -> float:
        """Take one when there is one; else the seconds until there is."""
        with self._lock:
            left = self._now(key)
            if short := self._short(left):
                return short
            self._left[key] = (left - 1, self.clock())
            self._left.move_to_end(key)
            while len(self._left) > _MOST_KEYS:
                self._left.popitem(last=False)
            return 0.0

    def _now(self, key: str) -> float:
        left, at = self._left.get(key, (self.burst, self.clock()))
        return min(self.burst, left + (self.clock() - at) * self.per_minute / 60)

    def _short(self, left: float) -> float:
        return 0.0 if left >= 1 else (1 - left) * 60 / self.per_minute


@dataclass(slots=True)
class Paces:
    """How often, for each address, visitor and link; counted by each process for itself."""

    entries: Pace = field(default_factory=lambda: Pace(per_minute=60, burst=60))
    guesses: Pace = field(default_factory=lambda: Pace(per_minute=2, burst=6))
    link_guesses: Pace = field(default_factory=lambda: Pace(per_minute=10, burst=30))
    link_entries: Pace = field(default_factory=lambda: Pace(per_minute=240, burst=240))
    address: Pace = field(default_factory=lambda: Pace(per_minute=120, burst=240))
    visitor: Pace = field(default_factory=lambda: Pace(per_minute=20, burst=20))
    link: Pace = field(default_factory=lambda: Pace(per_minute=600, burst=600))


def neighbourhood(address: str) -> str:
    """The address that is counted: of IPv6 the /64, which one household has to itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
