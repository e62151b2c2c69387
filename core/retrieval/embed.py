"""The seam to every embedder: texts go in, unit vectors come out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
NOTHING: Vectors = np.empty(0, np.float32)
"""The vector of a question that need not be embedded."""
Told = Callable[[int, int], None]
"""Told how many texts are done, and how many there are."""


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


def model_of(space_name: str) -> str:
    """The model's name out of that of its space, for people."""
    return space_name.rsplit("/", 2)[0].partition("@")[0]


@dataclass(frozen=True, slots=True)
class Payer:
    """For whom is embedded, and what pays besides the owner's day and month; "" is nothing."""

    user: str
    turn_id: str = ""
    conversation_id: str = ""
    key_id: str = ""
    link_id: str = ""
    visitor_id: str = ""


@runtime_checkable
class Asks(Protocol):
    """An embedder that answers over the network."""

    async def ask(self, text: str, payer: Payer) -> Vectors:
        """The unit vector of a question, waited for on a loop. Raises core.errors."""
        ...


class Embedder(Protocol):
    """Something that embeds; safe to share between threads."""

    @property
    def space(self) -> EmbeddingSpace:
        """The space of its vectors, known without loading or asking anything."""
        ...

    @property
    def batch(self) -> int:
        """How many texts are best given at once; what was made of them can then be kept."""
        ...

    @property
    def billed(self) -> str | None:
        """The ref `provider:model` that sends a bill; None for one that runs on this machine."""
        ...

    def embed(
        self, texts: Sequence[str], on_progress: Told | None = None, *, payer: Payer | None = None
    ) -> Vectors:
        """One unit vector for each text, in their order: float32 of shape (n, dimension).

        `on_progress(done, total)` is called after each batch; what it raises ends the work. One that
        costs money needs a payer. Raises core.errors.
        """
        ...

    def embed_query(self, text: str, *, payer: Payer | None = None) -> Vectors:
        """The unit vector of a question: float32 of shape (dimension,)."""
        ...

    def warm(self) -> None:
        """Load what the first question would wait for; never spends money."""
        ...
