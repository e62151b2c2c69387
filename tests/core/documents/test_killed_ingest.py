"""kill -9 at random moments of an ingest, again and again in one folder."""

import subprocess
import sys

import pytest

from core.processes.child import ROOT


@pytest.mark.timeout(300)  # four starts and four checks, each with a model to load
def test_after_every_kill_files_rows_vectors_and_words_agree() -> None:
    # In a process of its own, because it forks. `make bench` kills fifty times.
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.kills", "4", "11"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "all of them indexed, each passage found once" in done.stdout
