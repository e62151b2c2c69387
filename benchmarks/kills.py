"""An ingest that is killed at random moments: what was acknowledged is indexed after the next start, once."""

import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from core.retrieval.indexes.index import FaissIndex
from core.retrieval.indexes.shard import Sizes

KILLS = 50
_USER = "local"
_DOCUMENTS = 2
_LONGEST_SECONDS = 1.0
# As if thirty passages were many, so that kills also meet the rebuilding of the index.
_SIZES = Sizes(exact=30, late=8, growth=2)


def main(kills: int = KILLS, seed: int = 7) -> None:
    """Kills, starts again and checks, in one folder; raises SystemExit with what does not agree."""
    # Imported once and forked, because a start of torch takes longer than the ingest.
    import faiss  # noqa: F401
    import safetensors.torch  # noqa: F401
    import tokenizers  # noqa: F401

    import core.bootstrap  # noqa: F401

    chance, start = random.Random(seed), time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "acknowledged").touch()
        for number in range(kills):
            delay = chance.uniform(0, _LONGEST_SECONDS)
            ended = _forked(lambda n=number, d=delay: _killed(folder, n, d))
            if ended != -signal.SIGKILL:
                raise SystemExit(f"kill {number}: the process ended with {ended}")
            if _forked(lambda: _checked(folder)):
                raise SystemExit(f"kill {number} after {delay:.3f} s: see above (seed {seed})")
        acknowledged = len((folder / "acknowledged").read_text().split())
    took = time.perf_counter() - start
    print(f"{kills} kills at random moments (seed {seed}), {took:.0f} s")
    print(f"{acknowledged} documents acknowledged, all of them indexed, each passage found once")


def _forked(work: Callable[[], None]) -> int:
    """The exit code of a process that does it."""
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        try:
            work()
            os._exit(0)
        except BaseException as error:  # the parent is told by the code, the reader by this
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _workbench(folder: Path) -> Any:
    from core.bootstrap import build
    from core.settings import Settings

    bench = build(
        Settings(
            _env_file=None,
            FOOTLIGHTS_DATA=folder / "data",
            FOOTLIGHTS_MODEL="scripted",
            FOOTLIGHTS_SAMPLES=False,
        )
    )
    space = bench.passages.embedder.space
    bench.passages._index = FaissIndex(folder / "data" / "index", space, _SIZES)
    bench.start()
    return bench


def _killed(folder: Path, number: int, delay: float) -> None:
    bench = _workbench(folder)
    kill = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGKILL))
    kill.daemon = True
    kill.start()
    with (folder / "acknowledged").open("a") as acknowledged:
        for place in range(_DOCUMENTS):
            text = "\n\n".join(
                f"# Part {part} of {number}-{place}\n\n" + f"Lamp {part} hangs on bar {place}. " * 6
                for part in range(8)
            )
            document, _ = bench.documents.add(_USER, f"{number}-{place}.md", text.encode())
            acknowledged.write(f"{document.id}\n")
            acknowledged.flush()
        if number % 3 == 2:
            bench.documents.delete(_USER, bench.documents.list(_USER)[-1].id)
    kill.join()


def _checked(folder: Path) -> None:
    bench = _workbench(folder)
    for _ in bench.bridge.iterate(bench.documents.settled(_USER), 120):
        pass
    there = {document.id: document for document in bench.documents.list(_USER)}
    for document in there.values():
        _is(document.status, "indexed", f"{document.name} is")
    rows = _rows(bench, list(there))
    passages = bench.passages
    passages.sync()
    _is(_in_index(passages._index, rows), sorted(rows), "the index has")
    words = passages._words.search(_USER, "lamp", 10**6) if passages._words.knows(_USER) else None
    if words:
        _is(sorted(words.best), sorted(rows), "the words have")
    found = [hit.chunk_id for hit in passages.find(_USER, "Which lamp hangs?", 50).hits]
    _is(len(found), len(set(found)), "hits, each once")
    _is(len(found), min(50, len(rows)), "hits")
    bench.close()
    again = FaissIndex(folder / "data" / "index", passages.embedder.space, _SIZES)
    if not again.load():
        raise AssertionError("the snapshot cannot be read")
    _is(_in_index(again, rows), sorted(rows), "the snapshot has")
    left = [path.name for path in (folder / "data").rglob("*.new")]
    _is(left, [], "left over")


def _rows(bench: Any, documents: list[str]) -> dict[int, Any]:
    rows: dict[int, Any] = {}
    for document in documents:
        space = bench.passages.embedder.space.name
        ids, vectors = bench.passages._documents.embeddings(_USER, document, space)
        count = len(bench.documents.passages(_USER, document, 0, 10_000))
        _is(len(ids), count, f"vectors of {document}")
        if not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4):
            raise AssertionError(f"a vector of {document} has another length than 1")
        rows |= dict(zip(ids.tolist(), vectors, strict=True))
    return rows


def _in_index(index: FaissIndex, rows: dict[int, Any]) -> list[int]:
    """All that it finds; and each vector must be the one of the row."""
    for number, vector in index.vectors(_USER, rows).items():
        if float(np.abs(vector - rows[number]).max()) > 1e-3:
            raise AssertionError(f"the vector of passage {number} is another one")
    vector = next(iter(rows.values()))
    return sorted(number for number, _ in index.search(_USER, vector, 10**6))


def _is(found: Any, expected: Any, what: str) -> None:
    if found != expected:
        raise AssertionError(f"{what} {json.dumps(found)[:300]}, not {json.dumps(expected)[:300]}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
