"""Pages by AppTest: the real frame over a real workbench in an empty folder, answering by script."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The workbench that the pages under test ask."""
    from pages.ui.session import KEPT, workbench

    monkeypatch.setenv("FOOTLIGHTS_DATA", str(tmp_path))
    monkeypatch.setenv("FOOTLIGHTS_MODEL", "scripted")
    monkeypatch.setenv("FOOTLIGHTS_SAMPLES", "0")
    if "FOOTLIGHTS_PROMPTS" not in os.environ:
        # A copy: what a test saves as the next version of a prompt must not stay in the project.
        shutil.copytree(ROOT / "prompts", tmp_path / "prompts-copy")
        monkeypatch.setenv("FOOTLIGHTS_PROMPTS", str(tmp_path / "prompts-copy"))
    st.cache_resource.clear()
    KEPT.clear()
    made = workbench()
    yield made
    made.close()
    st.cache_resource.clear()
    KEPT.clear()


Open = Callable[..., AppTest]


@pytest.fixture
def app(bench: Any) -> Open:
    """`app("traces", turn="...")` opens a page with these words in the address bar."""

    def open_page(page: str = "chat", **query: str) -> AppTest:
        test = AppTest.from_file(str(ROOT / "pages" / "frame.py"), default_timeout=60)
        for name, value in query.items():
            test.query_params[name] = value
        test.run()
        if page != "chat":
            test.switch_page(f"{page}/page.py")
            for name, value in query.items():
                test.query_params[name] = value
            test.run()
        assert not test.exception, test.exception
        return test

    return open_page


@pytest.fixture
def asked(bench: Any) -> Callable[..., Any]:
    """`asked("question")` asks, waits for the answer, and gives the finished turn."""
    from core.types import TurnRequest

    def ask(prompt: str, conversation_id: str | None = None, **more: Any) -> Any:
        request = TurnRequest(prompt, **more)
        started = bench.turns.start("local", request, conversation_id=conversation_id)
        for _ in bench.bridge.iterate(bench.turns.follow("local", started.turn_id), 60):
            pass
        return bench.turn_rows.get("local", started.turn_id)

    return ask
