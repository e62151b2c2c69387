"""A hundred visitors on one link: what the app holds for each, and what his token and his page take."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import psutil

from benchmarks.startup import ROOT
from tests.browser.conftest import free_port

VISITORS = 100
_FIRST = 40
"""Before them all, and held open too: what is loaded and kept ready for the first is no visitor's."""
_EACH = 10
"""Visitors between two looks at the memory."""
_HOST = "demo.example"
"""A name that is not this machine's: a visitor comes from elsewhere."""


def main() -> None:
    """Median seconds, processor time and memory of the app for one visitor."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        data, port = Path(folder) / "data", free_port()
        shutil.copytree(ROOT / "data" / "models", data / "models", copy_function=os.link)
        base = f"http://127.0.0.1:{port}"
        with ExitStack() as first:
            _running(data, port, first)
            with httpx2.Client(base_url=base, timeout=60, trust_env=False) as owner:
                _until_answering(owner)
                wish = {"kind": "live", "title": "Ask the crew", "documents": _indexed(owner)}
                token = owner.post("/api/shares", json=wish).json()["token"]
        # A second start: what reading the samples took would be given back while visitors come.
        app = _running(data, port, stack)
        with httpx2.Client(base_url=base, timeout=60, trust_env=False) as owner:
            _until_answering(owner)
        visitors = [_Visitor(base, port, number) for number in range(_FIRST + VISITORS)]
        for visitor in visitors:
            stack.callback(visitor.close)
        for visitor in visitors[:_FIRST]:
            visitor.comes(token)
        held, worked = [_held(app)], _worked(app)
        taken = {"enter": [], "check": [], "page": [], "answer": []}  # type: dict[str, list[float]]
        for number, visitor in enumerate(visitors[_FIRST:], 1):
            for name, seconds in visitor.comes(token).items():
                taken[name].append(seconds)
            if number % _EACH == 0:
                held.append(_held(app))
        work = _worked(app) - worked
    for name, words in (
        ("enter", "token to cookie"),
        ("check", "cookie looked up, GET /api/demo"),
        ("page", "websocket to the drawn page"),
        ("answer", "question to the last event"),
    ):
        print(f"{words:<34} {statistics.median(taken[name]) * 1000:7.0f} ms (median)")
    print(
        f"{'processor time of the app':<34} {work / VISITORS * 1000:7.0f} ms a visitor, all of it"
    )
    line = statistics.linear_regression(range(0, VISITORS + 1, _EACH), held)
    print(
        f"{'memory, pages open, answers drawn':<34} {line.slope / 1024:7.0f} kB a visitor (the slope of "
        f"{len(held)} looks), {held[0] / 1e6:.0f} MB before the {VISITORS} and {max(held) / 1e6:.0f} MB at most"
    )


class _Visitor:
    """One browser: an address of its own, a cookie, and a page that stays open."""

    def __init__(self, base: str, port: int, number: int) -> None:
        self._address, self._port = f"127.0.1.{number + 1}", port
        self._socket: Any = None
        self._client = httpx2.Client(
            base_url=base,
            timeout=60,
            headers={"Host": _HOST},
            transport=httpx2.HTTPTransport(local_address=self._address),
        )

    def comes(self, token: str) -> dict[str, float]:
        """Enter, look, open the page, ask, read to the end, and have the answer drawn."""
        found = {
            "enter": _seconds(lambda: self._post("/api/demo/enter", {"token": token})),
            "check": _seconds(lambda: self._client.get("/api/demo").raise_for_status()),
            "page": _seconds(self._opens),
            "answer": _seconds(self._asks),
        }
        self._draws()
        return found

    def _post(self, path: str, body: dict[str, str]) -> None:
        self._client.post(path, json=body).raise_for_status()

    def _asks(self) -> None:
        self._post("/api/demo/ask", {"prompt": "What is the ghost light?"})
        assert "turn_done" in self._client.get("/api/demo/events").text

    def _opens(self) -> None:
        from websockets.sync.client import connect

        self._socket = connect(
            f"ws://{_HOST}:{self._port}/_stcore/stream",
            sock=_connected(self._address, self._port),
            subprotocols=["streamlit"],  # type: ignore[list-item]
            additional_headers={
                "Cookie": f"footlights_visit={self._client.cookies['footlights_visit']}"
            },
            max_size=None,
        ).__enter__()
        self._draws()

    def _draws(self) -> None:
        from streamlit.proto.BackMsg_pb2 import BackMsg
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        message = BackMsg()
        message.rerun_script.page_name = "demo"
        self._socket.send(message.SerializeToString())
        told = ForwardMsg()
        while told.WhichOneof("type") != "script_finished":
            told.ParseFromString(self._socket.recv(timeout=60))

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        self._client.close()


def _connected(address: str, port: int) -> Any:
    import socket

    return socket.create_connection(("127.0.0.1", port), 60, (address, 0))


def _running(data: Path, port: int, stack: ExitStack) -> psutil.Process:
    """The app, until the stack ends it."""
    process = _started(data, port)
    stack.callback(lambda: (process.terminate(), process.wait(30)))
    return psutil.Process(process.pid)


def _started(data: Path, port: int) -> "subprocess.Popen[bytes]":
    own = {"FOOTLIGHTS_DATA": str(data), "FOOTLIGHTS_PORT": str(port)}
    return subprocess.Popen(
        [sys.executable, str(ROOT / "app.py")],
        cwd=ROOT,
        env={**os.environ, **own, "FOOTLIGHTS_MODEL": "scripted"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _until_answering(owner: httpx2.Client) -> None:
    for _ in range(600):
        try:
            if owner.get("/api/health").is_success:
                return
        except httpx2.HTTPError:
            time.sleep(0.1)
    raise TimeoutError("the app does not answer")


def _indexed(owner: httpx2.Client) -> list[str]:
    """The samples, once all can be searched."""
    for _ in range(600):
        there = owner.get("/api/documents").json()
        if there and all(each["status"] == "indexed" for each in there):
            return [each["id"] for each in there]
        time.sleep(0.2)
    raise TimeoutError("the samples were not indexed")


def _held(app: psutil.Process) -> int:
    """Its own bytes, those that were swapped out included. Pages of files are left out: the system takes
    those of the embedder's weights away and gives them back as other programs need room."""
    rollup = Path(f"/proc/{app.pid}/smaps_rollup")
    if not rollup.exists():
        return int(app.memory_full_info().uss)
    lines = dict(line.split(":", 1) for line in rollup.read_text().splitlines()[1:])
    return sum(int(lines[name].split()[0]) * 1024 for name in ("Anonymous", "Swap"))


def _worked(app: psutil.Process) -> float:
    times = app.cpu_times()
    return float(times.user + times.system)


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
