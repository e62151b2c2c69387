"""A model that keeps failing is left alone, and tried again by one call."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import CircuitOpen, Overloaded, RateLimited, RequestRejected
from core.llm.breaker import Breaker

REF = "openai:m"
BUSY = Overloaded("it is overloaded", provider="openai")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def fail(breaker: Breaker, error: Exception = BUSY, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(type(error)), breaker.guard(REF):
            raise error


def succeed(breaker: Breaker) -> None:
    with breaker.guard(REF):
        pass


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(failures=3, window=60, pause=10, longest=35, clock=clock)


def test_after_three_failures_in_a_row_nobody_asks_until_the_pause_is_over(
    breaker: Breaker, clock: Clock
) -> None:
    fail(breaker, times=2)
    assert breaker.state(REF).state == "closed"
    fail(breaker)
    clock.now += 4
    with pytest.raises(
        CircuitOpen, match=r"failed 3 times.*overloaded.*tried again in 6 s"
    ) as open_:
        succeed(breaker)
    assert open_.value.retry_after == 6
    assert (breaker.state(REF).state, breaker.state(REF).wait) == ("open", 6)
    with breaker.guard("openai:another"):
        pass
    clock.now += 6
    assert breaker.state(REF).state == "half_open"
    succeed(breaker)
    assert breaker.state(REF).state == "closed"
    fail(breaker, times=2)
    succeed(breaker)


def test_the_pause_doubles_while_the_probes_fail_and_has_an_end(
    breaker: Breaker, clock: Clock
) -> None:
    fail(breaker, times=3)
    waits = []
    for _ in range(4):
        waits.append(breaker.state(REF).wait)
        clock.now += waits[-1]
        fail(breaker)
    assert waits == [10, 20, 35, 35]


def test_only_one_call_is_the_probe_and_one_that_was_cancelled_frees_its_place(
    breaker: Breaker, clock: Clock
) -> None:
    fail(breaker, times=3)
    clock.now += 10
    with breaker.guard(REF), pytest.raises(CircuitOpen, match="by another call"):
        succeed(breaker)
    fail(breaker, times=3)
    clock.now += 10
    with pytest.raises(asyncio.CancelledError), breaker.guard(REF):
        raise asyncio.CancelledError
    assert breaker.state(REF).state == "half_open"
    succeed(breaker)


@pytest.mark.parametrize(
    "error",
    [RateLimited("slower", provider="openai"), RequestRejected("no", provider="openai")],
)
def test_a_model_that_refuses_is_there(breaker: Breaker, error: Exception) -> None:
    fail(breaker, times=2)
    fail(breaker, error, times=10)
    fail(breaker, times=2)
    assert breaker.state(REF).state == "closed"


def test_failures_that_are_far_apart_do_not_add_up(breaker: Breaker, clock: Clock) -> None:
    for _ in range(9):
        fail(breaker)
        clock.now += 61
    assert breaker.state(REF).state == "closed"


@given(steps=st.lists(st.sampled_from(["begin", "fail", "succeed", "cancel", "wait"]), max_size=60))
def test_there_is_never_more_than_one_probe(steps: list[str]) -> None:
    clock = Clock()
    breaker = Breaker(failures=2, window=60, pause=10, clock=clock)
    running: list[tuple[object, bool]] = []
    for step in steps:
        if step == "wait":
            clock.now += 7
        elif step == "begin":
            guard = breaker.guard(REF)
            probing = breaker.state(REF).state == "half_open"
            try:
                guard.__enter__()
            except CircuitOpen:
                continue
            running.append((guard, probing))
        elif running:
            guard_, _ = running.pop()
            raised = {"fail": BUSY, "cancel": asyncio.CancelledError(), "succeed": None}[step]
            kind = type(raised) if raised else None
            with pytest.raises(kind) if kind else _nothing():
                if not guard_.__exit__(kind, raised, None) and raised:  # type: ignore[attr-defined]
                    raise raised
        assert sum(probing for _, probing in running) <= 1


def _nothing() -> object:
    from contextlib import nullcontext

    return nullcontext()
