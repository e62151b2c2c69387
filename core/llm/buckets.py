"""Token buckets: what a vendor allows in a minute, and when there is enough of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.llm.limit_headers import LimitName, SeenLimit

# Less than this is an error of rounding; to wait for it might be to wait for ever.
CRUMB = 1e-6
_MINUTE = 60.0
# An empty bucket is taken to be full after ten minutes at most, whatever a header says: while nobody
# goes through, no response can correct it. Beyond that the vendor's own 429 holds us up.
_LONGEST_RESET = 600.0
_MOST = 10**9

Wants = Mapping[LimitName, float]


@dataclass(slots=True)
class Bucket:
    """Fills by `rate` a second; `level` may be below 0 when more was used than reserved."""

    capacity: float
    rate: float
    level: float
    at: float

    def level_at(self, now: float) -> float:
        """What is in it at that moment."""
        return min(self.capacity, self.level + max(0.0, now - self.at) * self.rate)

    def add(self, amount: float, now: float) -> None:
        """Put in, or take out when it is below 0."""
        self.level = min(self.capacity, self.level_at(now) + amount)
        self.at = max(self.at, now)


Buckets = dict[LimitName, Bucket]


def wants_of(tokens: float, output: float) -> dict[LimitName, float]:
    """What one call takes from each bucket; `output` of its tokens are for the answer."""
    return {
        "requests": 1.0,
        "tokens": tokens,
        "input": tokens - output,
        "output": output,
        "own_requests": 1.0,
        "own_tokens": tokens,
    }


def moment(buckets: Buckets, wants: Wants, now: float) -> float:
    """When there is enough in every bucket; `now` when there is already."""
    wait = 0.0
    for name, bucket in buckets.items():
        # A call larger than the bucket goes when it is full; else it could never go.
        missing = min(wants[name], bucket.capacity) - bucket.level_at(now)
        if missing > CRUMB:
            wait = max(wait, missing / bucket.rate)
    return now + wait


def take(buckets: Buckets, wants: Wants, now: float) -> None:
    """Take what a call wants, also what is not there."""
    for name, bucket in buckets.items():
        bucket.add(-wants[name], now)


def allow(buckets: Buckets, name: LimitName, capacity: float | None, now: float) -> None:
    """Let so much through in a minute; None, or what is no limit, changes nothing."""
    if capacity is None or not 0 < capacity <= _MOST:
        return
    bucket = buckets.get(name)
    if bucket is None:
        buckets[name] = Bucket(capacity, capacity / _MINUTE, capacity, now)
    elif bucket.capacity != capacity:
        level = min(bucket.level_at(now), capacity)
        buckets[name] = Bucket(capacity, capacity / _MINUTE, level, now)


def correct(bucket: Bucket, seen: SeenLimit, now: float) -> None:
    """Believe a vendor that says that less is left, or that it fills more slowly than in a minute."""
    if seen.left is None:
        return
    level = min(bucket.level_at(now), seen.left)
    if seen.reset is not None:
        usual, missing = bucket.capacity / _MINUTE, bucket.capacity - seen.left
        # Within a minute it says nothing new, and what is rounded to seconds would say too much.
        slow = seen.reset > _MINUTE and missing > 0
        rate = missing / seen.reset if slow else usual
        bucket.rate = min(max(rate, bucket.capacity / _LONGEST_RESET), usual)
    bucket.level, bucket.at = level, max(bucket.at, now)
