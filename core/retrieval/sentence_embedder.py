"""From texts to unit vectors, by a model in a folder of this machine: through sentence-transformers, or by
what else loads it."""

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import AssetUnavailable
from core.retrieval.embed import EmbeddingSpace, Payer, Told, Vectors

Encode = Callable[[list[str]], Vectors]
"""Unit vectors of a batch of texts."""
BATCH = 16
_KEPT_AT_ONCE = 64
_WEIGHTS = (".safetensors", ".bin")
_READ = (*_WEIGHTS, ".json", ".txt", ".model")
_HINT = "FOOTLIGHTS_EMBEDDER=st:<folder> wants a folder that SentenceTransformer.save has written."


class SentenceEmbedder:
    """Embeds texts; loads its model with the first one. Safe to share between threads: a question
    waits for one batch of an ingest, not for the ingest."""

    batch = _KEPT_AT_ONCE
    billed = None

    def __init__(
        self,
        folder: Path,
        model: str = "all-MiniLM-L6-v2",
        load: Callable[[Path], Encode] | None = None,
    ) -> None:
        self._folder = folder
        self.space = EmbeddingSpace(model, _dimension(folder))
        self._load = load or by_sentence_transformers
        self._model: Encode | None = None
        self._in_use = threading.Lock()
        # Locks are not fair: without a place to queue, an ingest would take its lock again and again.
        self._next = threading.Lock()

    def warm(self) -> None:
        """Load the model now, so that the first question does not wait for it."""
        self.embed_query("ready")

    def embed(
        self, texts: Sequence[str], on_progress: Told | None = None, *, payer: Payer | None = None
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

    def embed_query(self, text: str, *, payer: Payer | None = None) -> Vectors:
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
                self._model = self._loaded()
            return self._model(clean)
        finally:
            self._in_use.release()

    def _loaded(self) -> Encode:
        model = self._load(self._folder)
        if (made := model(["ready"]).shape[1]) != self.space.dimension:
            raise AssetUnavailable(
                f"the model in {self._folder.name} makes {made} dimensions, and its configuration says "
                f"{self.space.dimension}",
                hint=_HINT,
            )
        return model


def by_sentence_transformers(folder: Path) -> Encode:
    """Whatever model sentence-transformers reads."""
    with offline():
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # it would draw into the log of the app
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)

    def encode(texts: list[str]) -> Vectors:
        made = model.encode(
            texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(made, dtype=np.float32)

    return encode


def weights_hash(folder: Path) -> str:
    """The SHA-256 of everything that decides what the model in the folder makes of a text."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in _READ and path.is_file():
            digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def named_by_weights(folder: Path, name: str) -> tuple[str, str]:
    """The model's name with the beginning of its hash, so that other weights in the same folder are
    another space; and the whole hash. Raises AssetUnavailable when no model is there."""
    if not any(path.suffix in _WEIGHTS for path in folder.rglob("*")):
        raise AssetUnavailable(
            f"there is no sentence-transformers model in {folder}",
            hint="FOOTLIGHTS_EMBEDDER and FOOTLIGHTS_RERANKER want a folder with the weights of a model "
            "(st:<folder>), or one of the hub (st:<hub id>).",
        )
    digest = weights_hash(folder)
    return f"{name}@{digest[:12]}", digest


def from_hub(name: str, cache: Path) -> Path:
    """The folder of a model of the Hugging Face hub, fetched into `cache` when it is not there yet.
    Raises AssetUnavailable."""
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, cache_dir=cache, local_files_only=True))
    except (OSError, ValueError):
        pass  # not there yet
    try:
        found = snapshot_download(name, cache_dir=cache, ignore_patterns=["onnx/*", "openvino/*"])
    except (OSError, ValueError) as error:
        raise AssetUnavailable(
            f"the model {name} cannot be fetched from the hub ({type(error).__name__})",
            hint="Check the name and the network, or name a folder of this machine: st:<folder>.",
        ) from error
    return Path(found)


def _dimension(folder: Path) -> int:
    """Read off the configuration, because loading the model takes seconds."""
    modules = _json(folder / "modules.json", default=[{"path": ""}])
    try:
        dense = [each for each in modules if each.get("type", "").endswith("Dense")]
        if dense:
            return int(_json(folder / dense[-1]["path"] / "config.json")["out_features"])
        return int(_json(folder / modules[0]["path"] / "config.json")["hidden_size"])
    except (KeyError, TypeError, ValueError, OSError, IndexError) as error:
        raise AssetUnavailable(
            f"there is no sentence-transformers model in {folder}", hint=_HINT
        ) from error


def _json(path: Path, default: Any = None) -> Any:
    if default is not None and not path.exists():
        return default
    return json.loads(path.read_text(encoding="utf-8"))


@contextmanager
def offline() -> Iterator[None]:
    """No look at the hub: the library reads this when it is imported, and nobody else is to see it."""
    before = os.environ.get("HF_HUB_OFFLINE")
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["HF_HUB_OFFLINE"]
        else:
            os.environ["HF_HUB_OFFLINE"] = before
