"""How a turn has ended, as it is written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.store.columns import now
from core.store.journal import TapeStep
from core.store.search import folded
from core.store.tables import turns
from core.types import Citation, Span, TurnStatus, Usage


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """All that a turn left. `event` is its last event with the number that it should have; `model` is the
    ref of the one that answered, "" when it is the one that was asked; `leak` how the canary got into the
    answer, "" when it did not."""

    status: TurnStatus
    event: tuple[int, str]
    answer: str = ""
    reasoning: str = ""
    citations: tuple[Citation, ...] = ()
    usage: Usage | None = None
    stop_reason: str = ""
    error: dict[str, str] | None = None
    first_token_seconds: float | None = None
    seconds: float | None = None
    spans: Sequence[Span] = ()
    tape: Sequence[TapeStep] = ()
    model: str = ""
    leak: str = ""

    def values(self) -> dict[str, Any]:
        """The columns of its row that change."""
        return {
            "status": self.status,
            "answer": self.answer,
            "reasoning": self.reasoning,
            "searched": turns.c.searched + "\n" + folded(self.answer),
            "citations": self.citations,
            "usage": self.usage,
            "stop_reason": self.stop_reason,
            "error": self.error,
            "first_token_seconds": self.first_token_seconds,
            "seconds": self.seconds,
            "ended_at": now(),
            "leak": self.leak,
            **({"model": self.model} if self.model else {}),
        }
