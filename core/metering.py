"""The ledger as the meter of one turn: what the model client reserves and settles becomes rows."""

import asyncio
from dataclasses import dataclass

from core.llm.pricing import price, worst_case
from core.store.ids import new_id
from core.store.ledger import Ledger
from core.types import Usage


@dataclass(frozen=True, slots=True)
class TurnMeter:
    """Books every attempt of one turn as a row of its own; a row once written is always ended."""

    ledger: Ledger
    user: str
    turn_id: str
    conversation_id: str
    purpose: str = "answer"

    async def reserve(self, model: str, input_tokens: int, max_tokens: int) -> str:
        """Book the worst case before anything is sent; the id of the row."""
        row_id = new_id()
        reserved = worst_case(model, input_tokens, max_tokens)
        await asyncio.to_thread(
            self.ledger.reserve,
            self.user,
            row_id,
            self.turn_id,
            self.conversation_id,
            model,
            self.purpose,
            reserved,
        )
        return row_id

    async def settle(self, row_id: str, model: str, usage: Usage) -> None:
        """Book what it came to; `usage.source` says whether the vendor reported it."""
        cost = price(model, usage)
        await asyncio.to_thread(self.ledger.settle, self.user, row_id, usage, cost)

    async def release(self, row_id: str) -> None:
        """Nothing was sent: the row costs nothing."""
        await asyncio.to_thread(self.ledger.release, self.user, row_id)
