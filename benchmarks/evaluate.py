"""`make eval`: how much of what is asked for the search finds, on sets that lie beside the project.

Every file goes through the whole ingest and every question through the search of the app. Nothing is
tuned to a set; `--cache FOLDER` keeps embeddings by the hash of their text between two runs.
"""

import argparse
import hashlib
import importlib.util
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from core.assets import MINILM, Assets
from core.documents.ingest import Ingest
from core.documents.passages import Passages
from core.embedding.choice import choose_reranker
from core.embedding.kept import Embedding
from core.retrieval.chunk import Chunker
from core.retrieval.embed import Embedder, Payer, Vectors
from core.retrieval.indexes.index import FaissIndex
from core.retrieval.indexes.lexical import LexicalIndex
from core.retrieval.minilm import minilm
from core.retrieval.reading.extract import sniff
from core.retrieval.rerank import Reranker
from core.retrieval.sentence_embedder import SentenceEmbedder
from core.settings import ROOT, Settings
from core.store.blobs import Blobs
from core.store.documents import Documents
from core.store.embeddings import Embeddings
from core.store.engine import make_engine, migrate

SETS = ROOT.parent / "shared" / "data" / "retrieval"
SUFFIXES = {"chroma": ".md", "codebase": ".txt"}
_USER = "local"
SCORES = ("R@5", "Rc4k", "MRR@10", "nDCG@10")


class _Remembering(SentenceEmbedder):
    """The embedder of the app; what it has embedded before comes out of a folder."""

    def __init__(self, folder: Path, cache: Path) -> None:
        super().__init__(folder, load=minilm)
        self._cache = cache
        cache.mkdir(parents=True, exist_ok=True)

    def embed(
        self,
        texts: Sequence[str],
        on_progress: Callable[[int, int], None] | None = None,
        *,
        payer: Payer | None = None,
    ) -> Vectors:
        paths = [self._cache / hashlib.sha256(text.encode()).hexdigest() for text in texts]
        new = [place for place, path in enumerate(paths) if not path.exists()]
        made = super().embed([texts[place] for place in new], on_progress)
        for place, vector in zip(new, made, strict=True):
            paths[place].write_bytes(vector.tobytes())
        return np.stack([np.frombuffer(path.read_bytes(), np.float32) for path in paths])


class _Set:
    """One set in a database of its own: ingested as uploads are, searched as questions are."""

    def __init__(
        self,
        name: str,
        folder: Path,
        embedder: Embedder,
        chunker: Chunker,
        reranker: Reranker | None,
    ) -> None:
        engine = make_engine(f"sqlite:///{folder / name}.db")
        migrate(engine)
        self._documents, self._blobs = Documents(engine), Blobs(folder / name)
        index = FaissIndex(folder / f"{name}.index", embedder.space)
        self._passages = Passages(
            self._documents, index, LexicalIndex(), embedder, reranker=reranker
        )
        self._ingest = Ingest(
            self._documents,
            self._blobs,
            self._passages,
            Embedding(embedder, Embeddings(engine)),
            lambda: chunker,
        )
        self._spans: dict[tuple[str, int], tuple[int, int]] = {}
        self.seconds: list[float] = []

    def add(self, document_id: str, name: str, text: str) -> int:
        """Ingest a file; how many passages it has."""
        data = text.encode()
        sha256, kind = self._blobs.put(data), sniff(name, data)
        row, _ = self._documents.add(_USER, document_id, name, sha256, len(data), kind, document_id)
        self._ingest.run(_USER, row)
        chunks = self._documents.passages(_USER, row.id, limit=1_000_000)
        # Reading a file changes its spaces and keeps its letters, so a place is found by counting.
        places = [place for place, letter in enumerate(text) if not letter.isspace()]
        seen = 0
        for chunk in chunks:
            first, seen = seen, seen + sum(not letter.isspace() for letter in chunk.text)
            self._spans[document_id, chunk.seq] = places[first], places[seen - 1] + 1
        if seen != len(places):
            raise SystemExit(f"{name}: {len(places)} letters were given and {seen} are found again")
        return len(chunks)

    def retrieve(self, query: str, k: int) -> list[tuple[str, int, int, str]]:
        """Passages in the form of score.py, at their places in the file as it was given."""
        start = time.perf_counter()
        hits = self._passages.find(_USER, query, k).hits
        self.seconds.append(time.perf_counter() - start)
        return [
            (hit.document_id, *self._spans[hit.document_id, hit.chunk.seq], hit.chunk.text)
            for hit in hits
        ]


def main(arguments: Sequence[str]) -> None:
    """The scores of both sets under the table of reference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, help="a folder that keeps embeddings")
    parser.add_argument("--sets", type=Path, default=SETS, help="the folder of the sets")
    options = parser.parse_args(arguments)
    cache, sets = options.cache, options.sets
    if not (sets / "score.py").exists():
        print(f"Skipped: the evaluation sets are not there ({sets}).")
        return
    model = Assets(ROOT / "data" / "models").find(MINILM)
    embedder = _Remembering(model, cache) if cache else SentenceEmbedder(model, load=minilm)
    reranker = choose_reranker(Settings().reranker, ROOT / "data" / "models" / "hub")
    chunker = Chunker(model / "tokenizer.json")
    scores, notes = [], []
    score = _score(sets / "score.py")
    with tempfile.TemporaryDirectory() as folder:
        for name, ending in SUFFIXES.items():
            means, note = _evaluate(
                _Set(name, Path(folder), embedder, chunker, reranker), name, ending, score
            )
            scores += [f"{means[column]:.1f}" for column in SCORES]
            notes.append(note)
    table = (sets / "README.md").read_text(encoding="utf-8").split("\n")
    print(*(line for line in table if line.startswith("|")), sep="\n")
    print(f"| **this search** | {' | '.join(scores)} |\n")
    print(*notes, sep="\n")


def _evaluate(tried: _Set, name: str, ending: str, score: Any) -> tuple[dict[str, float], str]:
    documents, queries = score.load(name)
    passages = 0
    for number, each in enumerate(documents, 1):
        passages += tried.add(each["doc_id"], f"{each['title']}{ending}", each["text"])
        print(f"\r{name}: {number} of {len(documents)} files", end="", file=sys.stderr)
    print(file=sys.stderr)
    tried.retrieve("The first question reads the words.", 5)
    tried.seconds.clear()
    means, _ = score.evaluate(tried.retrieve, queries)
    took = 1000 * median(tried.seconds)
    note = f"{name}: {passages:,} passages, {len(queries)} questions, {took:.0f} ms each (median)"
    return means, note


def _score(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location("score", file)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{file} cannot be read")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main(sys.argv[1:])
