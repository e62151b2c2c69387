"""The page of traces in a real Chromium over 100,000 turns, and with a trace of 10,000 spans:
`python -m benchmarks trace_page`. CHROMIUM names the browser."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright

from benchmarks.traces import ME, SPANS, TURNS, fill, span
from core.store.engine import make_engine, migrate
from core.store.traces import Traces
from tests.browser.conftest import SETTLED, App

TIMES = 12
_ROWS = cycle((5, 6))
_LONG = f"t{TURNS - 2:06}"  # the second row: the first is open already
_BOX = {"x": 20, "y": 88}
"""The box before the second row of the list."""


def main() -> None:
    """From the address to the page that stands still, and the time of the CPU that the app spent for it."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        data = Path(folder) / "data"
        _filled(data)
        app = App(data, FOOTLIGHTS_SAMPLES="0")
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        pid = app.process.pid
        try:
            long = f"/traces?turn={_LONG}"
            _say(f"{TURNS:,} traces", pid, lambda: _open(page, f"{app.address}/traces"))
            _say(f"a trace of {SPANS:,} spans", pid, lambda: _open(page, f"{app.address}{long}"))
            _say(
                "the same, by its row",
                pid,
                lambda: _row(page),
                lambda: _open(page, f"{app.address}/traces"),
            )
            _open(page, f"{app.address}{long}")
            _say("another step of it", pid, lambda: _step(page))
        finally:
            browser.close()
            app.close()


def _filled(data: Path) -> None:
    data.mkdir()
    engine = make_engine(f"sqlite:///{data / 'footlights.db'}")
    migrate(engine)
    fill(engine)
    Traces(engine).write(ME, _LONG, [span(number) for number in range(SPANS)])
    engine.dispose()


def _open(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_test_id("stDataFrame").wait_for(timeout=60_000)
    page.wait_for_selector(SETTLED, timeout=60_000)


def _row(page: Page) -> None:
    """By a click in the list of the traces, which is drawn."""
    page.get_by_test_id("stDataFrame").click(position=_BOX)
    page.wait_for_url(f"**turn={_LONG}*")
    page.wait_for_selector(SETTLED, timeout=60_000)


def _step(page: Page) -> None:
    """The other one of two steps, by a click on its row."""
    before = page.url
    page.locator('[class*="st-key-step_tool_"] button').nth(next(_ROWS)).click()
    page.wait_for_function("was => location.href !== was", arg=before)
    page.wait_for_selector(SETTLED, timeout=60_000)


def _say(
    what: str, pid: int, work: Callable[[], None], before: Callable[[], None] = lambda: None
) -> None:
    walls, spent = [], []
    for _ in range(TIMES + 1):
        before()
        began, cpu = time.perf_counter(), _cpu(pid)
        work()
        walls.append((time.perf_counter() - began) * 1000)
        spent.append((_cpu(pid) - cpu) * 1000)
    del walls[0], spent[0]  # the first compiles what is kept from then on
    print(
        f"{what}: median {statistics.median(walls):.0f} ms, fastest {min(walls):.0f} ms, "
        f"CPU of the app {statistics.mean(spent):.0f} ms",
        flush=True,
    )


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
