"""The worker seen from outside: started, asked with a deadline, killed."""

import json
import os
import subprocess
import time
from contextlib import suppress
from typing import Any

from core.processes import child, offspring
from core.prompts import wire

_START_SECONDS = 30.0


class WorkerLost(Exception):
    """The worker gave no answer; `why` is `time` or `crash`. It is dead by now."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Worker:
    """One child process that answers one request at a time; for one thread."""

    def __init__(self, *, seconds: float, memory_mb: int) -> None:
        self._process = subprocess.Popen(
            child.command("core.prompts.worker", [str(memory_mb), str(seconds)]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child.environment(),
            cwd=child.ROOT,
            start_new_session=True,
        )
        assert self._process.stdin and self._process.stdout
        self._in, self._out = self._process.stdin, self._process.stdout
        self.pid = self._process.pid
        self._answer(time.monotonic() + _START_SECONDS)

    @property
    def alive(self) -> bool:
        """Whether it can still be asked."""
        return self._process.poll() is None

    def ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Its answer within so many seconds; WorkerLost if there is none."""
        try:
            self._in.write(wire.pack(request))
            self._in.flush()
        except OSError:
            raise self._lost("crash") from None
        return self._answer(time.monotonic() + seconds)

    def stop(self) -> None:
        """End it from another thread than the one that asks it, which then learns that it is lost."""
        self._process.kill()

    def kill(self) -> None:
        """End it, whatever it does, and let go of its pipes."""
        self._process.kill()
        self._process.wait()
        self._out.close()
        with suppress(OSError):  # the rest of a request that nobody reads any more
            self._in.close()

    def _answer(self, deadline: float) -> dict[str, Any]:
        (size,) = wire.HEADER.unpack(self._read(wire.HEADER.size, deadline))
        if size > wire.MAX_FRAME:
            raise self._lost("crash")
        answer: dict[str, Any] = json.loads(self._read(size, deadline))
        return answer

    def _read(self, size: int, deadline: float) -> bytes:
        data = bytearray()
        while len(data) < size:
            if not offspring.heard(self._out, max(0.0, deadline - time.monotonic())):
                raise self._lost("time")
            more = os.read(self._out.fileno(), size - len(data))
            if not more:
                raise self._lost("crash")
            data += more
        return bytes(data)

    def _lost(self, why: str) -> WorkerLost:
        self.kill()
        return WorkerLost(why)
