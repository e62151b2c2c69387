"""A server in a process of its own: bounded lines of JSON over its pipes, killed with whatever it started."""

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from core.errors import ToolServerFailed
from core.processes import offspring
from core.tools.remote.pipe import MOST_ANSWER, MOST_MESSAGE, Pipe, Way

_LEASH = Path(__file__).with_name("leash.py")
_PIECE = 64 * 1024
_GRACE_SECONDS = 0.5
_PASSED = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")


@asynccontextmanager
async def over_pipes(way: Way, pipe: Pipe) -> AsyncIterator[tuple[Any, Any]]:
    """The two streams of a session with the server. Raises ToolServerFailed when it cannot be started."""
    process, leash, kill = await _started(way)
    pipe.kill = kill
    heard, reading = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    writing, asked = anyio.create_memory_object_stream[SessionMessage](0)
    lines = _Lines(process, pipe, heard)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lines.read)
            tasks.start_soon(lines.overhear)
            tasks.start_soon(_write, process, asked, lines)
            try:
                yield reading, writing
            finally:
                with anyio.CancelScope(shield=True):
                    await _end(process, kill)
                tasks.cancel_scope.cancel()
    finally:
        kill()
        os.close(leash)
        for stream in (heard, reading, writing, asked):
            stream.close()


async def _started(way: Way) -> tuple[Process, int, Callable[[], None]]:
    """The process, the end of the pipe that holds it (when that closes, it is killed with all it started),
    and what kills it."""
    known = {name: os.environ[name] for name in _PASSED if name in os.environ}
    environment = {**known, **way.secrets, **offspring.marked()}
    program = shutil.which(way.command[0], path=environment.get("PATH"))
    if program is None:
        raise ToolServerFailed(
            f"{way.name}: there is no program {Path(way.command[0]).name!r} on this machine",
            hint="Install it, or give the command with its whole path.",
        )
    reading, writing = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(_LEASH), str(reading)),
            *(program, *way.command[1:]),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=environment,
            cwd=tempfile.gettempdir(),
            pass_fds=(reading,),
            start_new_session=True,
        )
    except OSError as error:
        os.close(writing)
        raise ToolServerFailed(f"{way.name} could not be started") from error
    finally:
        os.close(reading)
    return process, writing, partial(offspring.end, process.pid, environment)


class _Lines:
    """What a server writes, a line at a time, within its bounds."""

    def __init__(
        self,
        process: Process,
        pipe: Pipe,
        heard: MemoryObjectSendStream[SessionMessage | Exception],
    ) -> None:
        self._process = process
        self._pipe = pipe
        self._heard = heard
        self.since = 0
        """Bytes since something was asked."""

    async def read(self) -> None:
        """Hand on each message until the server ends or passes a bound; then the session is over."""
        with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            async with self._heard:
                await self._read()

    async def _read(self) -> None:
        assert self._process.stdout
        rest = bytearray()
        while data := await self._process.stdout.read(_PIECE):
            self.since += len(data)
            *lines, last = data.split(b"\n")
            if lines:
                lines[0], rest = bytes(rest + lines[0]), bytearray()
            rest += last
            if max(map(len, (*lines, rest))) > MOST_MESSAGE:
                return self._passed(f"it sent a message of more than {MOST_MESSAGE // 2**20} MB")
            if self.since > MOST_ANSWER:
                return self._passed(f"it sent more than {MOST_ANSWER // 2**20} MB in one go")
            for line in lines:
                await self._hand_on(line)
        with anyio.move_on_after(_GRACE_SECONDS):
            await self._process.wait()
        code = self._process.returncode
        self._pipe.ended = self._pipe.ended or (
            "its process ended" if code is None else f"its process ended with code {code}"
        )
        return None

    def _passed(self, why: str) -> None:
        self._pipe.ended = f"{why} and was ended"
        self._pipe.kill()

    async def _hand_on(self, line: bytes) -> None:
        try:
            message = jsonrpc_message_adapter.validate_json(line, by_name=False)
        except ValueError:  # what a server prints beside the protocol
            self._pipe.overheard(line[:_PIECE] + b"\n")
            return
        await self._heard.send(SessionMessage(message))

    async def overhear(self) -> None:
        """Keep the last of its standard error."""
        assert self._process.stderr
        while data := await self._process.stderr.read(_PIECE):
            self._pipe.overheard(data)


async def _write(
    process: Process, asked: MemoryObjectReceiveStream[SessionMessage], lines: _Lines
) -> None:
    assert process.stdin
    with contextlib.suppress(ConnectionError):  # it ended: its reader says so
        async for each in asked:
            lines.since = 0
            data = each.message.model_dump_json(by_alias=True, exclude_unset=True)
            process.stdin.write(data.encode() + b"\n")
            await process.stdin.drain()


async def _end(process: Process, kill: Callable[[], None]) -> None:
    """Let it end by itself for a moment, as the protocol asks, then kill it."""
    if process.stdin:
        process.stdin.close()
    if process.returncode is None:
        with anyio.move_on_after(_GRACE_SECONDS):
            await process.wait()
    kill()
    with anyio.move_on_after(_GRACE_SECONDS):
        await process.wait()
    # What is unread keeps the pipes open, and the process offers no other way to close them.
    process._transport.close()  # type: ignore[attr-defined]
