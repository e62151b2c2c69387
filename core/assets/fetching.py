"""Bytes over HTTPS, continued from where an earlier try was cut, and their hash.

A partial file is always a prefix of the whole, so a cut download is never lost. Whether the bytes are
the right ones is not decided here but by the hash, in `core.assets`.
"""

import asyncio
import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")
Tick = Callable[[int], None]
"""Told how many bytes are there now."""

_PIECE = 1024 * 1024
_CUTS = 5
"""How often in a row a connection may break before the source counts as failed."""


class SourceFailed(Exception):
    """One source did not deliver; `out` says that its host cannot be reached at all."""

    def __init__(self, source: str, why: str, *, out: bool = False) -> None:
        super().__init__(f"{source}: {why}")
        self.out = out


async def in_thread(work: Callable[[threading.Event], T]) -> T:
    """The result of the work on a thread; when cancelled, asks it to stop and waits until it has.

    A thread that outlived its caller would go on writing to a file that somebody else has taken over.
    """
    stop = threading.Event()
    running = asyncio.ensure_future(asyncio.to_thread(work, stop))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([running])
        raise


def sha256(path: Path, stop: threading.Event | None = None) -> str:
    """The SHA-256 of a file in hex, or "" when it was told to stop."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            if stop is not None and stop.is_set():
                return ""
            digest.update(piece)
    return digest.hexdigest()


def size(path: Path) -> int:
    """The size of a file in bytes; 0 when there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


# --- over HTTPS -------------------------------------------------------------------------------


async def from_address(
    url: str, partial: Path, total: int, tick: Tick, *, connect_seconds: float = 5.0
) -> None:
    """Continue `partial` until it has `total` bytes; SourceFailed when the address cannot do that."""
    import httpx2

    host = httpx2.URL(url).host
    timeout = httpx2.Timeout(30.0, connect=connect_seconds)
    cuts = 0
    async with httpx2.AsyncClient(timeout=timeout, follow_redirects=True) as client:
        while (before := size(partial)) < total:
            try:
                await _continue(client, url, partial, total, tick)
                why = "the connection was closed early"
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                raise SourceFailed(
                    host, f"cannot be reached ({_words(error)})", out=True
                ) from error
            except httpx2.HTTPError as error:
                why = _words(error)
            # Whoever sends something each time gets there in the end; who sends nothing does not.
            cuts = 0 if size(partial) > before else cuts + 1
            if cuts and (cuts >= _CUTS or not before):
                raise SourceFailed(host, why)


async def _continue(
    client: "httpx2.AsyncClient", url: str, partial: Path, total: int, tick: Tick
) -> None:
    """One request for what is missing."""
    start = size(partial)
    # Compressed on the way, a range would count other bytes than ours.
    headers = {"Accept-Encoding": "identity", "User-Agent": "footlights"}
    if start:
        headers["Range"] = f"bytes={start}-"
    async with client.stream("GET", url, headers=headers) as response:
        if response.status_code == 416 or _elsewhere(response, start):
            await asyncio.to_thread(partial.unlink, missing_ok=True)
            return
        if response.status_code not in (200, 206):
            raise SourceFailed(response.url.host, f"answered {response.status_code} for {url}")
        if response.status_code == 200:
            start = 0
        with _opened(partial, start) as file:
            async for piece in response.aiter_raw():
                file.write(piece[: total - start])
                start = min(total, start + len(piece))
                tick(start)
                if start == total:
                    return


def _elsewhere(response: "httpx2.Response", start: int) -> bool:
    """Whether a 206 carries another range than the one that was asked for."""
    carried = response.headers.get("content-range", "")
    return response.status_code == 206 and not carried.startswith(f"bytes {start}-")


def _opened(partial: Path, start: int) -> IO[bytes]:
    """The file, cut off at `start` and ready for what comes next."""
    partial.parent.mkdir(parents=True, exist_ok=True)
    file = partial.open("r+b" if partial.exists() else "w+b")
    file.truncate(start)
    file.seek(start)
    return file


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
