"""Searching 10 thousand, 100 thousand and a million vectors, against a flat index of FAISS."""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil

from benchmarks import vectors
from core.retrieval.embed import EmbeddingSpace
from core.retrieval.indexes.index import FaissIndex

SIZES = (10_000, 100_000, 1_000_000)
ASKED = 700
_USER = "local"
_K = 10
_SPACE = EmbeddingSpace("all-MiniLM-L6-v2", 384)
_DOCUMENT = 500  # passages


def main(base: Path | None = None, sizes: Sequence[int] = SIZES) -> None:
    """For each size, in processes of their own: what building, starting and a query cost."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if base:
            for each in ("base.npy", "asked.npy"):
                shutil.copy(base / each, folder)
            print("from embeddings made before")
        else:
            print(vectors.save(folder))
        for size in sizes:
            built, flat, ours = (_child(step, folder, size) for step in ("build", "flat", "serve"))
            print(f"\n{size:,} vectors of 384 dimensions ({built['kind']})")
            print(
                f"  built in            {built['seconds']:.1f} s, {built['disk']:.0f} MB on the disk"
            )
            print(f"  start               {ours['start']:.2f} s to the first answer")
            for label, key, unit in (
                ("a query, median", "p50", "ms"),
                ("CPU of a query", "cpu", "ms"),
                ("memory", "memory", "MB"),
            ):
                ratio = ours[key] / flat[key]
                print(
                    f"  {label:18}  {ours[key]:.2f} {unit}, flat {flat[key]:.2f}: ratio {ratio:.3f}"
                )
            print(f"  recall@10           {ours['recall']:.4f}")
            print(f"  score, furthest off {ours['off']:.6f} of the cosine")
            print(f"  in 1 % of documents {ours['filtered']:.2f} ms, recall@10 {ours['found']:.4f}")


def _child(step: str, folder: Path, size: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.index", step, str(folder), str(size)],
        stdout=subprocess.PIPE,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def build(folder: Path, size: int) -> dict[str, Any]:
    """Adds documents one by one, as an ingest does, and waits for the background."""
    made = vectors.perturbed(np.load(folder / "base.npy"), size)
    asked = np.load(folder / "asked.npy")[:ASKED]
    _truth(folder, made, asked)
    shutil.rmtree(folder / "index", ignore_errors=True)
    index = FaissIndex(folder / "index", _SPACE)
    start = time.perf_counter()
    for at in range(0, size, _DOCUMENT):
        rows = made[at : at + _DOCUMENT]
        index.add(_USER, np.arange(at, at + len(rows)), rows, f"document {at // _DOCUMENT}")
    index.settle()
    seconds = time.perf_counter() - start
    index.snapshot(1)
    np.save(folder / "made.npy", made)
    disk = sum(path.stat().st_size for path in (folder / "index").iterdir()) / 2**20
    kind = "approximate" if index.approximate(_USER) else "exact"
    return {"seconds": seconds, "disk": disk, "kind": kind}


def _truth(folder: Path, made: vectors.Vectors, asked: vectors.Vectors) -> None:
    import faiss

    scores, ids = faiss.knn(asked, made, _K, metric=faiss.METRIC_INNER_PRODUCT)
    np.save(folder / "truth.npy", ids)
    np.save(folder / "scores.npy", scores)
    some = np.flatnonzero(np.arange(len(made)) // _DOCUMENT % 100 == 0)
    _, places = faiss.knn(asked, made[some], _K, metric=faiss.METRIC_INNER_PRODUCT)
    np.save(folder / "some.npy", some[places])


def flat(folder: Path, size: int) -> dict[str, Any]:
    """What a user would use instead, with one thread: the fastest for one query."""
    import faiss

    faiss.omp_set_num_threads(1)
    before = psutil.Process().memory_info().rss
    index: Any = faiss.IndexFlatIP(_SPACE.dimension)
    made = np.load(folder / "made.npy", mmap_mode="r")
    for at in range(0, size, 100_000):
        index.add(np.array(made[at : at + 100_000]))
    del made
    asked = np.load(folder / "asked.npy")[: 100 if size > 100_000 else ASKED]
    p50, cpu, _ = _timed(asked, lambda vector: index.search(vector[None, :], _K))
    return {"p50": p50, "cpu": cpu, "memory": _grown(before)}


def serve(folder: Path, _: int) -> dict[str, Any]:
    """A fresh process: loads the snapshot and answers."""
    import faiss

    asked = np.load(folder / "asked.npy")[:ASKED]
    faiss.omp_set_num_threads(1)
    before = psutil.Process().memory_info().rss
    start = time.perf_counter()
    index = FaissIndex(folder / "index", _SPACE)
    if index.load() != 1:
        raise SystemExit("the snapshot was not taken up")
    index.search(_USER, asked[0], _K)
    started = time.perf_counter() - start
    _timed(asked, lambda vector: index.search(_USER, vector, _K))
    p50, cpu, hits = _timed(asked, lambda vector: index.search(_USER, vector, _K))
    memory = _grown(before)
    count = len(np.load(folder / "made.npy", mmap_mode="r"))
    some = frozenset(f"document {n}" for n in range(0, count // _DOCUMENT, 100))
    filtered, _, few = _timed(asked, lambda vector: index.search(_USER, vector, _K, some))
    return {
        "start": started,
        "p50": p50,
        "cpu": cpu,
        "memory": memory,
        "recall": _recall(hits, np.load(folder / "truth.npy")),
        "off": _off(folder, hits),
        "filtered": filtered,
        "found": _recall(few, np.load(folder / "some.npy")),
    }


def _timed(
    asked: vectors.Vectors, search: Callable[[vectors.Vectors], Any]
) -> tuple[float, float, list[Any]]:
    """The median and the CPU time of a query in milliseconds, and what was found."""
    seconds, found = [], []
    cpu = time.process_time()
    for vector in asked:
        start = time.perf_counter()
        found.append(search(vector))
        seconds.append(time.perf_counter() - start)
    return 1000 * median(seconds), 1000 * (time.process_time() - cpu) / len(asked), found


def _recall(hits: list[list[tuple[int, float]]], truth: Any) -> float:
    shared = [len({n for n, _ in row} & set(ids)) for row, ids in zip(hits, truth, strict=True)]
    return sum(shared) / (_K * len(hits))


def _off(folder: Path, hits: list[list[tuple[int, float]]]) -> float:
    made = np.load(folder / "made.npy", mmap_mode="r")
    asked = np.load(folder / "asked.npy")
    pairs = zip(hits, asked, strict=False)
    return max(abs(float(made[n] @ v) - score) for row, v in pairs for n, score in row)


def _grown(before: int) -> float:
    return (psutil.Process().memory_info().rss - before) / 2**20


_STEPS = {"build": build, "flat": flat, "serve": serve}

if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in _STEPS:
        print(json.dumps(_STEPS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))))
    else:
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("--base", type=Path, help="a folder with base.npy and asked.npy")
        parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
        options = parser.parse_args()
        main(options.base, options.sizes)
