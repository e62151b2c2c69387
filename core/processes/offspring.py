"""Processes that we started, and whatever they started: known by their parents, and by a mark in their
environment, wherever they went. On Linux alone; elsewhere only their group is known."""

import contextlib
import os
import select
import signal
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import IO
from uuid import uuid4

_MARK = "CHILD_OF_FOOTLIGHTS"
_SWEEPS = 20
_ADOPT = 36  # PR_SET_CHILD_SUBREAPER
_LIVING: set[bytes] = set()
"""The marks that were given out and not ended."""


def heard(pipe: IO[bytes], seconds: float | None) -> bool:
    """Whether the pipe has something to read, or its other end has gone, within so many seconds (None: for
    as long as it takes)."""
    poll = select.poll()  # `select` itself takes no file whose number is above 1,023
    poll.register(pipe, select.POLLIN)
    return bool(poll.poll(None if seconds is None else seconds * 1000))


def marked() -> dict[str, str]:
    """The variable that a new child is given, so that it is found."""
    mark = {_MARK: uuid4().hex}
    _LIVING.add(_entry(mark))
    return mark


def adopt() -> None:
    """Called by a child: whoever loses his parent among what it started becomes its own, so that
    `end_below` finds him."""
    if sys.platform == "linux":
        import ctypes  # here, since most children need it not

        ctypes.CDLL(None).prctl(_ADOPT, 1, 0, 0, 0)


def end_below(pid: int) -> None:
    """Kill whatever this process has started, its children's children with it, and leave it alive."""
    for _ in range(_SWEEPS):
        below = _below([pid])
        for each in below:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(each, signal.SIGKILL)
        if not below:
            break


def end(group: int, environment: Mapping[str, str], spared: Set[int] = frozenset()) -> None:
    """Kill the group, whatever its first process started, and whoever has its mark in the environment, but
    for sessions that share the mark and are spared."""
    # It lives, and nobody else has its number by now.
    if _entry(environment) in _environment(group):
        end_below(group)
    for _ in range(_SWEEPS):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
        if not sweep(environment, spared):
            break
    if not spared:
        _LIVING.discard(_entry(environment))


def sweep(environment: Mapping[str, str], spared: Set[int] = frozenset()) -> int:
    """Kill everybody with this mark but ourselves and the spared sessions; how many there were."""
    mark = {_entry(environment)}
    there = [pid for pid in _others() if mark & _environment(pid) and _session(pid) not in spared]
    for pid in there:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    return len(there)


def hold(sockets: set[str]) -> bool:
    """Whether a living child, or what it started, has one of these sockets, named by their inodes."""
    if not _LIVING or not sockets:
        return False
    wanted = {f"socket:[{inode}]" for inode in sockets}
    marked = [pid for pid in _others() if _LIVING & _environment(pid)]
    return any(wanted & _open(pid) for pid in (*marked, *_below(marked)))


def _below(pids: Sequence[int]) -> list[int]:
    """The children of these processes and theirs, those that have ended left out."""
    children = defaultdict(list)
    for each in _others():
        with contextlib.suppress(OSError):  # it has ended
            state, parent = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()[:2]
            if state not in "ZX":
                children[int(parent)].append(each)
    found = [each for pid in pids for each in children[pid]]
    for each in found:  # it grows while it is read
        found += children[each]
    return found


def _entry(environment: Mapping[str, str]) -> bytes:
    return f"{_MARK}={environment[_MARK]}".encode()


def _others() -> list[int]:
    with contextlib.suppress(OSError):  # not on Linux
        every = (int(name) for name in os.listdir("/proc") if name.isdecimal())
        return [pid for pid in every if pid != os.getpid()]
    return []


def _environment(pid: int) -> set[bytes]:
    with contextlib.suppress(OSError):  # it has ended, or is somebody else's
        return set(Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))
    return set()


def _session(pid: int) -> int:
    with contextlib.suppress(OSError):
        return os.getsid(pid)
    return 0


def _open(pid: int) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                found.add(os.readlink(each))
    return found
