"""The stream of a turn and its readers: who come back, are slow, never read, fall silent or leave."""

import asyncio
import gc
import json
import resource
import socket
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from core.api.sse import PIECE_BYTES, EventStream, beating, frames, pieces
from core.events import TextDelta, TurnDone, dump
from core.turns.live import LiveTurn, Recorded

SECONDS = 100.0
DONE = TurnDone("finished", "finished", "scripted", None, "0", 1.0, 0.1)


def recorded(seq: int, text: str = "word ") -> Recorded:
    event = TextDelta(text)
    return Recorded(seq, event, dump(event))


@pytest.fixture
def client(api: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=api, timeout=SECONDS, trust_env=False) as made:
        yield made


def ask(client: httpx2.Client, prompt: str) -> str:
    return str(client.post("/turns", json={"prompt": prompt}).json()["turn_id"])


def read(
    client: httpx2.Client, turn_id: str, last: int = 0, most: int | None = None
) -> list[dict[str, Any]]:
    """The events behind `last` as `{id, data}`; it leaves after `most` of them."""
    headers = {"Last-Event-ID": str(last)} if last else {}
    found: list[dict[str, Any]] = []
    number = 0
    with client.stream("GET", f"/turns/{turn_id}/events", headers=headers) as answer:
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if name == "id":
                number = int(value)
            elif name == "data":
                found.append({"id": number, "data": json.loads(value)})
                if len(found) == most:
                    break
    return found


def text(events: list[dict[str, Any]]) -> str:
    return "".join(e["data"]["text"] for e in events if e["data"]["type"] == "text_delta")


def until(holds: Callable[[], Any]) -> Any:
    """What it gives as soon as it is true; a test that waits too long fails by its time limit."""
    pause = threading.Event()
    while not (found := holds()):
        pause.wait(0.02)
    return found


def opened(api: str, turn_id: str, receive_buffer: int | None = None) -> socket.socket:
    """A connection that asked for the events and has not read yet."""
    at = urlsplit(api)
    connection = socket.socket()
    connection.settimeout(SECONDS)
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.connect((at.hostname, at.port))
    connection.sendall(
        f"GET /turns/{turn_id}/events HTTP/1.1\r\nHost: {at.netloc}\r\n\r\n".encode()
    )
    return connection


# --- who come back ----------------------------------------------------------------------------


def test_a_reader_who_loses_the_connection_again_and_again_misses_and_repeats_nothing(
    client: httpx2.Client,
) -> None:
    turn_id = ask(client, "/words 300 pace 2ms")
    seen: list[dict[str, Any]] = []
    while not seen or seen[-1]["data"]["type"] != "turn_done":
        seen += read(client, turn_id, last=seen[-1]["id"] if seen else 0, most=3)
    assert [event["id"] for event in seen] == list(range(1, len(seen) + 1))
    assert len(text(seen).split()) == 300
    assert seen == read(client, turn_id)


def test_whoever_comes_back_after_the_end_gets_the_rest_and_then_the_stream_ends(
    client: httpx2.Client,
) -> None:
    turn_id = ask(client, "/words 20")
    whole = read(client, turn_id)
    for last in range(len(whole) + 1):
        assert read(client, turn_id, last=last) == whole[last:]
    assert read(client, turn_id, last=len(whole) + 1_000) == []


def test_a_long_turn_that_is_over_is_read_in_parts_and_whole(
    bench: Any, client: httpx2.Client
) -> None:
    turn_id = ask(client, "/words 3")
    read(client, turn_id)
    rows = [("local", turn_id, seq, recorded(seq).data) for seq in range(100, 1_700)]
    from core.store.engine import insert, writing
    from core.store.tables import turn_events

    with writing(bench.engine) as connection:
        values = [
            {"user_id": user, "turn_id": turn, "seq": seq, "data": data}
            for user, turn, seq, data in rows
        ]
        connection.execute(insert(connection, turn_events), values)
    seen = read(client, turn_id, last=99)
    assert [event["id"] for event in seen] == list(range(100, 1_700))


# --- silence ----------------------------------------------------------------------------------


def test_silence_is_filled_with_comments_and_nothing_is_lost(
    client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.api.turns.HEARTBEAT_SECONDS", 0.01)
    turn_id = ask(client, "/stall 500ms\n/words 10")
    with client.stream("GET", f"/turns/{turn_id}/events") as answer:
        body = answer.read().decode()
    assert body.startswith("retry: 1000\n\n")
    assert body.count(": still here\n\n") >= 3
    frames = [block for block in body.split("\n\n") if block.startswith("id: ")]
    assert [int(block.split()[1]) for block in frames] == list(range(1, len(frames) + 1))
    assert read(client, turn_id)[-1]["data"]["type"] == "turn_done"


async def test_a_beat_comes_for_every_wait_and_the_source_goes_on_where_it_was() -> None:
    live = LiveTurn("local", "t", "c")

    async def follow(after: int) -> AsyncGenerator[list[Recorded], None]:
        while batch := await live.after(after):
            yield batch
            after = batch[-1].seq

    source = frames(follow, 0, 0.01)
    assert await anext(source) == b"retry: 1000\n\n"
    live.publish(TextDelta("one"))
    assert (await anext(source)).startswith(b"id: 1\n")
    assert [await anext(source) for _ in range(3)] == [b": still here\n\n"] * 3
    live.end(live.last(DONE))
    assert (await anext(source)).startswith(b"id: 2\nevent: turn_done\n")
    assert [piece async for piece in source] == []


async def test_an_error_of_the_source_is_not_taken_for_silence() -> None:
    async def follow(after: int) -> AsyncGenerator[list[Recorded], None]:
        yield [recorded(after + 1)]
        raise OSError("the disk is gone")

    batches = beating(follow, 0, SECONDS)
    assert await anext(batches)
    with pytest.raises(OSError, match="the disk is gone"):
        await anext(batches)


# --- who are slow, or never read --------------------------------------------------------------


@given(
    st.lists(st.binary(max_size=50), max_size=30),
    st.integers(min_value=1, max_value=64),
)
def test_pieces_are_the_same_bytes_and_none_is_larger_than_it_may_be(
    parts: list[bytes], size: int
) -> None:
    cut = list(pieces(iter(parts), size))
    assert b"".join(cut) == b"".join(parts)
    assert all(len(piece) <= size for piece in cut)


def test_pieces_are_made_one_by_one() -> None:
    taken = []

    def endless() -> Iterator[bytes]:
        while True:
            taken.append(1)
            yield b"x" * 1_000

    assert len(next(pieces(endless()))) == PIECE_BYTES
    assert len(taken) < 2 + PIECE_BYTES // 1_000


def test_a_hundred_readers_who_do_not_read_do_not_grow_the_process(
    bench: Any, api: str, client: httpx2.Client
) -> None:
    """A turn of 12 MB, held once; a hundred copies of it would be 1,200 MB."""
    turn_id = ask(client, "/words 2")
    read(client, turn_id)
    live = LiveTurn("local", turn_id, "c")

    async def speak() -> None:
        for _ in range(3_000):
            live.publish(TextDelta("x" * 4_000))
            live.flush()

    bench.bridge.run(speak())
    alone, before = sys.getrefcount(live) + 1, resident()
    bench.turns._live["local", turn_id] = live  # it runs for as long as we look
    readers = [opened(api, turn_id, receive_buffer=4_096) for _ in range(100)]
    until(lambda: sys.getrefcount(live) >= alone + 100)  # everyone has a hold on it
    grown = resident() - before
    print(f"100 readers who do not read: {grown / 2**20:.1f} MB")
    quick = read(client, turn_id, most=3_000)
    for reader in readers:
        reader.close()
    until(lambda: holds_on(live) <= alone)
    live.end(live.last(DONE))
    del bench.turns._live["local", turn_id]
    assert len(quick) == 3_000  # one who reads is not held up by those who do not
    assert grown < 60 * 2**20


def holds_on(live: LiveTurn) -> int:
    """How many things hold the turn, without what a cancelled task's traceback still points at."""
    gc.collect()
    return sys.getrefcount(live) - 1  # not this call


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


async def test_a_reader_who_takes_nothing_is_cut_off_and_frees_the_turn() -> None:
    closed = []

    async def source() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"more"
        finally:
            closed.append("source")

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()  # as uvicorn waits for a full connection

    stream = EventStream(source(), left=lambda: closed.append("left"), stalled_seconds=0.02)
    await stream({"type": "http"}, asyncio.Event().wait, send)  # type: ignore[arg-type]
    assert closed == ["source", "left"]


# --- who leave --------------------------------------------------------------------------------


async def test_the_source_is_closed_when_its_reader_leaves_wherever_it_stands() -> None:
    for stands_in in ("source", "send"):
        closed: list[str] = []
        reached = asyncio.Event()

        async def source(
            at: str, closed: list[str], reached: asyncio.Event
        ) -> AsyncGenerator[bytes, None]:
            try:
                yield b"first"
                reached.set()
                if at == "source":
                    await asyncio.Event().wait()
                yield b"second"
            finally:
                closed.append("source")

        async def send(message: Message, at: str = stands_in) -> None:
            if message.get("body") == b"second" and at == "send":
                await asyncio.Event().wait()

        async def receive(reached: asyncio.Event = reached) -> Message:
            await reached.wait()
            return {"type": "http.disconnect"}

        made = source(stands_in, closed, reached)
        stream = EventStream(made, left=lambda closed=closed: closed.append("left"))  # type: ignore[misc]
        await asyncio.wait_for(stream({"type": "http"}, receive, send), SECONDS)
        assert closed == ["source", "left"]


async def test_a_reader_who_left_before_the_first_byte_is_told_of_too() -> None:
    left = []

    async def source() -> AsyncGenerator[bytes, None]:
        yield b"never read"

    async def send(message: Message) -> None:
        raise OSError("gone")

    stream = EventStream(source(), left=lambda: left.append(1))
    with suppress(Exception):
        await stream({"type": "http", "asgi": {"spec_version": "2.4"}}, asyncio.Event().wait, send)  # type: ignore[arg-type]
    assert left == [1]


def test_readers_who_leave_free_everything_and_the_turn_goes_on(
    bench: Any, api: str, client: httpx2.Client
) -> None:
    turn_id = ask(client, "/words 1 \n/stall")
    live = until(lambda: bench.turns._live.get(("local", turn_id)))
    alone = sys.getrefcount(live)
    readers = [opened(api, turn_id) for _ in range(50)]
    until(lambda: len(live._waiting) == 50)
    for reader in readers:
        reader.close()
    until(lambda: not live._waiting and holds_on(live) <= alone)
    assert bench.turn_rows.get("local", turn_id).status == "running"
    assert client.post(f"/turns/{turn_id}/stop").status_code == 202
    assert read(client, turn_id)[-1]["data"]["stop_reason"] == "stopped"
