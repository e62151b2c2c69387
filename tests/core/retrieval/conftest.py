"""The real embedder and its tokenizer."""

from pathlib import Path

import pytest

from core.processes.child import ROOT
from core.retrieval.chunk import Chunker
from core.retrieval.minilm import minilm as load
from core.retrieval.sentence_embedder import SentenceEmbedder


@pytest.fixture(scope="session")
def minilm() -> Path:
    """The folder into which `make test` fetches all-MiniLM-L6-v2."""
    return ROOT / "data" / "models" / "all-minilm-l6-v2"


@pytest.fixture(scope="session")
def chunker(minilm: Path) -> Chunker:
    return Chunker(minilm / "tokenizer.json")


@pytest.fixture(scope="session")
def embedder(minilm: Path) -> SentenceEmbedder:
    return SentenceEmbedder(minilm, load=load)
