"""The circuit breaker: a model that keeps failing is left alone for a while, then tried by one call."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from core.errors import (
    CircuitOpen,
    FootlightsError,
    Malformed,
    ProviderError,
    RateLimited,
    Transient,
)

State = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class BreakerState:
    """What is known of one model: `failures` in a row, `error` the last of them, or of its refusals
    since it last answered, in words, and in how many seconds it is tried again (0: it may be asked now)."""

    state: State
    failures: int = 0
    error: str = ""
    wait: float = 0.0


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    last_failure: float = 0.0
    error: str = ""
    open_until: float = 0.0
    pause: float = 0.0
    probing: bool = False


class Breaker:
    """Guards every model by its ref. Seconds: failures further apart than `window` do not add up;
    the pause doubles from `pause` to `longest` as long as the probes fail."""

    def __init__(
        self,
        *,
        failures: int = 5,
        window: float = 120.0,
        pause: float = 15.0,
        longest: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = failures
        self._window = window
        self._pause = pause
        self._longest = longest
        self._clock = clock
        self._circuits: dict[str, _Circuit] = {}

    @contextmanager
    def guard(self, ref: str) -> Iterator[None]:
        """Around one call; raises CircuitOpen instead of letting it begin. What the call raises, and
        how it ends, decides what becomes of the circuit."""
        circuit = self._circuits.setdefault(ref, _Circuit())
        probe = self._enter(ref, circuit)
        try:
            yield
        except FootlightsError as error:
            if isinstance(error, Transient) and not isinstance(error, RateLimited):
                self._failed(circuit, error, probe)
            elif isinstance(error, ProviderError) and not isinstance(error, Malformed):
                self._answered(circuit, probe)  # it refused us, so it is there
            if isinstance(error, ProviderError) and not circuit.failures:
                circuit.error = str(error)
            raise
        else:
            self._answered(circuit, probe)
        finally:
            if probe:
                circuit.probing = False  # also when the call was cancelled: the next one may try

    def state(self, ref: str) -> BreakerState:
        """How the model stands now."""
        circuit = self._circuits.get(ref)
        if circuit is None:
            return BreakerState("closed")
        wait = max(0.0, circuit.open_until - self._clock())
        state: State = "open" if wait else "half_open" if circuit.open_until else "closed"
        return BreakerState(state, circuit.failures, circuit.error, wait)

    def _enter(self, ref: str, circuit: _Circuit) -> bool:
        if not circuit.open_until:
            return False
        wait = circuit.open_until - self._clock()
        if wait <= 0 and not circuit.probing:
            circuit.probing = True
            return True
        when = f"in {wait:.0f} s" if wait > 0 else "now, by another call"
        raise CircuitOpen(
            f"{ref} failed {circuit.failures} times in a row ({circuit.error}) and is left alone; it "
            f"is tried again {when}",
            retry_after=max(0.0, wait),
        )

    def _failed(self, circuit: _Circuit, error: Transient, probe: bool) -> None:
        if circuit.open_until and not probe:
            return  # it began before the circuit opened: that many failed at once says nothing new
        now = self._clock()
        if now - circuit.last_failure > self._window and not probe:
            circuit.failures = 0
        circuit.failures += 1
        circuit.last_failure, circuit.error = now, str(error)
        if probe or circuit.failures >= self._most:
            doubled = circuit.pause * 2 if circuit.pause else self._pause
            circuit.pause = min(doubled, self._longest)
            circuit.open_until = now + circuit.pause

    def _answered(self, circuit: _Circuit, probe: bool) -> None:
        if circuit.open_until and not probe:
            return  # an answer that began before the circuit opened: only the probe closes it
        circuit.failures, circuit.open_until, circuit.pause, circuit.error = 0, 0.0, 0.0, ""
