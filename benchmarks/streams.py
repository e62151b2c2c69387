"""Many streamed turns at once: the time from a word's event to the message bound for the browser.

The server is the whole app's API in a process of its own; the provider writes the moment at which it
said each word, and the client subtracts. The other side is the least that anyone could build: a bare
Starlette route that sends the same words as server-sent events, with no database, no resume, no stop.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import aiohttp

ROOT = Path(__file__).resolve().parent.parent
WORDS = 150
PACE_SECONDS = 0.02
START_SECONDS = 4.0


def main() -> None:
    """Median and 95th percentile of the lag at 40 and 80 streams of 50 words a second."""
    for kind in ("footlights", "bare"):
        with _served(kind) as (process, address):
            for count in (40, 80):
                lags = asyncio.run(_measure(address, kind, count))
                p95 = statistics.quantiles(lags, n=20)[18]
                print(
                    f"{kind:<11} {count} streams: median {statistics.median(lags) * 1e3:5.1f} ms, "
                    f"p95 {p95 * 1e3:6.1f} ms, {len(lags):,} words"
                )
            process.terminate()


class _served:
    def __init__(self, kind: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.stream_server", kind],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "FOOTLIGHTS_MODEL": "scripted"},
        )

    def __enter__(self) -> tuple[subprocess.Popen[str], str]:
        assert self._process.stdout
        return self._process, self._process.stdout.readline().strip()

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


async def _measure(address: str, kind: str, count: int) -> list[float]:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(address, connector=connector) as session:
        paths = [await _path(session, kind) for _ in range(count)]
        found = await asyncio.gather(*(_read(session, path) for path in paths))
    return [lag for lags in found for lag in lags]


async def _path(session: aiohttp.ClientSession, kind: str) -> str:
    if kind == "bare":
        return "/stream"
    body = {"prompt": "go", "use_documents": False}
    async with session.post("/turns", json=body) as answer:
        return f"/turns/{(await answer.json())['turn_id']}/events"


async def _read(session: aiohttp.ClientSession, path: str) -> list[float]:
    lags: list[float] = []
    async with session.get(path) as answer:
        async for line in answer.content:
            if line.startswith(b"data: ") and b"text_delta" in line:
                now = time.time()
                stamps = json.loads(line[6:])["text"].split()
                lags += [now - float(stamp) for stamp in stamps]
    return lags
