"""Another embedder, on the page: what waits, what it takes, a button, and the way back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.conftest import running, settings_for
from tests.core.documents.test_reembedding import added, through
from tests.core.embedding.embedders import tiny

Open = Callable[..., AppTest]


def texts(test: AppTest) -> str:
    kinds = (test.markdown, test.caption, test.error)
    return "\n".join(element.value for kind in kinds for element in kind)


@pytest.fixture
def before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """The passages that were embedded with MiniLM before the app started with another embedder."""
    with running(settings_for(tmp_path)) as first:
        passages: int = added(first).passages
    monkeypatch.setenv("FOOTLIGHTS_EMBEDDER", f"st:{tiny(tmp_path)}")
    return passages


def test_chat_and_index_say_what_waits_and_the_button_begins_it(
    before: int, bench: Any, app: Open
) -> None:
    passages = before
    said = f"{passages} passages were embedded with all-MiniLM-L6-v2; tiny is configured."
    test = app()
    assert said in texts(test)
    assert "(measured on this machine) and costs $0" in texts(test)
    [button] = [each for each in test.button if each.key == "reembed_start"]
    assert button.label == f"Re-embed {passages} passages"
    assert bench.reembedder.due("local").job is None

    button.click().run()
    through(bench)
    test.run()

    assert said not in texts(test)
    assert not test.exception
