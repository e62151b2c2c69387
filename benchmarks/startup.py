"""From the command to the first answer over HTTP, against an empty Streamlit page started the same way."""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
RUNS = 5


def main() -> None:
    """Median seconds of five starts each, and the memory of the app once it answers."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "empty.py"
        page.write_text("import streamlit as st\nst.write('hello')\n")
        environment = {
            "FOOTLIGHTS_DATA": str(Path(folder) / "data"),
            "FOOTLIGHTS_MODEL": "scripted",
            "FOOTLIGHTS_SAMPLES": "0",
            "PYTHONDONTWRITEBYTECODE": "",  # Streamlit's modules are compiled too
        }
        ours = [str(ROOT / "app.py")]
        empty = ["-m", "streamlit", "run", str(page), "--server.headless", "true", "--server.port"]
        first, _ = _start(ours, "/api/health", environment, ROOT)
        mine, theirs, memory = [], [], 0
        for _ in range(RUNS):
            seconds, memory = _start(ours, "/api/health", environment, ROOT)
            mine.append(seconds)
            theirs.append(_start(empty, "/_stcore/health", {}, Path(folder))[0])
    ratio = statistics.median(mine) / statistics.median(theirs)
    print(f"first start, empty folder     {first:.2f} s")
    print(f"start to /api/health          {statistics.median(mine):.2f} s (median of {RUNS})")
    print(f"empty Streamlit page          {statistics.median(theirs):.2f} s")
    print(f"ratio                         {ratio:.2f}")
    print(f"memory once it answers        {memory / 2**20:.0f} MB with its children")


def _start(
    arguments: list[str], path: str, environment: dict[str, str], folder: Path
) -> tuple[float, int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    if arguments[-1] == "--server.port":
        arguments = [*arguments, str(port)]
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, **environment, "FOOTLIGHTS_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _answers(f"http://127.0.0.1:{port}{path}"):
            if process.poll() is not None or time.perf_counter() - start > 60:
                raise SystemExit(f"{arguments} did not start")
            time.sleep(0.02)
        seconds = time.perf_counter() - start
        whole = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        return seconds, sum(each.memory_info().rss for each in whole)
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
