"""Run a module of ours in a child process that can be killed: limits on time, memory and output.

A hostile file or template is stopped from outside, because no limit inside the same process holds.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from threading import Event
from typing import IO, Protocol

from core.processes import inside, nursery, offspring

ROOT = Path(__file__).resolve().parents[2]

MOST_AT_ONCE = 16
"""Children that are waited for by `run_apart` at the same moment; more wait for their turn."""

_LOOK = 0.25  # seconds between two looks at what the child has written
_LINES = 65536


class ChildFailed(Exception):
    """The child ended without an answer; `why` is `time`, `memory`, `output`, `stopped` or `crash`."""

    def __init__(self, why: str, detail: str = "") -> None:
        super().__init__(f"{why}: {detail}" if detail else why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds of wall time, megabytes of address space, megabytes of output."""

    seconds: float
    memory_mb: int
    output_mb: int = 64


def environment() -> dict[str, str]:
    """What a child may know: enough to import our code, and no key of any vendor."""
    keep = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "OPENBLAS_CORETYPE")
    passed = {name: os.environ[name] for name in keep if name in os.environ}
    return {**passed, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1"}


def command(module: str, arguments: Sequence[str] = ()) -> list[str]:
    """The command line that runs `python -m module`."""
    return [sys.executable, "-m", module, *arguments]


class _Process(Protocol):
    """What is watched of a child."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...


_Child = tuple[_Process, IO[bytes], Callable[[], object]]
"""The child, the end of the pipe at which it is heard, and what ends it with whatever it started."""
_Starts = Callable[[IO[bytes], IO[bytes]], _Child]


def run(
    module: str,
    arguments: Sequence[str],
    limits: Limits,
    *,
    on_line: Callable[[str], None] | None = None,
    stopped: Callable[[], bool] | None = None,
    warm: bool = False,
) -> bytes:
    """What the module wrote to its standard output.

    The module is given its memory limit as the first argument and must pass it to `limit_memory`.
    `on_line` is called in this thread with each line that the child tells; what it raises ends
    the child, and so does a `stopped` that turns true, within a quarter of a second. Raises
    ChildFailed when it is killed for time or output, or ends with a non-zero code: 77 is the code by
    which a child says that it ran out of memory. What it started itself ends with it.
    """
    given = [str(limits.memory_mb), *arguments]
    watch = partial(_watched, limits=limits, on_line=on_line, stopped=stopped)
    if warm and nursery.works():
        # Lost is nobody's fault but the nursery's: the same once more, without one.
        with contextlib.suppress(nursery.Lost):
            return watch(partial(_forked, _nursery(module), given))
    return watch(partial(_start, command(module, given)))


def _watched(
    start: _Starts,
    *,
    limits: Limits,
    on_line: Callable[[str], None] | None,
    stopped: Callable[[], bool] | None,
) -> bytes:
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process, progress, end = start(output, errors)
        try:
            looks = _Looks(limits, (output, errors), stopped or (lambda: False))
            code = _wait(process, looks, progress, on_line or (lambda _: None))
        finally:
            end()
            progress.close()
        if code:
            raise ChildFailed("memory" if code in (77, -9) else "crash", _tail(errors))
        output.seek(0)
        return output.read()


async def run_apart(module: str, arguments: Sequence[str], limits: Limits) -> bytes:
    """`run`, waited for in threads that nothing else needs; the child ends when nobody waits any more."""
    gone = Event()
    work = partial(run, module, arguments, limits, stopped=gone.is_set)
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads(), work)
    finally:
        gone.set()


@cache
def _threads() -> ThreadPoolExecutor:
    # The threads of the loop are few and the database needs them: six tools that hang would take them all.
    return ThreadPoolExecutor(MOST_AT_ONCE, "footlights-child")


def _forked(
    home: nursery.Nursery, arguments: Sequence[str], output: IO[bytes], errors: IO[bytes]
) -> _Child:
    child, progress = home.bear(arguments, output, errors)
    return child, progress, partial(home.end, child)


@cache
def _nursery(module: str) -> nursery.Nursery:
    return nursery.Nursery(command("core.processes.nursery", [module]), environment())


def _start(line: list[str], output: IO[bytes], errors: IO[bytes]) -> _Child:
    mark = offspring.marked()
    reading, writing = os.pipe()
    progress = os.fdopen(reading, "rb", buffering=0)
    try:
        process = subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env={**environment(), **mark, inside.PROGRESS: str(writing)},
            pass_fds=(writing,),
            start_new_session=True,
        )
    except OSError:
        progress.close()
        raise
    finally:
        os.close(writing)

    def end() -> None:
        offspring.end(process.pid, mark)
        process.wait()

    return process, progress, end


@dataclass(frozen=True, slots=True)
class _Looks:
    """What is looked after while a child runs."""

    limits: Limits
    files: Sequence[IO[bytes]]
    stopped: Callable[[], bool]

    def check(self) -> None:
        if self.stopped():
            raise ChildFailed("stopped")
        most = self.limits.output_mb
        if any(os.fstat(file.fileno()).st_size > most * 1024 * 1024 for file in self.files):
            raise ChildFailed("output", f"{most} MB")


def _wait(
    process: _Process,
    looks: _Looks,
    progress: IO[bytes],
    on_line: Callable[[str], None],
) -> int:
    """The code with which the child ended, within its limits; lines are handed on as they come."""
    deadline = time.monotonic() + looks.limits.seconds
    rest = b""
    listening = True
    while (code := process.poll()) is None or listening:
        left = deadline - time.monotonic()
        if left <= 0:
            raise ChildFailed("time", f"{looks.limits.seconds:g} s")
        looks.check()
        if not listening:
            # It closed its progress but lives on: looked at again, and its files with it.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(min(left, _LOOK))
        elif offspring.heard(progress, min(left, _LOOK)):
            data = progress.read(_LINES)
            listening = bool(data)
            *lines, rest = (rest + data).split(b"\n")
            rest = rest[-_LINES:]
            for line in lines:
                on_line(line.decode(errors="replace"))
        elif code is not None:
            # It ended and a child of its own still holds the pipe: nothing more is waited for.
            listening = False
    looks.check()
    return code


def _tail(stream: IO[bytes]) -> str:
    stream.seek(0, os.SEEK_END)
    stream.seek(max(0, stream.tell() - 2000))
    return stream.read().decode(errors="replace").strip()
