"""A vendor's SDK client: made when it is first needed, on the loop that uses it, closed once."""

import asyncio
import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Generic, Protocol, TypeVar
from urllib.parse import urlsplit


class _Closable(Protocol):
    async def close(self) -> None: ...


C = TypeVar("C", bound=_Closable)


class Connection(Generic[C]):
    """Holds one client for each use of an event loop; `make` may import what is slow to import."""

    def __init__(self, make: Callable[[], C]) -> None:
        self._make = make
        self._client: C | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()

    async def client(self) -> C:
        """The client of the running loop."""
        loop = asyncio.get_running_loop()
        if self._client is not None and self._loop is loop:
            return self._client
        if self._loop is not loop:
            # Connections belong to the loop that opened them; that loop is gone or not ours to touch.
            self._client, self._loop, self._lock = None, loop, asyncio.Lock()
        async with self._lock:
            if self._client is None:
                # Building a client takes a tenth of a second of the loop's time.
                self._client = await asyncio.to_thread(self._make)
            return self._client

    async def close(self) -> None:
        """Close the client, if there is one on this loop."""
        client, self._client = self._client, None
        if client is not None and self._loop is asyncio.get_running_loop():
            await client.close()


async def sdk(name: str) -> ModuleType:
    """The SDK of this name; importing one takes a second that the loop does not have."""
    if name in sys.modules:
        return importlib.import_module(name)
    return await asyncio.to_thread(importlib.import_module, name)


def is_this_machine(base_url: str) -> bool:
    """Whether the address is a loopback one, which no proxy of the environment can see."""
    try:
        host = (urlsplit(base_url).hostname or "").lower()
    except ValueError:  # no address at all; whoever connects to it will say so
        return False
    return host in ("localhost", "::1") or host.startswith("127.")
