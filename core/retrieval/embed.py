"""From texts to unit vectors, by a sentence-transformers model in a folder of this machine."""

import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]

BATCH = 16


@dataclass(frozen=True, slots=True)
class EmbeddingSpace:
    """What vectors must have in common to be compared."""

    model: str
    dimension: int
    normalised: bool = True

    @property
    def name(self) -> str:
        """The space in one word, for a column of the database."""
        return f"{self.model}/{self.dimension}/{'unit' if self.normalised else 'raw'}"


class Embedder:
    """Embeds texts; loads its model with the first one. Safe to share between threads: a question
    waits for one batch of an ingest, not for the ingest."""

    def __init__(self, folder: Path, model: str = "all-MiniLM-L6-v2") -> None:
        self._folder = folder
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.space = EmbeddingSpace(model, int(config["hidden_size"]))
        self._model: Any = None
        self._in_use = threading.Lock()
        # Locks are not fair: without a place to queue, an ingest would take its lock again and again.
        self._next = threading.Lock()

    def warm(self) -> None:
        """Load the model now, so that the first question does not wait for it."""
        self.embed_query("ready")

    def embed(
        self, texts: Sequence[str], on_progress: Callable[[int, int], None] | None = None
    ) -> Vectors:
        """One unit vector for each text, in their order: float32 of shape (n, dimension).

        `on_progress(done, total)` is called after each batch; what it raises ends the work.
        """
        vectors = np.zeros((len(texts), self.space.dimension), dtype=np.float32)
        # Alike lengths share a batch, the longest first: less filling, and memory peaks at once.
        order = sorted(range(len(texts)), key=lambda place: -len(texts[place]))
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            vectors[places] = self._encode([texts[place] for place in places])
            if on_progress:
                on_progress(min(start + BATCH, len(order)), len(order))
        return vectors

    def embed_query(self, text: str) -> Vectors:
        """The unit vector of a question: float32 of shape (dimension,)."""
        vector: Vectors = self._encode([text])[0]
        return vector

    def _encode(self, texts: list[str]) -> Vectors:
        # A question comes from outside and may hold half of a surrogate pair, which no tokenizer takes.
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        with self._next:
            self._in_use.acquire()
        try:
            if self._model is None:
                self._model = _load(self._folder)
            encoded = self._model.encode(
                clean, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False
            )
        finally:
            self._in_use.release()
        return np.asarray(encoded, dtype=np.float32)


def _load(folder: Path) -> Any:
    with _offline():
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # it would draw into the log of the app
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


@contextmanager
def _offline() -> Iterator[None]:
    """The library reads this when it is imported; nothing else in the process is to see it."""
    before = os.environ.get("HF_HUB_OFFLINE")
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["HF_HUB_OFFLINE"]
        else:
            os.environ["HF_HUB_OFFLINE"] = before
