"""The end of a turn, written: at once, or on a full disk as soon as there is room."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from core.events import Ending, TurnDone, dump
from core.store.turn_ends import TurnEnd
from core.store.turns import Turns
from core.turns import endings
from core.turns.live import LiveTurn, Recorded
from core.types import Span, TurnStatus


@dataclass(frozen=True, slots=True)
class _Waiting:
    live: LiveTurn
    status: TurnStatus
    ending: Ending
    saved: int
    """How many of its events were in the database."""


class Finishing:
    """Writes how turns of this process (`owner`) ended, none of them twice."""

    def __init__(self, turns: Turns, owner: str) -> None:
        self._turns = turns
        self._owner = owner
        self._waiting: list[_Waiting] = []

    async def write(
        self,
        live: LiveTurn,
        status: TurnStatus,
        ending: Ending,
        last: Recorded,
        spans: Sequence[Span],
    ) -> bool:
        """Write the turn as it ended, `last` being its last event; whether it was still ours."""
        end = TurnEnd(
            status,
            (last.seq, last.data),
            answer="".join(live.answer),
            reasoning="".join(live.reasoning),
            citations=live.citations,
            leak=live.leak,
            usage=live.usage,
            stop_reason=ending.words if isinstance(ending, TurnDone) else ending.code,
            error=endings.as_error(ending),
            first_token_seconds=live.first_token_seconds,
            seconds=ending.seconds if isinstance(ending, TurnDone) else live.seconds,
            spans=spans,
            tape=live.tape.rows(),
            model=live.model,
        )
        return await asyncio.to_thread(
            self._turns.finish, live.user, live.turn_id, self._owner, end, 0
        )

    def wait(self, live: LiveTurn, status: TurnStatus, ending: Ending) -> None:
        """Tell whoever looks on that it could not be saved, and keep it to be written later: a turn that
        nobody ends would run, and hold its conversation, for as long as this process lives."""
        self._waiting.append(_Waiting(live, status, ending, live.saved))
        live.end(live.last(endings.NOT_SAVED))

    def late(self, user: str, turn_id: str) -> LiveTurn | None:
        """The turn, when it has ended and waits to be written."""
        waiting = (each.live for each in self._waiting)
        return next(
            (each for each in waiting if (each.user, each.turn_id) == (user, turn_id)), None
        )

    async def catch_up(self) -> None:
        """Write what waits, as far as there is room. Raises DiskFull."""
        while self._waiting:
            late = self._waiting[0]
            live = late.live
            *before, told = live.events
            unsaved = [
                (live.user, live.turn_id, record.seq, record.data)
                for record in before[late.saved :]
            ]
            if unsaved:
                await asyncio.to_thread(self._turns.append, unsaved, self._owner)
            last = Recorded(told.seq, late.ending, dump(late.ending))
            await self.write(live, late.status, late.ending, last, live.untraced())
            self._waiting.pop(0)
