"""Ingest in passages per CPU second, against plain `SentenceTransformer.encode`, langchain with FAISS and
chromadb on the same passages; the embedder alone; and one question.

The peers are installed into an environment of their own that borrows torch from this one; where they
cannot be installed, that is said.
"""

import json
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from pathlib import Path

import psutil

from benchmarks import peer_process
from benchmarks.evaluate import SETS
from benchmarks.peer_process import one_question
from core.assets import MINILM, Assets
from core.bootstrap import build
from core.retrieval.minilm import minilm
from core.retrieval.sentence_embedder import SentenceEmbedder
from core.settings import ROOT, Settings

FILES, ROUNDS = 37, 3
_INSTALL_SECONDS = 600
_LONG = 250_000  # characters
_PACKAGES = {
    "plain encode": (),
    "langchain + FAISS": ("langchain-community", "langchain-huggingface"),
    "chromadb": ("chromadb",),
}


def main() -> None:
    """The rate of each, and ours as a multiple of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _long(folder)
        texts = _beside_peers(folder)
        _alone(folder, texts)


def _beside_peers(folder: Path) -> list[str]:
    python: dict[str, Path] = {}
    for peer, packages in _PACKAGES.items():
        if made := _environment(folder / "environment", packages):
            python[peer] = made
        else:
            print(f"{peer:18}  could not be installed here")
    ours: list[float] = []
    theirs: dict[str, list[float]] = {peer: [] for peer in python}
    for number in range(ROUNDS):  # in turn, because a shared machine is now faster and now slower
        fresh = folder / f"round{number}"
        cpu, texts = _ours(fresh, _files()[:FILES])
        for each in (folder, fresh):
            (each / "texts.json").write_text(json.dumps(texts))
        ours.append(len(texts) / cpu)
        for peer, rates in theirs.items():
            rates.append(len(texts) / _cpu(python[peer], peer, fresh))
    print(f"{len(texts)} passages, from the file to the search (reading and chunking included)")
    print(f"footlights          {statistics.median(ours):.1f} passages per CPU second")
    for peer, rates in theirs.items():
        ratios = [mine / its for mine, its in zip(ours, rates, strict=True)]
        print(
            f"{peer:18}  {statistics.median(rates):.1f} passages per CPU second: ratio "
            f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        )
    return texts


def _alone(folder: Path, texts: list[str]) -> None:
    """The embedder without what else an ingest is, and one question."""
    embedder = SentenceEmbedder(Assets(ROOT / "data" / "models").find(MINILM), load=minilm)
    embedder.embed(texts[:32])
    start = time.process_time()
    embedder.embed(texts)
    ours = len(texts) / (time.process_time() - start)
    theirs = len(texts) / _cpu(Path(sys.executable), "plain encode", folder)
    print(f"the embedder alone  {ours:.1f} passages per CPU second: ", end="")
    print(f"plain encode {theirs:.1f}: ratio {ours / theirs:.2f}")
    asked, plain = (
        one_question(embedder.embed_query),
        _cpu(Path(sys.executable), "question", folder),
    )
    print(
        f"one question        {asked * 1e3:.1f} ms of CPU, plain encode {plain * 1e3:.1f}: ", end=""
    )
    print(f"ratio {asked / plain:.2f}")


def _long(folder: Path) -> None:
    """One long file, where what each file costs once does not count."""
    cpu, texts = _ours(folder / "long", [_long_file()])
    (folder / "texts.json").write_text(json.dumps(texts))
    ours, theirs = len(texts) / cpu, len(texts) / _cpu(Path(sys.executable), "plain encode", folder)
    print(
        f"one long file       {ours:.1f} passages per CPU second ({len(texts)} passages): ", end=""
    )
    print(f"plain encode {theirs:.1f}: ratio {ours / theirs:.2f}")


def _ours(data: Path, files: list[tuple[str, str]]) -> tuple[float, list[str]]:
    settings = Settings(
        _env_file=None,
        FOOTLIGHTS_DATA=data,
        FOOTLIGHTS_MODEL="scripted",
        FOOTLIGHTS_SAMPLES=False,
    )
    bench = build(settings)
    bench.start()
    bench.passages.warm()
    before = _spent()
    # All at once, as somebody drops a folder.
    added = [bench.documents.add("local", name, text.encode())[0] for name, text in files]
    for _ in bench.bridge.iterate(bench.documents.settled("local"), 600):
        pass
    spent = _spent() - before
    texts = [
        passage.text
        for each in added
        for passage in bench.documents.passages("local", each.id, 0, 100_000)
    ]
    bench.close()
    return spent, texts


def _spent() -> float:
    """CPU seconds of this process and of all that it started, also of those that still run and of theirs."""
    children = [each.cpu_times() for each in psutil.Process().children()]
    return sum(os.times()[:4]) + sum(sum(each[:4]) for each in children)


def _files() -> list[tuple[str, str]]:
    sets = sorted(SETS.glob("codebase/docs.jsonl"))
    if sets:
        rows = [json.loads(line) for line in sets[0].read_text("utf-8").splitlines()]
        return [(f"{row['title']}.txt", row["text"]) for row in rows]
    return [(path.name, path.read_text("utf-8")) for path in sorted(ROOT.glob("**/*.md"))]


def _long_file() -> tuple[str, str]:
    sets = sorted(SETS.glob("chroma/docs.jsonl"))
    if sets:
        rows = [json.loads(line) for line in sets[0].read_text("utf-8").splitlines()]
        return "long.md", max((row["text"] for row in rows), key=len)[:_LONG]
    return "long.md", "\n\n".join(text for _, text in _files())[:_LONG]


def _environment(folder: Path, packages: tuple[str, ...]) -> Path | None:
    """Its Python, with the packages; None when they are not to be had."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        ours = sysconfig.get_path("purelib")
        [site] = folder.glob("lib/python*/site-packages")
        (site / "borrowed.pth").write_text(f"{ours}\n")
    if packages:
        try:
            subprocess.run(
                [python, "-m", "pip", "install", "--quiet", *packages],
                check=True,
                capture_output=True,
                timeout=_INSTALL_SECONDS,
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return None
    return python


def _cpu(python: Path, peer: str, folder: Path) -> float:
    model = Assets(ROOT / "data" / "models").find(MINILM)
    done = subprocess.run(
        [python, peer_process.__file__, peer, str(model), str(folder)],
        env={**os.environ, "HF_HUB_OFFLINE": "1", "ANONYMIZED_TELEMETRY": "False"}
        | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
    )
    return float(done.stdout.split()[-1])
