"""kill -9 at any moment: what was acknowledged is there after the next start, and search agrees with it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import running, settings_for
from tests.core.turns.test_turns import followed

ROOT = Path(__file__).resolve().parents[3]

INGEST = """
import os, sys, threading
from pathlib import Path
from tests.conftest import settings_for
from core.bootstrap import build
bench = build(settings_for(Path(sys.argv[1])))
bench.start()
text = "\\n\\n".join(f"# Part {n}\\n\\nLamp number {n} hangs on bar {n % 7}. " * 8 for n in range(60))
document, _ = bench.documents.add("local", "long.md", text.encode())
print(document.id, flush=True)
while bench.documents.get("local", document.id).status != sys.argv[2]:
    threading.Event().wait(0.001)
os.kill(os.getpid(), 9)
"""

TURN = """
import os, sys, threading
from pathlib import Path
from tests.conftest import settings_for
from core.bootstrap import build
from core.types import TurnRequest
bench = build(settings_for(Path(sys.argv[1])))
bench.start()
started = bench.turns.start("local", TurnRequest("/words 5000 pace 2ms"))
print(started.turn_id, flush=True)
while len(bench.turn_rows.get("local", started.turn_id).answer) < 100:
    threading.Event().wait(0.001)
while len(bench.traces.read("local", started.turn_id)) < 2:
    threading.Event().wait(0.001)
os.kill(os.getpid(), 9)
"""


def killed(script: str, *arguments: str) -> str:
    """Run the script until it kills itself; what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    return done.stdout.strip()


def waited_for(bench: Any, document_id: str) -> Any:
    for _ in bench.bridge.iterate(bench.documents.settled("local", [document_id]), 60):
        pass
    return bench.documents.get("local", document_id)


def test_a_document_whose_ingest_was_killed_is_indexed_after_the_next_start(tmp_path: Path) -> None:
    for status in ("queued", "embedding"):
        folder = tmp_path / status
        document_id = killed(INGEST, str(folder), status)
        with running(settings_for(folder)) as bench:
            document = waited_for(bench, document_id)
            assert document.status == "indexed"
            hits = bench.bridge.run(bench.documents.search("local", "lamp number 41", 5))
            rows = bench.documents.passages("local", document_id, 0, 10_000)
            assert len(rows) == document.passages
            assert len(hits) == 5
            assert {hit.chunk for hit in hits} <= set(rows)


def test_what_was_indexed_is_found_after_a_kill_although_no_snapshot_was_written(
    tmp_path: Path,
) -> None:
    document_id = killed(INGEST, str(tmp_path), "indexed")
    with running(settings_for(tmp_path)) as bench:
        hits = bench.bridge.run(bench.documents.search("local", "lamp number 41", 3))
        assert [hit.document_id for hit in hits] == [document_id] * 3


def test_a_turn_whose_process_was_killed_keeps_its_words_and_is_marked_and_settled(
    tmp_path: Path,
) -> None:
    turn_id = killed(TURN, str(tmp_path))
    with running(settings_for(tmp_path)) as bench:
        events = followed(bench, turn_id)
        assert json.loads(bench.turn_rows.events("local", turn_id)[-1][1])["code"] == "interrupted"
        assert events[-1].type == "turn_failed"
        turn = bench.turn_rows.get("local", turn_id)
        assert turn.status == "interrupted"
        assert len(turn.answer) >= 100
        kept = [span.kind for span in bench.traces.read("local", turn_id)]
        assert kept == ["retrieval", "window"], "what had finished, and not what went on"
        [row] = bench.ledger.rows("local", turn_id=turn_id)
        assert row.state == "settled"
        assert row.usage is None or row.usage.source == "estimated"
