"""Embeddings of a vendor: one call as a stream without words, so that it goes through the same guards."""

import base64
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from core.clean_text import clean
from core.errors import Misuse
from core.events import ModelDone, ModelEvent
from core.llm.counts import number, reported
from core.llm.faults import Faults
from core.llm.provider import Provider
from core.types import ModelRequest, Usage

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EmbeddingRequest:
    """Texts for a model, none of them empty; `shorten` asks for the dimension instead of trusting it."""

    model: str
    texts: tuple[str, ...]
    dimension: int
    shorten: bool = False


@runtime_checkable
class Embeds(Protocol):
    """A provider that can embed."""

    async def embed(self, request: EmbeddingRequest) -> tuple[Matrix, Usage | None]:
        """The vectors in the order of the texts, and the usage if it was reported."""
        ...


@dataclass
class EmbeddingCall:
    """A provider for one call: asks for the vectors, keeps them, and says that it is done."""

    provider: Provider
    request: EmbeddingRequest
    vectors: Matrix = field(default_factory=lambda: np.empty((0, 0), np.float32))

    def __post_init__(self) -> None:
        if not isinstance(self.provider, Embeds):
            raise Misuse(
                f"{self.provider.name} makes no embeddings", hint="Choose another embedder."
            )

    @property
    def name(self) -> str:
        """The part of the ref before the colon."""
        return self.provider.name

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """Nothing but the end, with the usage."""
        assert isinstance(self.provider, Embeds)
        self.vectors, usage = await self.provider.embed(self.request)
        yield ModelDone("stop", usage, request.model)

    async def close(self) -> None:
        """Nothing: the provider belongs to somebody else."""


def body(request: EmbeddingRequest) -> dict[str, Any]:
    """What is sent; base64 is a quarter of the bytes of decimal numbers."""
    sent: dict[str, Any] = {
        "model": request.model,
        "input": [clean(text) for text in request.texts],
        "encoding_format": "base64",
    }
    return {**sent, "dimensions": request.dimension} if request.shorten else sent


def most_bytes(request: EmbeddingRequest) -> int:
    """Of an answer: a number has 20 characters at most, with its comma and some room."""
    return 2**20 + len(request.texts) * request.dimension * 32


def read(answer: Any, request: EmbeddingRequest, faults: Faults) -> tuple[Matrix, Usage | None]:
    """The vectors, each of length 1, and the usage; raises Malformed, billable, for anything else."""
    rows = answer.get("data") if isinstance(answer, Mapping) else None
    try:
        # Each says its place: nothing promises that they come in order.
        by_place = {int(row["index"]): _vector(row["embedding"]) for row in rows or ()}
        vectors = np.stack([by_place[place] for place in range(len(request.texts))])
        if vectors.shape[1] != request.dimension:
            raise ValueError(f"{vectors.shape[1]} dimensions instead of {request.dimension}")
        if not np.isfinite(vectors).all():
            raise ValueError("one of them is not finite")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        said = error if isinstance(error, ValueError) else "not one vector for each text"
        fault = faults.make("junk", f"its embeddings cannot be used: {said}")
        fault.billable = True  # it has answered, and written the bill
        raise fault from None
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    counts = (number(answer, "usage", name) for name in ("prompt_tokens", "total_tokens"))
    usage = reported(next((each for each in counts if each is not None), None), 0)
    return (vectors / np.maximum(lengths, 1e-12)).astype(np.float32), usage


def _vector(sent: str | Sequence[float]) -> Matrix:
    # Compatible servers send numbers whatever they were asked for.
    if isinstance(sent, str):
        return np.frombuffer(base64.b64decode(sent, validate=True), "<f4").astype(np.float32)
    with np.errstate(over="ignore"):  # what is too large is infinite, and refused as that
        return np.asarray(sent, dtype=np.float32)
