"""The words of a hundred thousand passages: a start with what was kept, against reading every text again."""

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.evaluate import SETS
from core.retrieval.indexes.lexical import LexicalIndex, Listed
from core.settings import ROOT

PASSAGES = 100_000
_IN_DOCUMENT = 50
_QUERY = "how is the load of a circuit measured?"


def main() -> None:
    """Seconds and CPU seconds of both, and of a query."""
    with tempfile.TemporaryDirectory() as name:
        built, loaded = (_child(step, Path(name)) for step in ("build", "load"))
    print(f"{PASSAGES:,} passages, {built['disk']:.0f} MB on the disk")
    print(f"read from the texts  {built['seconds']:.1f} s, {built['cpu']:.1f} s of CPU")
    print(f"start with the kept  {loaded['seconds']:.2f} s, {loaded['cpu']:.2f} s of CPU")
    print(f"ratio                {loaded['cpu'] / built['cpu']:.3f}")
    print(f"a query              {loaded['query']:.1f} ms of CPU, in both the same hits")
    if built["hits"] != loaded["hits"]:
        raise SystemExit("what was kept finds something else")


def _child(step: str, folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.words", step, str(folder)],
        stdout=subprocess.PIPE,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def build(folder: Path) -> dict[str, Any]:
    """Reads the texts, as the first search of a user whose words were not kept does."""
    listed = list(_documents())
    index = LexicalIndex(folder)
    start, cpu = time.perf_counter(), time.process_time()
    index.add("local", listed)
    taken = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}
    index.snapshot(1)
    disk = sum(path.stat().st_size for path in folder.iterdir()) / 2**20
    return {**taken, "disk": disk, "hits": index.search("local", _QUERY, 100).best}


def load(folder: Path) -> dict[str, Any]:
    """A fresh process: loads what was kept and answers."""
    start, cpu = time.perf_counter(), time.process_time()
    index = LexicalIndex(folder)
    if index.load() != 1:
        raise SystemExit("what was kept was not taken up")
    hits = index.search("local", _QUERY, 100).best
    taken = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}
    before = time.process_time()
    for _ in range(50):
        index.search("local", _QUERY, 100)
    return {**taken, "query": 20 * (time.process_time() - before), "hits": hits}


def _documents() -> Any:
    """Passages of 130 words in runs of five from real texts, so that words are as frequent as in them."""
    texts = [
        json.loads(line)["text"]
        for path in sorted(SETS.glob("*/docs.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ] or [path.read_text("utf-8") for path in sorted(ROOT.glob("**/*.md"))]
    words, chance = " ".join(texts).split(), random.Random(7)
    for document in range(PASSAGES // _IN_DOCUMENT):
        passages = []
        for _ in range(_IN_DOCUMENT):
            runs = (chance.randrange(len(words) - 5) for _ in range(26))
            passages.append(" ".join(word for at in runs for word in words[at : at + 5]))
        first = document * _IN_DOCUMENT
        yield Listed(f"d{document}", range(first, first + _IN_DOCUMENT), passages)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(json.dumps({"build": build, "load": load}[sys.argv[1]](Path(sys.argv[2]))))
    else:
        main()
