"""Rate limits: requests and tokens a minute for each model, kept in order, learned from the vendor."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from core.errors import TooFast
from core.llm.buckets import CRUMB, Buckets, Wants, allow, correct, moment, take, wants_of
from core.llm.limit_headers import LimitName, seen_limits
from core.llm.permit import Permit
from core.llm.retry_after import retry_after

_LONGEST_PAUSE = 300.0
# Timers ring a little late: who stands in line is not sent away for that.
_LATE = 0.1


@dataclass(slots=True, eq=False)
class _Caller:
    wants: Wants
    deadline: float
    granted: "asyncio.Future[Permit]"


@dataclass(slots=True)
class _Lane:
    """One model: its buckets, and those who wait for them in the order in which they came."""

    ref: str
    buckets: Buckets = field(default_factory=dict)
    line: deque[_Caller] = field(default_factory=deque)
    paused_until: float = -math.inf
    alarm: "asyncio.Task[None] | None" = None

    def ahead(self, now: float) -> tuple[Buckets, float]:
        """Buckets to think ahead with, and when the first in line may go at the earliest."""
        copied = {name: replace(bucket) for name, bucket in self.buckets.items()}
        return copied, max(now, self.paused_until)


@dataclass(frozen=True, slots=True)
class LimitState:
    """What is allowed in a minute, by the vendor or by the user, and what is left of it, None where it is not known;
    `waiting` callers stand in line, and nobody is let through for `pause` seconds."""

    requests: float | None = None
    requests_left: float | None = None
    tokens: float | None = None
    tokens_left: float | None = None
    waiting: int = 0
    pause: float = 0.0
    input: float | None = None
    input_left: float | None = None
    output: float | None = None
    output_left: float | None = None


class Limiter:
    """Lets calls through at the pace that each model (by its ref) allows; one event loop. Only
    `state` may be asked from another thread."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._now = now
        self._lanes: dict[str, _Lane] = {}

    def set(
        self,
        ref: str,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
    ) -> None:
        """Allow so many a minute, and no more than the vendor does; None takes a limit away, and
        what can be none (not above 0, absurd) changes nothing."""
        lane = self._lane(ref)
        given: dict[LimitName, float | None] = {
            "own_requests": requests_per_minute,
            "own_tokens": tokens_per_minute,
        }
        for name, limit in given.items():
            if limit is None:
                lane.buckets.pop(name, None)
            else:
                allow(lane.buckets, name, limit, self._clock())
        self._serve(lane)

    def learn(self, ref: str, headers: Mapping[str, str]) -> None:
        """Take over what a vendor's response says of its limits; what cannot be true is passed over."""
        lane, now = self._lane(ref), self._now()
        for seen in seen_limits(headers, now):
            allow(lane.buckets, seen.name, seen.limit, self._clock())
            if (bucket := lane.buckets.get(seen.name)) is not None:
                correct(bucket, seen, self._clock())
        if seconds := retry_after(headers, now):
            self.pause(ref, seconds)
        self._serve(lane)

    def pause(self, ref: str, seconds: float) -> None:
        """Let nobody through for this long, as a vendor asked."""
        lane = self._lane(ref)
        if seconds > 0:  # also false for what is not a number
            until = self._clock() + min(seconds, _LONGEST_PAUSE)
            lane.paused_until = max(lane.paused_until, until)
            self._serve(lane)

    def wait(self, ref: str, tokens: float, *, output: float = 0.0) -> float:
        """How many seconds a call of so many tokens would stand in line now."""
        now = self._clock()
        lane = self._lanes.get(ref)
        return self._last(lane, wants_of(tokens, output), now) - now if lane else 0.0

    async def acquire(
        self, ref: str, tokens: float, *, output: float = 0.0, deadline: float = math.inf
    ) -> Permit:
        """Stand in line until a call of so many tokens, `output` of them for its answer, may go.

        Raises TooFast, at once, when the wait would end after `deadline` (on the limiter's clock);
        also in line, when a pause comes in between. A call that need not wait always goes.
        """
        lane, now = self._lane(ref), self._clock()
        wants = wants_of(tokens, output)
        at = self._last(lane, wants, now)
        if at > max(deadline, now) + CRUMB:
            raise _refusal(ref, at - now)
        caller = _Caller(wants, deadline, asyncio.get_running_loop().create_future())
        lane.line.append(caller)
        self._serve(lane)
        try:
            return await caller.granted
        except asyncio.CancelledError:
            if not caller.granted.cancelled() and caller.granted.exception() is None:
                caller.granted.result().cancel()  # let through in the moment of the cancellation
            self._serve(lane)
            raise

    def state(self, ref: str) -> LimitState:
        """What is known of the model's limits; changes nothing."""
        lane, now = self._lanes.get(ref), self._clock()
        if lane is None:
            return LimitState()
        found: dict[str, float] = {}
        for name, bucket in tuple(lane.buckets.items()):
            # Of the user's own limit and the vendor's the tighter one is told.
            for key, value in (
                (name.removeprefix("own_"), bucket.capacity),
                (f"{name.removeprefix('own_')}_left", bucket.level_at(now)),
            ):
                found[key] = min(value, found.get(key, value))
        pause = max(0.0, lane.paused_until - now)
        return LimitState(waiting=len(lane.line), pause=pause, **found)

    def _lane(self, ref: str) -> _Lane:
        return self._lanes.setdefault(ref, _Lane(ref))

    def _last(self, lane: _Lane, wants: Wants, now: float) -> float:
        """When a call may go that is last in line."""
        ahead, at = lane.ahead(now)
        for caller in lane.line:
            if not caller.granted.done():
                at = moment(ahead, caller.wants, at)
                take(ahead, caller.wants, at)
        return moment(ahead, wants, at)

    def _serve(self, lane: _Lane) -> None:
        """Let through whoever may go, send away who would wait too long, set the alarm for the next."""
        now = self._clock()
        ahead, at = lane.ahead(now)
        staying: deque[_Caller] = deque()
        next_at = at
        for caller in lane.line:
            if caller.granted.done():
                continue
            mine = moment(ahead, caller.wants, at)
            if mine > max(now, caller.deadline + _LATE):
                caller.granted.set_exception(_refusal(lane.ref, mine - now))
                continue
            at = mine
            take(ahead, caller.wants, at)
            if at <= now:
                caller.granted.set_result(self._permit(lane, caller.wants, now))
            else:
                next_at = next_at if staying else at
                staying.append(caller)
        lane.line = staying
        self._ring(lane, next_at - now if staying else None)

    def _permit(self, lane: _Lane, wants: Wants, now: float) -> Permit:
        take(lane.buckets, wants, now)

        def give(unused: Wants) -> None:
            for name, amount in unused.items():
                if (bucket := lane.buckets.get(name)) is not None:
                    # Absurd usage must not close the model for good: a debt of one bucket more at most.
                    bucket.add(max(amount, -bucket.capacity), self._clock())
            self._serve(lane)

        return Permit({name: wants[name] for name in lane.buckets}, give)

    def _ring(self, lane: _Lane, seconds: float | None) -> None:
        """Serve again after so many seconds, and not at any time that was set before."""
        if lane.alarm is not None:
            lane.alarm.cancel()
            lane.alarm = None
        if seconds is not None:
            lane.alarm = asyncio.get_running_loop().create_task(self._alarm(lane, seconds))

    async def _alarm(self, lane: _Lane, seconds: float) -> None:
        await self._sleep(seconds)
        lane.alarm = None  # it must not be cancelled by its own serving
        self._serve(lane)


def _refusal(ref: str, wait: float) -> TooFast:
    seconds = max(1, round(wait))
    return TooFast(
        f"{ref} allows no more for now: the next call can go in {seconds} s", retry_after=wait
    )
