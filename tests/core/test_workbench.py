"""What a workbench holds on to, and until when."""

import gc
import weakref
from pathlib import Path

import pytest

from tests.conftest import running, settings_for
from tests.kept import heap_of_its_own


def test_what_a_workbench_has_loaded_goes_when_it_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with heap_of_its_own(monkeypatch):
        with running(settings_for(tmp_path)) as bench:
            bench.bridge.run(bench._warm())
            assert gc.get_freeze_count() > 100_000
            loaded = weakref.ref(bench.passages)
        del bench
        gc.collect()
        assert loaded() is None
