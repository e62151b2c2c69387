"""What our client costs for each chunk, and how soon its first event comes, against the vendors'
own streams and a bare reader, all of one scripted server."""

import asyncio
import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from core.llm.anthropic import AnthropicProvider
from core.llm.openai import OpenAIProvider
from core.types import ModelRequest, message

ROOT = Path(__file__).resolve().parent.parent
# Streams at once, chunks of each, milliseconds between them: as fast as they come for what a chunk
# costs, paced as a model speaks for the first event.
FAST = ((1, 20_000, 0), (50, 400, 0), (200, 100, 0))
PACED = (200, 100, 20)
# The first event of 200 at once is one moment of a busy machine: the clients take turns so often, and
# the middle one of each stands.
ROUNDS = 7

Stream = Callable[[str], AsyncIterator[object]]


def main() -> None:
    """Microseconds of processor time a chunk, and the first event's median, by client and load."""
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.vendor_server"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout
        address = server.stdout.readline().strip()
        for vendor in ("openai", "anthropic"):
            for load in FAST:
                _compare(vendor, address, load, 0, "CPU us/chunk")
            _compare(vendor, address, PACED, 1, "first event ms", ROUNDS)
            memory = psutil.Process().memory_info().rss / 2**20
            print(f"{'':<10} memory {memory:.0f} MB")
    finally:
        server.terminate()
        server.wait()


def _compare(
    vendor: str, address: str, load: tuple[int, int, int], at: int, what: str, rounds: int = 1
) -> None:
    sides = {"sdk": _sdk, "ours": _ours, "bare": _bare}
    runs: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            runs[name].append(asyncio.run(_measure(side(vendor, address), load))[at])
    found = {name: statistics.median(each) for name, each in runs.items()}
    figures = "  ".join(f"{name} {figure:6.1f}" for name, figure in found.items())
    share = found["ours"] / found["sdk"]
    print(f"{vendor:<10} {load[0]:>3} streams  {what:<14}  {figures}  ours/sdk {share:.2f}")


async def _measure(side: Any, load: tuple[int, int, int]) -> tuple[float, float]:
    """Microseconds of CPU a chunk; median milliseconds to the first event."""
    count, chunks, pace = load
    stream, close = side
    await _read(stream, "chunks-3-0")  # the client is built, the modules are there
    # As the app does once it has started: else a pass over every module's objects, 70 ms long, falls
    # upon whichever side allocates the next one.
    gc.collect()
    gc.freeze()
    cpu = time.process_time()
    firsts = await asyncio.gather(*(_read(stream, f"chunks-{chunks}-{pace}") for _ in range(count)))
    cpu = time.process_time() - cpu
    await close()
    return cpu / (count * chunks) * 1e6, statistics.median(firsts) * 1e3


async def _read(stream: Stream, model: str) -> float:
    began, first, seen = time.perf_counter(), 0.0, 0
    async for _ in stream(model):
        first = first or time.perf_counter() - began
        seen += 1
    assert seen >= int(model.split("-")[1]), f"{seen} events of {model}"
    return first


def _ours(vendor: str, address: str) -> Any:
    provider: Any
    if vendor == "openai":
        provider = OpenAIProvider(name="openai", base_url=f"{address}/v1", api_key="sk-none")
    else:
        provider = AnthropicProvider(base_url=address, api_key="sk-none")

    def stream(model: str) -> AsyncIterator[object]:
        found: AsyncIterator[object] = provider.stream(
            ModelRequest(model, (message("user", "go"),), 10_000)
        )
        return found

    return stream, provider.close


def _sdk(vendor: str, address: str) -> Any:
    client: Any
    said: Any = [{"role": "user", "content": "go"}]
    if vendor == "openai":
        import openai

        client = openai.AsyncOpenAI(base_url=f"{address}/v1", api_key="sk-none", max_retries=0)
        create = client.chat.completions.create
    else:
        import anthropic

        client = anthropic.AsyncAnthropic(base_url=address, api_key="sk-none", max_retries=0)
        create = client.messages.create

    async def stream(model: str) -> AsyncIterator[object]:
        async for event in await create(model=model, messages=said, max_tokens=10_000, stream=True):
            yield event

    return stream, client.close


def _bare(vendor: str, address: str) -> Any:
    path = "/v1/chat/completions" if vendor == "openai" else "/v1/messages"
    session: list[aiohttp.ClientSession] = []

    async def stream(model: str) -> AsyncIterator[object]:
        if not session:
            session.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        async with session[0].post(address + path, json={"model": model}) as answer:
            async for line in answer.content:
                if line.startswith(b"data: {"):
                    yield json.loads(line[6:])

    async def close() -> None:
        await session[0].close()

    return stream, close
