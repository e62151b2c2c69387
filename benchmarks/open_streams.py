"""What 200 open streams hold in memory: ours against the vendors' own, each in a fresh process."""

import asyncio
import gc
import subprocess
import sys

import psutil

from benchmarks.calls import ROOT, Stream, _ours, _sdk

COUNT = 200
# A chunk every 100 ms: all of them are open while we look, and none has ended.
_MODEL = "chunks-100-100"


def main() -> None:
    """Kilobytes of resident memory a stream, by client."""
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.vendor_server"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # it complains of every reader that leaves
        text=True,
    )
    try:
        assert server.stdout
        address = server.stdout.readline().strip()
        for vendor in ("openai", "anthropic"):
            found = {side: _alone(side, vendor, address) for side in ("sdk", "ours")}
            figures = "  ".join(f"{side} {kilobytes:6.1f}" for side, kilobytes in found.items())
            share = found["ours"] / found["sdk"]
            print(f"{vendor:<10} {COUNT} streams  kB a stream  {figures}  ours/sdk {share:.2f}")
    finally:
        server.terminate()
        server.wait()


def _alone(side: str, vendor: str, address: str) -> float:
    command = [sys.executable, "-m", "benchmarks.open_streams", side, vendor, address]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout)


async def _held(side: str, vendor: str, address: str) -> float:
    stream, close = {"ours": _ours, "sdk": _sdk}[side](vendor, address)
    async for _ in stream("chunks-3-0"):  # the client is built, the modules are there
        pass
    gc.collect()
    before = psutil.Process().memory_info().rss
    reached = [asyncio.Event() for _ in range(COUNT)]
    tasks = [asyncio.create_task(_follow(stream, each)) for each in reached]
    await asyncio.gather(*(each.wait() for each in reached))
    gc.collect()
    held = psutil.Process().memory_info().rss - before
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await close()
    return held / COUNT / 1024


async def _follow(stream: Stream, reached: asyncio.Event) -> None:
    seen = 0
    async for _ in stream(_MODEL):
        seen += 1
        if seen == 5:
            reached.set()


if __name__ == "__main__":
    print(asyncio.run(_held(*sys.argv[1:4])))
