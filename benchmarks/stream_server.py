"""The two servers of the stream benchmark: `footlights`, and a bare route that sends the same words."""

import asyncio
import json
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route

from benchmarks.streams import PACE_SECONDS, START_SECONDS, WORDS
from core.events import ModelDone, ModelEvent, TextDelta
from core.types import ModelRequest, Usage


class Stamping:
    """A provider that says at which moment it says it."""

    name = "scripted"

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        async for word in words():
            yield TextDelta(word)
        yield ModelDone("stop", Usage(1, WORDS), "scripted")

    async def close(self) -> None:
        """Nothing to give back."""


async def words() -> AsyncIterator[str]:
    """Moments, one each 20 ms."""
    # All streams shall be open before the first word: what is measured is streaming, not starting.
    await asyncio.sleep(START_SECONDS)
    for _ in range(WORDS):
        await asyncio.sleep(PACE_SECONDS)
        yield f"{time.time():.6f} "


async def bare(_: Any) -> StreamingResponse:
    async def frames() -> AsyncIterator[str]:
        async for word in words():
            yield f"data: {json.dumps({'text': word, 'type': 'text_delta'})}\n\n"

    return StreamingResponse(frames(), media_type="text/event-stream")


def main(kind: str) -> None:
    with socket.socket() as probe, tempfile.TemporaryDirectory() as folder:
        probe.bind(("127.0.0.1", 0))
        probe.listen(2048)  # whoever reads the address may knock before uvicorn has begun
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
        if kind == "bare":
            print(address, flush=True)
            _serve(Starlette(routes=[Route("/stream", bare)]), probe)
            return
        from core.api import create_api
        from core.bootstrap import build
        from core.settings import Settings

        settings = Settings(FOOTLIGHTS_DATA=Path(folder), FOOTLIGHTS_SAMPLES=False)
        bench = build(settings)
        bench.models.providers["scripted"] = Stamping()
        bench.start()
        bench.bridge.run(asyncio.to_thread(bench.counter.warm))
        print(address, flush=True)
        _serve(create_api(lambda: bench), probe)
        bench.close()


def _serve(app: Any, listening: socket.socket) -> None:
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    asyncio.run(server.serve(sockets=[listening]))


if __name__ == "__main__":
    main(sys.argv[1])
