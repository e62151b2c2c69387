"""Processes that we started, and whatever they started: known by a mark in their environment, wherever
they went. On Linux alone; elsewhere only their group is known."""

import contextlib
import os
import signal
from collections.abc import Mapping, Set
from pathlib import Path
from uuid import uuid4

_MARK = "CHILD_OF_FOOTLIGHTS"
_SWEEPS = 20
_LIVING: set[bytes] = set()
"""The marks that were given out and not ended."""


def marked() -> dict[str, str]:
    """The variable that a new child is given, so that it is found."""
    mark = {_MARK: uuid4().hex}
    _LIVING.add(_entry(mark))
    return mark


def end(group: int, environment: Mapping[str, str], spared: Set[int] = frozenset()) -> None:
    """Kill the group, and whoever left it and has its mark in the environment, but for sessions that share
    the mark and are spared."""
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
    return any(wanted & _open(pid) for pid in _others() if _LIVING & _environment(pid))


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
