"""Whose program is at the other end of a connection from this machine, as far as Linux tells."""

import os
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from core.processes import offspring

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_TIME_WAIT = "06"
"""A connection that is over; the kernel has forgotten whose it was."""
_KEPT = 2.0
_MOST = 1_000


class Neighbours:
    """Tells programs of this user from those of others, as a web server that passes requests on, and from
    tools and MCP servers, which act for a model: one that asked the app for a run might be run by it again."""

    def __init__(
        self,
        tables: tuple[Path, ...] = _TABLES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tables = tables
        self._clock = clock
        self._known: OrderedDict[tuple[int, int], tuple[float, bool]] = OrderedDict()

    def is_other(self, port: int, own_port: int) -> bool:
        """Whether another user of this machine, or a tool, asks from `port`; False where nothing is known."""
        key, moment = (port, own_port), self._clock()
        at, other = self._known.get(key, (-_KEPT, False))
        if moment - at >= _KEPT:
            found = self._found(port, own_port)
            others = {user for user, _ in found} - {os.getuid()}
            other = bool(others) or offspring.hold({inode for _, inode in found})
            self._known[key] = (moment, other)
            self._known.move_to_end(key)
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return other

    def _found(self, port: int, own_port: int) -> set[tuple[int, str]]:
        """The users and inodes of the sockets that go from the one port to the other."""
        from_here, to_us = f":{port:04X}", f":{own_port:04X}"
        found = set()
        for table in self._tables:
            try:
                lines = table.read_text("ascii").splitlines()[1:]
            except OSError:
                continue  # there are no such tables outside Linux
            for line in lines:
                if from_here not in line:
                    continue
                _, local, remote, state, _, _, _, user, _, inode, *_ = line.split()
                if local.endswith(from_here) and remote.endswith(to_us) and state != _TIME_WAIT:
                    found.add((int(user), inode))
        return found
