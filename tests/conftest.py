"""What every test stands on: a network that ends at this machine, the real models, a fresh workbench."""

import gc
import os
import socket
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from core.settings import Settings
from tests.kept import keep

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_connect = socket.socket.connect
# What a developer may have set; a test sees none of it.
_OURS = ("OPENAI_", "ANTHROPIC_", "FOOTLIGHTS_", "DATABASE_URL")

# How long an example takes depends on what else runs here; timings are benchmarks. And the examples are
# the same in every run, so that chance fails nobody's: `--hypothesis-profile=search` looks for new ones.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None)
hypothesis.settings.load_profile("suite")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """What is imported lives as long as the process: it is not looked through for garbage, again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _kept() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        keep(patch)
        yield


def _guarded(self: socket.socket, address: Any) -> None:
    if isinstance(address, tuple) and address[0] not in _LOOPBACK:
        raise AssertionError(f"a test reached for {address[0]}: only loopback is allowed")
    _connect(self, address)


@pytest.fixture(autouse=True)
def _only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", _guarded)
    for name in list(os.environ):
        if name.startswith(_OURS):
            monkeypatch.delenv(name)
    monkeypatch.setitem(Settings.model_config, "env_file", None)


def settings_for(folder: Path, **given: Any) -> Settings:
    """Settings of a test: its own folder, the scripted model, no samples, unless it says otherwise."""
    values = {
        "FOOTLIGHTS_DATA": folder,
        "FOOTLIGHTS_MODEL": "scripted",
        "FOOTLIGHTS_SAMPLES": False,
    }
    return Settings(**{**values, **given})


@contextmanager
def running(settings: Settings) -> Iterator[Any]:
    """A workbench built from the settings and started, closed at the end."""
    from core.bootstrap import build

    bench = build(settings)
    bench.start()
    bench.first_look()
    try:
        yield bench
    finally:
        bench.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Any]:
    """A running workbench in an empty folder, answering by script."""
    with running(settings_for(tmp_path)) as made:
        yield made


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The address at which a real uvicorn serves the app from a thread of its own."""
    import uvicorn

    server = uvicorn.Server(
        uvicorn.Config(
            app, host="127.0.0.1", port=0, log_level="warning", loop="asyncio", http="h11"
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    ready = threading.Event()
    while not server.started:  # uvicorn tells nobody when it listens
        ready.wait(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def api(bench: Any) -> Iterator[str]:
    """The address of the API of `bench`."""
    from core.api import create_api

    with served(create_api(lambda: bench)) as address:
        yield address
