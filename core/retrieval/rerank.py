"""A cross-encoder: reads the question and a passage together, and so orders the best ones better."""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from core.errors import AssetUnavailable
from core.retrieval.sentence_embedder import offline
from core.types import Candidate

READ = 24
"""Passages that are read with the question: each costs what embedding it costs."""
_PIECES = 512
_HINT = "FOOTLIGHTS_RERANKER=st:<folder> wants a folder that CrossEncoder.save has written."


class Reranker(Protocol):
    """Orders passages for a question."""

    @property
    def name(self) -> str:
        """The model, with the beginning of the hash of its weights."""
        ...

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers the question, 0 to 1."""
        ...


class CrossEncoderReranker:
    """A cross-encoder of sentence-transformers with one output, in a folder of this machine; loads its
    model with the first question. Safe to share between threads."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self._folder = folder
        self._model: Any = None
        self._in_use = threading.Lock()
        _check(folder)

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers the question, 0 to 1."""
        pairs = [
            tuple(each.encode("utf-8", "replace").decode() for each in (question, text))
            for text in texts
        ]
        with self._in_use:
            if self._model is None:
                self._model = self._load()
            made = self._model.predict(pairs, show_progress_bar=False) if pairs else []
        return [float(each) for each in made]

    def _load(self) -> Any:
        with offline():
            import torch
            from sentence_transformers import CrossEncoder

            return CrossEncoder(
                str(self._folder),
                device="cpu",
                local_files_only=True,
                max_length=_PIECES,
                activation_fn=torch.nn.Sigmoid(),
            )


def rerank(
    candidates: Sequence[Candidate], reranker: Reranker, question: str, texts: Mapping[int, str]
) -> list[Candidate]:
    """The same candidates: those with a text by how well it answers the question, then the others as
    they were. Equal ones keep their order."""
    read = [each for each in candidates if each.chunk_id in texts]
    scores = reranker.scores(question, [texts[each.chunk_id] for each in read])
    known = [replace(each, read=score) for each, score in zip(read, scores, strict=True)]
    known.sort(key=lambda each: -(each.read or 0.0))
    return [*known, *(each for each in candidates if each.chunk_id not in texts)]


def _check(folder: Path) -> None:
    """Refuse at the start what could only fail at the first question."""
    try:
        told = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        labels = told.get("num_labels", len(told.get("id2label") or {}))
    except (OSError, ValueError, AttributeError) as error:
        raise AssetUnavailable(f"there is no cross-encoder in {folder}", hint=_HINT) from error
    if labels != 1:
        raise AssetUnavailable(
            f"the model in {folder} gives {labels} figures for a pair, and an order needs one",
            hint="Choose a cross-encoder for passages, such as cross-encoder/ms-marco-MiniLM-L6-v2.",
        )
