"""A model that keeps failing is left alone, and tried again by one call."""

import asyncio
from contextlib import AbstractContextManager, nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import (
    CircuitOpen,
    DeadlineExceeded,
    Malformed,
    Misuse,
    Overloaded,
    RateLimited,
    RequestRejected,
    StreamCut,
)
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
    assert (breaker.state(REF).failures, breaker.state(REF).error) == (0, str(error))
    fail(breaker, times=2)
    assert breaker.state(REF).state == "closed"
    succeed(breaker)
    assert breaker.state(REF).error == ""


def test_failures_that_are_far_apart_do_not_add_up(breaker: Breaker, clock: Clock) -> None:
    for _ in range(9):
        fail(breaker)
        clock.now += 61
    assert breaker.state(REF).state == "closed"


def begin(breaker: Breaker, times: int) -> list[AbstractContextManager[None]]:
    guards = [breaker.guard(REF) for _ in range(times)]
    for guard in guards:
        guard.__enter__()
    return guards


def end(guard: AbstractContextManager[None], error: BaseException | None = None) -> None:
    """End a call; a guard lets every error through."""
    with pytest.raises(type(error)) if error else nullcontext():
        if not guard.__exit__(type(error) if error else None, error, None) and error:
            raise error


def test_many_calls_that_fail_at_once_are_one_reason_for_one_pause(
    breaker: Breaker, clock: Clock
) -> None:
    for guard in begin(breaker, 10):
        end(guard, BUSY)
    state = breaker.state(REF)
    assert (state.state, state.failures, state.wait) == ("open", 3, 10)


def test_what_began_before_the_circuit_opened_neither_closes_it_nor_keeps_it_open(
    breaker: Breaker, clock: Clock
) -> None:
    long_answer, long_wait = begin(breaker, 2)
    fail(breaker, times=3)
    end(long_answer)
    assert breaker.state(REF).state == "open"
    clock.now += 10
    end(long_wait, BUSY)
    assert (breaker.state(REF).state, breaker.state(REF).wait) == ("half_open", 0)


def test_a_stream_that_breaks_off_in_the_middle_counts(breaker: Breaker) -> None:
    fail(breaker, StreamCut("cut", provider="openai"), times=3)
    assert breaker.state(REF).state == "open"


@pytest.mark.parametrize(
    "error",
    [
        Misuse("no"),
        DeadlineExceeded("late"),
        Malformed("a web page", provider="openai"),
        asyncio.CancelledError(),
        GeneratorExit(),
        ZeroDivisionError(),
    ],
)
def test_what_says_nothing_of_the_model_changes_nothing(
    breaker: Breaker, clock: Clock, error: BaseException
) -> None:
    fail(breaker, times=2)
    [guard] = begin(breaker, 1)
    end(guard, error)
    assert breaker.state(REF).failures == 2
    fail(breaker)
    clock.now += 10
    [probe] = begin(breaker, 1)
    end(probe, error)
    assert breaker.state(REF).state == "half_open"
    succeed(breaker)  # the place of the probe is free again


ENDS: dict[str, BaseException | None] = {
    "fail": BUSY,
    "slower": RateLimited("slower", provider="openai"),
    "cut": StreamCut("cut", provider="openai"),
    "cancel": asyncio.CancelledError(),
    "succeed": None,
}


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["begin", "wait", *ENDS]), st.integers(0, 5)), max_size=80
    )
)
def test_there_is_never_more_than_one_probe_and_no_pause_is_beyond_its_bounds(
    steps: list[tuple[str, int]],
) -> None:
    clock = Clock()
    breaker = Breaker(failures=2, window=60, pause=10, longest=35, clock=clock)
    running: list[tuple[AbstractContextManager[None], bool]] = []
    for step, which in steps:
        if step == "wait":
            clock.now += 7
        elif step == "begin":
            before = breaker.state(REF)
            try:
                [guard] = begin(breaker, 1)
            except CircuitOpen as refused:
                assert before.state == "open" or any(probe for _, probe in running)
                assert refused.retry_after == before.wait
                continue
            assert before.state != "open"
            running.append((guard, before.state == "half_open"))
        elif running:
            guard, _ = running.pop(which % len(running))
            end(guard, ENDS[step])
        assert sum(probe for _, probe in running) <= 1
        assert breaker.state(REF).wait <= 35
    for guard, _ in running:
        end(guard, asyncio.CancelledError())
    clock.now += 35
    [guard] = begin(breaker, 1)  # nothing holds the place of the probe
    end(guard)
    assert breaker.state(REF).state == "closed"
