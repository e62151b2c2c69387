"""What was asked before and what was answered, as it is sent again and as it is counted: one form for both."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.prompts.neutral import without_tokens
from core.types import Message, Turn, TurnRequest, message


@dataclass(frozen=True, slots=True)
class Exchange:
    """Something that was asked before and what was answered: kept together, or dropped together."""

    ref: str
    messages: tuple[Message, ...]
    size: int = 0
    """How many characters a turn with this id has; 0 for what has no id of its own."""

    @property
    def text(self) -> str:
        """All that was said in it."""
        return "\n".join(said.text for said in self.messages)


def exchanged(turn: Turn) -> Exchange:
    """Question and answer of the turn as they are sent again: neither ends its message before its end."""
    said = (
        message("user", without_tokens(turn.request.prompt)),
        message("assistant", without_tokens(turn.answer)),
    )
    return Exchange(turn.id, said, len(turn.request.prompt) + len(turn.answer))


def exchanges(request: TurnRequest, history: Sequence[Turn]) -> tuple[Exchange, ...]:
    """The turns of the conversation, then what the request brings along, from question to question."""
    brought: list[list[Message]] = []
    for said in request.history:
        if said.role == "user" or not brought:
            brought.append([])
        brought[-1].append(said)
    return (
        *(exchanged(turn) for turn in history),
        *(Exchange(f"brought-{place}", tuple(said)) for place, said in enumerate(brought, 1)),
    )
