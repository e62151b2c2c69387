"""Tools that change something wait for somebody to allow it."""

import asyncio
from typing import get_args

from core.events import Decision
from core.store.approvals import ApprovalRows

WAIT_SECONDS = 600.0
_LOOK_SECONDS = 0.2


class Approvals:
    """Asks, waits and remembers; the decision may come through another process."""

    def __init__(self, rows: ApprovalRows, *, seconds: float = WAIT_SECONDS) -> None:
        self._rows = rows
        self._seconds = seconds

    async def always(self, user: str, conversation_id: str) -> frozenset[str]:
        """The tools that are allowed for the whole conversation."""
        return await asyncio.to_thread(self._rows.always, user, conversation_id)

    async def ask(
        self, user: str, turn_id: str, call_id: str, conversation_id: str, tool: str
    ) -> None:
        """Write down that the call waits, before anybody is told that it does."""
        await asyncio.to_thread(self._rows.ask, user, turn_id, call_id, conversation_id, tool)

    async def wait(self, user: str, turn_id: str, call_id: str) -> Decision:
        """The decision, waited for; "no" when nobody answers for ten minutes."""
        try:
            async with asyncio.timeout(self._seconds):
                while True:
                    said = await asyncio.to_thread(self._rows.decision, user, turn_id, call_id)
                    for decision in get_args(Decision):
                        if said == decision:
                            return decision  # type: ignore[no-any-return]
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            return "no"

    def decide(self, user: str, turn_id: str, call_id: str, decision: str) -> None:
        """Allow the call once, always in this conversation, or not. Raises NotFound and Conflict."""
        self._rows.decide(user, turn_id, call_id, decision)
