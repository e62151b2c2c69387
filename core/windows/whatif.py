"""What if: conversations are opened for the lab, their turns counted as one model counts."""

from core.store.conversations import Conversations
from core.store.turns import Turns
from core.tokens.counter import Counter
from core.types import ModelInfo, Turn
from core.windows.exchanges import exchanged
from core.windows.lab import Lab, Said
from core.windows.measure import FENCE_TOKENS


class WhatIf:
    """Opens conversations for the lab."""

    def __init__(self, conversations: Conversations, turns: Turns, counter: Counter) -> None:
        self._conversations = conversations
        self._turns = turns
        self._counter = counter

    def open(self, user: str, conversation_id: str, model: ModelInfo) -> Lab | None:
        """The conversation's turns as this model counts them; None when nothing was answered in it."""
        turns = [
            turn
            for turn in self._conversations.history(user, conversation_id)
            if turn.status != "running"
        ]
        if not turns:
            return None
        budget = self._turns.budget(user, turns[-1].id)
        system = budget.tokens("system") if budget else 0
        texts = [f"{turn.request.prompt}\n{turn.answer}" for turn in turns]
        said = [self._said(user, turn, model) for turn in turns]
        return Lab(said, texts, system, model, conversation_id)

    def _said(self, user: str, turn: Turn, model: ModelInfo) -> Said:
        """The turn with the passages that it was given when it was asked first."""
        asked, answer = (
            self._counter.count_message(said, model.ref) for said in exchanged(turn).messages
        )
        first = self._turns.get(user, turn.request.again) if turn.request.again else turn
        passages = tuple(
            self._counter.count(source.hit.chunk.headed, model.ref) + FENCE_TOKENS
            for source in first.sources
        )
        answered = turn.usage.output_tokens if turn.usage else 0
        chunks = tuple(source.hit.chunk_id for source in first.sources)
        return Said(
            turn.id,
            turn.request.prompt,
            asked,
            asked + answer,
            passages,
            answered,
            chunks,
            turn.request.again or turn.id,
        )
