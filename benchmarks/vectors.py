"""Many vectors that lie as real ones do: made from embeddings of the evaluation sets, or of the docs."""

import json
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.evaluate import SETS
from core.assets import MINILM, Assets
from core.retrieval.minilm import minilm
from core.retrieval.sentence_embedder import SentenceEmbedder
from core.settings import ROOT

Vectors = npt.NDArray[np.float32]

LONG = 800
_NEIGHBOURS = 50


def real() -> tuple[Vectors, Vectors, str]:
    """Embeddings of real passages and of real questions, and what they are of."""
    texts, questions = [], []
    for path in sorted(SETS.glob("*/docs.jsonl")):
        texts += [json.loads(line)["text"] for line in path.read_text("utf-8").splitlines()]
        lines = (path.parent / "queries.jsonl").read_text("utf-8").splitlines()
        questions += [json.loads(line)["query"] for line in lines]
    said = "passages and questions of the evaluation sets"
    if not texts:
        texts = [path.read_text("utf-8") for path in sorted(ROOT.glob("**/*.md"))]
        said = "passages of the docs (the evaluation sets are not there)"
    passages = [text[at : at + LONG] for text in texts for at in range(0, len(text), LONG)]
    embedder = SentenceEmbedder(Assets(ROOT / "data" / "models").find(MINILM), load=minilm)
    start = time.perf_counter()
    vectors = embedder.embed(passages)
    asked = embedder.embed(questions) if questions else vectors[::7]
    took = time.perf_counter() - start
    return vectors, asked, f"{len(passages):,} {said}, embedded in {took:.0f} s"


def perturbed(base: Vectors, count: int) -> Vectors:
    """A real passage, up to 0.8 of one of its 50 nearest, a quarter of the difference of two others,
    and noise of 0.01 in each dimension; the same every time."""
    chance = np.random.default_rng(7)
    nearest = np.argsort(-(base @ base.T), axis=1)[:, 1 : _NEIGHBOURS + 1]
    made = np.empty((count, base.shape[1]), np.float32)
    for start in range(0, count, 50_000):
        size = min(50_000, count - start)
        of, one, other = chance.integers(0, len(base), (3, size))
        beside = base[nearest[of, chance.integers(0, nearest.shape[1], size)]]
        share = chance.uniform(0, 0.8, (size, 1)).astype(np.float32)
        noise = chance.normal(0, 0.01, (size, base.shape[1])).astype(np.float32)
        mixed = base[of] + share * beside + 0.25 * (base[one] - base[other]) + noise
        made[start : start + size] = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    return made


def save(folder: Path) -> str:
    """Write `real` for other processes; what it is of."""
    vectors, asked, said = real()
    np.save(folder / "base.npy", vectors)
    np.save(folder / "asked.npy", asked)
    return said
