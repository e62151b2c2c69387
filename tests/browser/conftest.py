"""The whole app in a real Chromium: one server for the session, a fresh browser page for each test."""

import os
import random
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
SETTLED = (
    '[data-testid="stApp"][data-test-connection-state="CONNECTED"]'
    '[data-test-script-state="notRunning"]'
)
expect.set_options(timeout=30_000)


def free_port() -> int:
    """A port that nobody has, below those that the system itself gives away before the app takes it."""
    while True:
        port = random.randint(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class App:
    """A running app: its address, and its API to ask behind the page's back."""

    def __init__(self, folder: Path, **environment: str) -> None:
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OPENAI_", "ANTHROPIC_", "FOOTLIGHTS_", "DATABASE_URL"))
        }
        self.log = folder / "app.log"
        folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "app.py")],
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={
                    **clean,
                    "FOOTLIGHTS_DATA": str(folder),
                    "FOOTLIGHTS_PORT": str(port),
                    "FOOTLIGHTS_MODEL": "scripted",
                    **environment,
                },
            )
        # Each request has a connection of its own: the server closes an idle one after a while, which may
        # be while the next request is on its way.
        self.api = httpx2.Client(
            base_url=f"{self.address}/api",
            timeout=60,
            trust_env=False,
            limits=httpx2.Limits(max_keepalive_connections=0),
        )
        self._wait()

    def _wait(self) -> None:
        ticking = threading.Event()
        for _ in range(600):
            try:
                if self.api.get("/health").is_success:
                    return
            except httpx2.HTTPError:
                ticking.wait(0.1)  # nobody listens yet
            assert self.process.poll() is None, self.log.read_text()
        raise AssertionError(f"the app does not answer: {self.log.read_text()}")

    def close(self) -> None:
        self.api.close()
        self.process.terminate()
        self.process.wait(30)

    def ask(self, prompt: str, **more: Any) -> dict[str, Any]:
        """Ask through the API and wait for the end; the finished turn."""
        started = self.api.post("/turns", json={"prompt": prompt, **more}).json()
        self.api.get(f"/turns/{started['turn_id']}/events")
        return dict(self.api.get(f"/turns/{started['turn_id']}").json())


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with its samples, answering by script; ready when the finished demo is."""
    # More than Streamlit takes of itself, so that a test sees whose bound holds.
    app = App(tmp_path_factory.mktemp("app") / "data", FOOTLIGHTS_MAX_UPLOAD_MB="22")
    ticking = threading.Event()
    for _ in range(600):
        turns = app.api.get("/turns").json()
        if turns and turns[-1]["status"] == "done":
            break
        ticking.wait(0.2)
    else:
        raise AssertionError(f"the demo was not set up: {app.log.read_text()}")
    yield app
    app.close()


# Not for the session: Playwright keeps a loop running in this thread, in which no other test could run one.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    assert Path(CHROMIUM).exists(), f"no Chromium at {CHROMIUM}: install it, or set CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                # This machine under a name that is not its own: somebody from elsewhere.
                "--host-resolver-rules=MAP footlights.test 127.0.0.1",
            ],
        )
        yield browser
        browser.close()


class Tab:
    """A tab of the browser that fails its test when the page throws, logs an error, or asks anybody but the app."""

    def __init__(self, browser: Browser, address: str, **options: Any) -> None:
        size = {"width": 1440, "height": 900}
        self.context = browser.new_context(**{"viewport": size, **options})
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._logged)
        self.page.on("request", lambda request: self._own(request.url))
        self.address = address

    def _logged(self, said: ConsoleMessage) -> None:
        # That the page itself is not there (a link that has ended) is told by its own words.
        itself = "status of 404" in said.text and said.location["url"] == self.page.url
        if said.type == "error" and not itself:
            self.faults.append(f"the console says {said.text} at {said.location['url']}")

    def _own(self, url: str) -> None:
        if not re.match(r"(data|blob):", url) and not url.startswith(
            (self.address, self.address.replace("http", "ws", 1))
        ):
            self.faults.append(f"the page asked for {url}")

    def open(self, path: str = "/") -> Page:
        self.page.goto(self.address + path)
        self.settle()
        return self.page

    def settle(self) -> None:
        """Wait until the page is connected, its script has run, and nothing is being drawn."""
        self.page.wait_for_selector(SETTLED, timeout=60_000)
        expect(self.page.get_by_test_id("stSkeleton")).to_have_count(0)
        expect(self.page.get_by_test_id("stException")).to_have_count(0)


@pytest.fixture
def tab(chromium: Browser, served: App, request: pytest.FixtureRequest) -> Iterator[Tab]:
    """A fresh tab; `@pytest.mark.parametrize("tab", [{...}], indirect=True)` gives it options."""
    made = Tab(chromium, served.address, **getattr(request, "param", {}))
    yield made
    made.context.close()
    assert made.faults == []
