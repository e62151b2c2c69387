"""A process that has loaded a module and forks a child for each request, so that a small file does not pay for
the start of an interpreter: `python -m core.processes.nursery MODULE SOCKET`.

The module has `prepare()`, which loads what most requests need, and `main(arguments)`, which answers one in a
process of its own. On Linux alone: elsewhere a system library may not stand a fork.
"""

import atexit
import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import IO, Any, NoReturn

from core.processes import inside, offspring

_PATIENCE = 10.0  # seconds for a fork; a machine that needs longer is better served without
_DIGITS = 8  # of the length before a request
_FILES = 4


def works() -> bool:
    """Whether this system stands it."""
    return sys.platform == "linux"


class Lost(OSError):
    """The nursery has ended, or does not answer; its child is to be given up."""


class Born:
    """A forked child, seen as `subprocess.Popen` shows one; it is the leader of a session of its own."""

    def __init__(self, pid: int, report: IO[bytes]) -> None:
        self.pid = pid
        self._report = report
        self._code: int | None = None

    def poll(self) -> int | None:
        """Its code, None while it lives; raises Lost."""
        if self._code is None and offspring.heard(self._report, 0):
            if not (line := self._report.readline()):
                raise Lost("the nursery has ended")
            self._code = int(line)
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Its code, once it has ended; raises subprocess.TimeoutExpired and Lost."""
        if self._code is None:
            offspring.heard(self._report, timeout)
        if (code := self.poll()) is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return code

    def close(self) -> None:
        """Nobody asks any more."""
        self._report.close()


class Nursery:
    """Starts its process with the first request, and again when it has ended. Safe to share between threads."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = environment
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket
        self._mark: dict[str, str] = {}
        self._living: set[int] = set()

    def bear(
        self, arguments: Sequence[str], output: IO[bytes], errors: IO[bytes]
    ) -> tuple[Born, IO[bytes]]:
        """A child that answers in `output`, and the end of the pipe at which it is heard; raises Lost."""
        text = json.dumps(list(arguments)).encode()
        told, telling = os.pipe()
        reported, reporting = os.pipe()
        progress = os.fdopen(told, "rb", buffering=0)
        report = os.fdopen(reported, "rb", buffering=0)
        try:
            with self._lock:
                try:
                    files = [output.fileno(), errors.fileno(), telling, reporting]
                    self._ask(f"{len(text):{_DIGITS}}".encode(), text, files)
                finally:
                    # Before it is listened to: with our own ends open a nursery that ended would not be heard.
                    os.close(reporting)
                    os.close(telling)
                child = Born(_pid(report), report)
                self._living.add(child.pid)
        except OSError as error:
            progress.close()
            report.close()
            self.close()
            raise Lost(str(error)) from error
        return child, progress

    def end(self, child: Born) -> None:
        """End it with everything that it started."""
        # Under the lock, since a child that is just being born is not known as one yet.
        with self._lock:
            self._living.discard(child.pid)
            nursery = {self._process.pid} if self._process else set()
            offspring.end(child.pid, self._mark, nursery | self._living)
        child.close()

    def close(self) -> None:
        """End the process, and its children with it."""
        with self._lock:
            process, self._process = self._process, None
            if process is None:
                return
            self._control.close()
            offspring.end(process.pid, self._mark)
            process.wait()

    def _ask(self, head: bytes, text: bytes, files: list[int]) -> None:
        if self._process is None or self._process.poll() is not None:
            self._start()
        socket.send_fds(self._control, [head], files)
        self._control.sendall(text)

    def _start(self) -> None:
        if self._process:
            self._control.close()  # it was killed
        self._control, theirs = socket.socketpair()
        self._control.settimeout(_PATIENCE)
        self._mark = offspring.marked()
        with theirs:
            self._process = subprocess.Popen(
                [*self._command, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**self._environment, **self._mark},
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        atexit.unregister(self.close)
        atexit.register(self.close)


def _pid(report: IO[bytes]) -> int:
    if not offspring.heard(report, _PATIENCE):
        raise TimeoutError(f"no child within {_PATIENCE:g} s")
    if not (line := report.readline()):
        raise ConnectionError("the nursery has ended")
    return int(line)


class _Nurse:
    """The process itself: one thread, which waits for requests and for the ends of its children."""

    def __init__(self, module: ModuleType, control: socket.socket) -> None:
        self._module = module
        self._control = control
        self._reports: dict[int, int] = {}

    def serve(self) -> None:
        """Fork until the app has gone."""
        signal.signal(signal.SIGCHLD, self._reap)
        while request := self._request():
            # The end of a child is not looked for before it is known which it was.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
            arguments, files = request
            if not (pid := os.fork()):
                self._answer(arguments, *files)
            *others, self._reports[pid] = files
            for each in others:
                os.close(each)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        for pid in self._reports:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)

    def _request(self) -> tuple[list[str], list[int]] | None:
        head, files, *_ = socket.recv_fds(self._control, _DIGITS, _FILES)
        if not head:
            return None
        text = b""
        while len(text) < int(head):
            text += self._control.recv(int(head) - len(text))
        return json.loads(text), files

    def _answer(
        self, arguments: list[str], output: int, errors: int, progress: int, report: int
    ) -> NoReturn:
        os.setsid()
        # Only now, since whoever knows its number may kill its group.
        os.write(report, b"%d\n" % os.getpid())
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        os.dup2(output, 1)
        os.dup2(errors, 2)
        for each in (output, errors, report, *self._reports.values()):
            os.close(each)
        self._control.close()
        os.environ[inside.PROGRESS] = str(progress)
        code: int = self._module.main(arguments)
        sys.stdout.flush()
        # Taking an interpreter apart writes to every page of memory that is shared until then.
        os._exit(code)

    def _reap(self, *_: Any) -> None:
        while self._reports:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            report = self._reports.pop(pid)
            with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
                os.write(report, b"%d\n" % os.waitstatus_to_exitcode(status))
            os.close(report)


def main(arguments: list[str]) -> None:
    """Load the module, then fork for each request that comes over the socket."""
    module = import_module(arguments[0])
    module.prepare()
    # What is there now stays shared with the children: they do not look through it.
    gc.collect()
    gc.freeze()
    _Nurse(module, socket.socket(fileno=int(arguments[1]))).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
