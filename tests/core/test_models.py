"""Which model is meant by a ref, and what is said of one that is not there."""

from pathlib import Path

import pytest

from core.bootstrap import build
from core.errors import Misuse, NotFound
from tests.conftest import running, settings_for


def test_the_local_model_of_the_settings_is_known_by_the_name_of_its_weights(
    tmp_path: Path,
) -> None:
    with running(settings_for(tmp_path, FOOTLIGHTS_MODEL="local:smollm2-135m")) as bench:
        model = bench.models.resolve(None)
        assert (model.ref, model.window, model.passages) == ("local:smollm2-135m", 4096, 3)
        with pytest.raises(NotFound, match="no model local:smollm3"):
            bench.models.resolve("local:smollm3")


def test_a_start_with_a_local_model_that_nobody_knows_says_which_there_are(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="local:qwen9") as failed:
        build(settings_for(tmp_path, FOOTLIGHTS_MODEL="local:qwen9"))
    assert "local:smollm2-135m" in failed.value.hint
    assert "local:qwen2.5-coder-1.5b" in failed.value.hint
