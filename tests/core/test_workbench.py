"""What a workbench holds on to, and until when."""

import gc
import weakref
from pathlib import Path

from tests.conftest import running, settings_for


def test_what_a_workbench_has_loaded_goes_when_it_is_closed(tmp_path: Path) -> None:
    with running(settings_for(tmp_path)) as bench:
        bench.bridge.run(bench._warm())
        assert gc.get_freeze_count() > 100_000
        loaded = weakref.ref(bench.passages)
    del bench
    gc.collect()
    assert loaded() is None
