"""Rate limits: requests and tokens a minute for each model, kept in order, learned from the vendor."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from core.errors import TooFast

_MINUTE = 60.0
_LONGEST_PAUSE = 300.0
_MOST = 10**9
# Less than this is an error of rounding; to wait for it might be to wait for ever.
_CRUMB = 1e-6
# The vendors' names for what they allow and what is left of it. When it is whole again follows from
# the two, since both fill their buckets evenly.
_NAMES = (
    ("requests", "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests"),
    ("tokens", "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens"),
    ("requests", "anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-remaining"),
    ("tokens", "anthropic-ratelimit-tokens-limit", "anthropic-ratelimit-tokens-remaining"),
)


@dataclass(slots=True)
class _Bucket:
    """Fills by its capacity in a minute; `level` may be below 0 when more was used than reserved."""

    capacity: float
    level: float
    at: float

    def refill(self, now: float) -> None:
        filled = self.level + max(0.0, now - self.at) * self.capacity / _MINUTE
        self.level, self.at = min(self.capacity, filled), now


@dataclass(slots=True)
class _Lane:
    """One model: its buckets, and those who wait for them in the order in which they came."""

    buckets: dict[str, _Bucket] = field(default_factory=dict)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: list[dict[str, float]] = field(default_factory=list)
    paused_until: float = 0.0


@dataclass(frozen=True, slots=True)
class LimitState:
    """What a vendor allows in a minute and what is left of it, None where it is not known;
    `waiting` callers stand in line, and nobody is let through for `pause` seconds."""

    requests: float | None = None
    requests_left: float | None = None
    tokens: float | None = None
    tokens_left: float | None = None
    waiting: int = 0
    pause: float = 0.0


class Limiter:
    """Lets calls through at the pace that each model (by its ref) allows; one event loop."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lanes: dict[str, _Lane] = {}

    def set(self, ref: str, *, requests: float | None = None, tokens: float | None = None) -> None:
        """Allow so many requests and tokens a minute; None leaves that limit as it is."""
        lane, now = self._lane(ref), self._clock()
        for name, capacity in (("requests", requests), ("tokens", tokens)):
            if capacity is not None and 0 < capacity <= _MOST:
                bucket = lane.buckets.get(name)
                if bucket is None:
                    lane.buckets[name] = _Bucket(capacity, capacity, now)
                else:
                    bucket.refill(now)
                    bucket.capacity, bucket.level = capacity, min(bucket.level, capacity)

    def learn(self, ref: str, headers: Mapping[str, str]) -> None:
        """Take over what a vendor's response says of its limits; what cannot be true is passed over."""
        for name, limit, remaining in _NAMES:
            allowed, left = _number(headers.get(limit)), _number(headers.get(remaining))
            if allowed:
                self.set(ref, **{name: allowed})
            bucket = self._lane(ref).buckets.get(name)
            if bucket is not None and left is not None:
                bucket.refill(self._clock())
                bucket.level = min(bucket.level, left)

    def pause(self, ref: str, seconds: float) -> None:
        """Let nobody through for this long, as a vendor asked."""
        lane = self._lane(ref)
        bounded = min(max(seconds, 0.0), _LONGEST_PAUSE)
        lane.paused_until = max(lane.paused_until, self._clock() + bounded)

    def wait(self, ref: str, tokens: float) -> float:
        """How many seconds a call of so many tokens would stand in line now."""
        lane = self._lane(ref)
        return self._wait(lane, [*lane.waiting, {"requests": 1.0, "tokens": tokens}])

    async def acquire(self, ref: str, tokens: float, *, longest: float) -> Callable[[float], None]:
        """Stand in line until the call may go; what is returned is called with the tokens that it
        came to. Raises TooFast at once when the wait would be longer than `longest` seconds."""
        lane, mine = self._lane(ref), {"requests": 1.0, "tokens": float(tokens)}
        wait = self._wait(lane, [*lane.waiting, mine])
        if wait > longest:
            raise TooFast(
                f"{ref} allows no more for now: the next call can go in {wait:.0f} s",
                retry_after=wait,
            )
        lane.waiting.append(mine)
        try:
            async with lane.turn:  # an asyncio lock is given to those who wait in their order
                while (left := self._wait(lane, [mine])) > 0:
                    await self._sleep(left)
                for name, bucket in lane.buckets.items():
                    bucket.level -= mine[name]
        finally:
            lane.waiting = [each for each in lane.waiting if each is not mine]
        return lambda actual: self._settle(lane, tokens, actual)

    def state(self, ref: str) -> LimitState:
        """What is known of the model's limits."""
        lane, now = self._lane(ref), self._clock()
        for bucket in lane.buckets.values():
            bucket.refill(now)
        requests, tokens = lane.buckets.get("requests"), lane.buckets.get("tokens")
        return LimitState(
            requests.capacity if requests else None,
            requests.level if requests else None,
            tokens.capacity if tokens else None,
            tokens.level if tokens else None,
            len(lane.waiting),
            max(0.0, lane.paused_until - now),
        )

    def _lane(self, ref: str) -> _Lane:
        return self._lanes.setdefault(ref, _Lane())

    def _wait(self, lane: _Lane, calls: list[dict[str, float]]) -> float:
        now = self._clock()
        wait = max(0.0, lane.paused_until - now)
        for name, bucket in lane.buckets.items():
            bucket.refill(now)
            # A call larger than the bucket goes when it is full; else it could never go.
            wanted = sum(min(call[name], bucket.capacity) for call in calls)
            if (missing := wanted - bucket.level) > _CRUMB:
                wait = max(wait, missing * _MINUTE / bucket.capacity)
        return wait

    @staticmethod
    def _settle(lane: _Lane, reserved: float, actual: float) -> None:
        bucket = lane.buckets.get("tokens")
        if bucket is not None:
            bucket.level = min(bucket.capacity, bucket.level + reserved - max(0.0, actual))


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if 0 <= number <= _MOST else None
