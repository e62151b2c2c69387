"""The ledger as the meter of one turn: what the model client reserves and settles becomes rows."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from core.llm.pricing import Override, price, worst_case
from core.store.accounts import Payers
from core.store.ids import new_id
from core.store.ledger import Ledger
from core.types import Usage


@dataclass(frozen=True, slots=True)
class TurnMeter:
    """Books every attempt of one turn as a row of its own; a row once written is always ended.

    The API key, the link and the visitor pay with the owner where they are named; `override` finds
    the user's own price of a model by user and ref.
    """

    ledger: Ledger
    user: str
    turn_id: str
    conversation_id: str
    purpose: str = "answer"
    key_id: str = ""
    link_id: str = ""
    visitor_id: str = ""
    tools: tuple[str, ...] = ()
    """Those whose results its calls are the first to read."""
    override: Callable[[str, str], Override | None] | None = None

    async def reserve(self, model: str, input_tokens: int, max_tokens: int) -> str:
        """Book the worst case before anything is sent; the id of the row. Raises BudgetExceeded."""
        row_id = new_id()
        await asyncio.to_thread(self._reserve, row_id, model, input_tokens, max_tokens)
        return row_id

    async def allows(self, model: str, input_tokens: int, max_tokens: int) -> bool:
        """Whether such a call could be reserved now; nothing is."""
        return await asyncio.to_thread(self._allows, model, input_tokens, max_tokens)

    async def hold(self, row_id: str, model: str, worst: Usage) -> None:
        """Reserve for `worst` where that is more than was reserved. Raises BudgetExceeded."""
        cost = price(model, worst, self._override(model))
        if cost is not None:
            await asyncio.to_thread(self.ledger.hold, self.user, row_id, cost)

    async def settle(self, row_id: str, model: str, usage: Usage) -> None:
        """Book what it came to; `usage.source` says whether the vendor reported it."""
        await asyncio.to_thread(self._settle, row_id, model, usage)

    async def release(self, row_id: str) -> None:
        """Nothing was sent: the row costs nothing."""
        await asyncio.to_thread(self.ledger.release, self.user, row_id)

    def spent(self) -> Decimal | None:
        """What the turn has cost so far; None when the price of any of its calls is unknown."""
        return self.ledger.turn_cost(self.user, self.turn_id)

    def worst_case(self, model: str, input_tokens: int, max_tokens: int) -> Decimal | None:
        """The most that a call can cost; None when its price is unknown."""
        return worst_case(model, input_tokens, max_tokens, self._override(model))

    def _reserve(self, row_id: str, model: str, input_tokens: int, max_tokens: int) -> None:
        self.ledger.reserve(
            self.user,
            row_id,
            self.turn_id,
            self.conversation_id,
            model,
            self.purpose,
            self.worst_case(model, input_tokens, max_tokens),
            self._payers,
            self.tools,
        )

    def _allows(self, model: str, input_tokens: int, max_tokens: int) -> bool:
        worst = self.worst_case(model, input_tokens, max_tokens)
        return self.ledger.allows(self.user, worst, self._payers)

    @property
    def _payers(self) -> Payers:
        return Payers(self.conversation_id, self.key_id, self.link_id, self.visitor_id)

    def _settle(self, row_id: str, model: str, usage: Usage) -> None:
        cost = price(model, usage, self._override(model))
        self.ledger.settle(self.user, row_id, usage, cost)

    def _override(self, model: str) -> Override | None:
        return self.override(self.user, model) if self.override else None
