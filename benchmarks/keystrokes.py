"""From a key in the prompt editor to the changed preview, in a real Chromium: `python -m benchmarks keystrokes`.

`python -m benchmarks.keystrokes ADDRESS [PID]` asks an app that runs. CHROMIUM names the browser.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright

from core.settings import ROOT

TIMES = 40
_WATCH = """() => {
  window.keys = []
  const preview = [...document.querySelectorAll("*")].map((each) => each.shadowRoot).find((each) => each?.querySelector(".preview"))
  const sent = () => [...preview.querySelectorAll(".fl-sent")].at(-1)?.textContent ?? ""
  const typed = () => /~*$/.exec(sent().trimEnd())[0].length
  document.addEventListener("keydown", (e) => {
    if (e.key === "~") window.keys.push({ at: performance.now(), shown: 0 })
  }, true)
  new MutationObserver(() => {
    const now = performance.now()
    window.keys.slice(0, typed()).forEach((key) => { key.shown ||= now })
  }).observe(preview, { childList: true, subtree: true, characterData: true })
}"""
_TIMES = "window.keys.map((key) => key.shown ? key.shown - key.at : 0)"


def main(address: str = "", pid: str = "") -> None:
    """The median and the 95th percentile, one key at a time and while somebody types, and the time of the
    CPU that the app spent for each key."""
    given = nullcontext((address, int(pid or 0)))
    with given if address else _app() as (found, process), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        _open(page, found)
        before = _cpu(process)
        alone = [_key(page, number) for number in range(1, TIMES + 1)]
        between = _cpu(process)
        _open(page, found)
        opened = _cpu(process)
        page.keyboard.type("~" * TIMES, delay=180)
        page.wait_for_function("window.keys.every((key) => key.shown)", timeout=20_000)
        typing = page.evaluate(_TIMES)
        after = _cpu(process)
        browser.close()
    # The first compile what is kept from then on.
    _say("one key, then a pause", alone[3:], between - before)
    _say("a key every 180 ms", typing[3:], after - opened)


def _open(page: Page, address: str) -> None:
    page.goto(f"{address}/prompts?p=plain")
    editor = page.locator(".cm-content")
    editor.wait_for(timeout=60_000)
    page.locator(".fl-sent").last.wait_for(timeout=60_000)
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.evaluate(_WATCH)
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")  # the line of the question
    page.keyboard.press("End")


def _key(page: Page, number: int) -> float:
    page.keyboard.press("~")
    page.wait_for_function(f"window.keys[{number - 1}]?.shown", timeout=20_000)
    page.get_by_text("draft, kept").wait_for()  # the page has run with it, in the pause
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    return float(page.evaluate(f"window.keys[{number - 1}].shown - window.keys[{number - 1}].at"))


def _cpu(pid: int) -> float:
    """Seconds of the CPU that the app and its workers have spent, 0 when it is not known which they are."""
    if not pid:
        return 0.0
    app = psutil.Process(pid)
    times = [each.cpu_times() for each in (app, *app.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def _say(what: str, times: list[float], cpu: float) -> None:
    times.sort()
    p95 = times[int(len(times) * 0.95)]
    tenth = times[len(times) // 10]  # what the rest of the machine took away least from
    middle = statistics.median(times)
    spent = f", CPU of the app {cpu / TIMES * 1000:.0f} ms a key" if cpu else ""
    print(
        f"{what}: median {middle:.0f} ms, p95 {p95:.0f} ms, fastest tenth {tenth:.0f} ms, "
        f"fastest {times[0]:.0f} ms{spent}"
    )


@contextmanager
def _app() -> Iterator[tuple[str, int]]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "FOOTLIGHTS_DATA": folder,
            "FOOTLIGHTS_PORT": str(port),
            "FOOTLIGHTS_MODEL": "quotes",
        }
        app = subprocess.Popen(
            [sys.executable, str(Path(ROOT) / "app.py")],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        try:
            _wait(f"http://127.0.0.1:{port}/api/health")
            yield f"http://127.0.0.1:{port}", app.pid
        finally:
            app.terminate()
            app.wait(20)


def _wait(address: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)  # it is still starting
    raise SystemExit("the app does not answer")


if __name__ == "__main__":
    main(*sys.argv[1:])
