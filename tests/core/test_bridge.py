"""The bridge carries work between a thread, the one loop and another loop."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from core.bridge import Bridge, contained


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    made = Bridge()
    yield made
    made.close()


class Source:
    """Yields what it is given, and knows whether it was closed."""

    def __init__(self, count: int, gate: asyncio.Event | None = None) -> None:
        self.count = count
        self.gate = gate
        self.closed = threading.Event()

    async def items(self) -> AsyncIterator[int]:
        try:
            for number in range(self.count):
                yield number
            if self.gate:
                await self.gate.wait()
        finally:
            self.closed.set()


def test_a_thread_reads_an_async_source_as_a_plain_iterator(bridge: Bridge) -> None:
    assert list(bridge.iterate(Source(3).items(), 5)) == [0, 1, 2]


def test_a_reader_may_look_up_while_nothing_comes(bridge: Bridge) -> None:
    source = Source(1, asyncio.Event())
    seen = bridge.iterate(source.items(), 0.01)
    assert next(seen) == 0
    assert next(seen) is None
    assert not source.closed.is_set()
    seen.close()  # type: ignore[attr-defined]


def test_leaving_early_closes_a_source_that_is_waiting(bridge: Bridge) -> None:
    source = Source(1, asyncio.Event())
    seen = bridge.iterate(source.items(), 0.01)
    assert [next(seen), next(seen)] == [0, None]
    seen.close()  # type: ignore[attr-defined]
    assert source.closed.wait(60)


async def test_cancelling_the_wait_cancels_the_work(bridge: Bridge) -> None:
    began, cancelled = threading.Event(), threading.Event()

    async def work() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    waiting = asyncio.ensure_future(bridge.await_(work()))
    await asyncio.to_thread(began.wait, 60)
    waiting.cancel()
    assert await asyncio.to_thread(cancelled.wait, 60)


async def test_an_error_of_a_background_task_is_logged_and_returned(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken() -> None:
        raise ValueError("a bad file")

    failed = await contained(broken())
    assert isinstance(failed, ValueError)
    assert "a bad file" in caplog.text


async def test_what_fails_again_and_again_is_logged_once_a_minute(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(why: str) -> None:
        raise OSError(why)

    seconds = 1e9
    monkeypatch.setattr("core.bridge.time.monotonic", lambda: seconds)
    for _ in range(100):
        assert isinstance(await contained(fails("no room for it")), OSError)
    await contained(fails("nor for that"))
    seconds += 61
    await contained(fails("no room for it"))
    told = [str(each.exc_info[1]) for each in caplog.records if each.exc_info]
    assert told == ["no room for it", "nor for that", "no room for it"]


def test_closing_cancels_what_still_runs() -> None:
    bridge, ended = Bridge(), threading.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    bridge.submit(work())
    bridge.run(asyncio.sleep(0))
    bridge.close()
    assert ended.is_set()
