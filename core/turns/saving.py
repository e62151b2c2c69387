"""What running turns say, saved as they go: their windows, events, tapes and traces."""

import asyncio
from collections.abc import Mapping, Sequence

from core.events import ContextReady
from core.store.turns import Turns
from core.turns.live import LiveTurn
from core.types import Span


class Saving:
    """Writes what the turns of this process (`owner`) have said, each thing once; `live` are those that run."""

    def __init__(self, turns: Turns, owner: str, live: Mapping[tuple[str, str], LiveTurn]) -> None:
        self._turns = turns
        self._owner = owner
        self._live = live
        self._lock = asyncio.Lock()

    async def context(self, live: LiveTurn, ready: ContextReady, prompt_version: str) -> None:
        """Write what is sent to the model."""
        await asyncio.to_thread(
            self._turns.context,
            live.user,
            live.turn_id,
            budget=ready.budget,
            sources=ready.sources,
            model=ready.model,
            prompt_version=prompt_version,
            taint=ready.taint,
        )

    async def events(self) -> None:
        """Write what was said, and what came back, since the last time."""
        async with self._lock:
            rows, marks = [], []
            for live in self._live.values():
                fresh = live.events[live.saved :]
                rows += [(live.user, live.turn_id, record.seq, record.data) for record in fresh]
                marks.append((live, live.saved + len(fresh)))
            if rows:
                await asyncio.to_thread(self._turns.append, rows, self._owner)
            for live, saved in marks:
                live.saved = saved
                await self.tape(live)

    async def tape(self, live: LiveTurn) -> None:
        """Write what came back from models and tools since the last time."""
        rows, at = live.tape.rows(), live.taped
        owner = self._owner
        if len(rows) > at:
            await asyncio.to_thread(
                self._turns.tape_more, live.user, live.turn_id, owner, at, rows[at:]
            )
            live.taped = max(live.taped, len(rows))

    async def traces(self) -> None:
        """Write the spans that have finished: what a crash keeps of a trace."""
        async with self._lock:
            for live in list(self._live.values()):
                if fresh := live.untraced():
                    user, turn_id, owner = live.user, live.turn_id, self._owner
                    await asyncio.to_thread(self._turns.trace_more, user, turn_id, owner, fresh)
                    live.traced += len(fresh)

    async def last_spans(self, live: LiveTurn) -> Sequence[Span]:
        """The spans that are left for the turn's end to write; nobody else writes them from now on."""
        async with self._lock:  # what is being written now is not written again
            spans = live.untraced()
            live.traced += len(spans)
        return spans
