"""The seam to every model: a request goes in, events come out, and no vendor's type crosses."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from core.events import ModelEvent
from core.types import ModelRequest


class Provider(Protocol):
    """Something that answers.

    A stream ends with exactly one `ModelDone`, or raises one of `core.errors`. Whoever leaves it
    early closes it with `aclose()` (or `contextlib.aclosing`), which also ends the vendor's work.
    """

    @property
    def name(self) -> str:
        """The part of a model's ref before the colon."""
        ...

    def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """The answer as it comes."""
        ...

    async def close(self) -> None:
        """Give back connections and processes; the provider is not used afterwards."""
        ...


@runtime_checkable
class Counts(Protocol):
    """A vendor that says for nothing how many tokens a request has."""

    async def count_tokens(self, request: ModelRequest, seconds: float) -> int:
        """The vendor's own count; raises one of `core.errors`, also when it takes longer than that."""
        ...


FIRST_BYTE_SECONDS = 60.0
IDLE_SECONDS = 120.0
TOTAL_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call may take, in seconds: until the response begins, between two pieces of
    content (pings are none), and altogether."""

    first_byte: float = FIRST_BYTE_SECONDS
    idle: float = IDLE_SECONDS
    total: float = TOTAL_SECONDS
