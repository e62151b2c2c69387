"""TurnRunner: start, follow from any point, stop. A turn outlives the page that began it."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

from core.admission import Admission, Asked
from core.bridge import Bridge, contained
from core.chat.service import ChatService
from core.errors import DatabaseAway, DiskFull, FootlightsError, Interrupted
from core.events import ContextReady, EffectBegan, Ending, PassagesFound, TurnDone, load
from core.store.ids import new_id
from core.store.leases import Process
from core.store.ledger import Ledger
from core.store.turns import Turns
from core.traces.otlp import Outlet
from core.turns import endings
from core.turns.finishing import Finishing
from core.turns.live import BATCH, LiveTurn, Recorded
from core.turns.recovery import Recovery
from core.turns.saving import Saving
from core.types import TurnRequest, TurnStatus

_SAVE_SECONDS = 0.1
_POLL_SECONDS = 0.1
_KEEP_SECONDS = 1.0
LEASE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Started:
    """The ids of a turn that is running."""

    turn_id: str
    conversation_id: str


class TurnRunner:
    """Runs turns as tasks of the one loop, and keeps in the database what they say."""

    def __init__(
        self,
        *,
        admission: Admission,
        chat: ChatService,
        turns: Turns,
        ledger: Ledger,
        process: Process,
        bridge: Bridge,
        outlet: Outlet | None = None,
    ) -> None:
        self._outlet = outlet
        self._admission = admission
        self._chat = chat
        self._turns = turns
        self._ledger = ledger
        self._process = process
        self._bridge = bridge
        self._recovery = Recovery(turns, ledger, process)
        self._finishing = Finishing(turns, process.owner)
        self._live: dict[tuple[str, str], LiveTurn] = {}
        self._saving = Saving(turns, process.owner, self._live)
        self._closing = False

    # --- start, follow, stop ------------------------------------------------------------------

    def start(
        self,
        user: str,
        request: TurnRequest,
        *,
        conversation_id: str | None = None,
        turn_id: str | None = None,
    ) -> Started:
        """Check the request, write it down and run it; what it says is read with `follow`.

        The same `turn_id` again starts nothing and returns the same. Raises Misuse and its kin for a
        request that cannot be carried out, before anything is written.
        """
        asked = self._admission.check(
            user, turn_id or new_id(), conversation_id or new_id(), request, new=not conversation_id
        )
        live = LiveTurn(user, asked.turn_id, asked.conversation_id)
        self._live[user, asked.turn_id] = live
        try:
            fresh = self._turns.start(
                user,
                asked.turn_id,
                asked.conversation_id,
                request,
                asked.title,
                self._process.owner,
            )
        except BaseException:
            del self._live[user, asked.turn_id]
            raise
        if fresh:
            self._bridge.submit(self._run(live, asked))
        else:
            del self._live[user, asked.turn_id]
        return Started(asked.turn_id, asked.conversation_id)

    async def follow(
        self, user: str, turn_id: str, after: int = 0
    ) -> AsyncGenerator[list[Recorded], None]:
        """The events behind `after` in batches, as they come, until the turn's ending."""
        while live := self._live.get((user, turn_id)) or self._finishing.late(user, turn_id):
            batch = await live.after(after)
            if not batch:
                return
            yield batch
            after = batch[-1].seq
        async for batch in self._follow_rows(user, turn_id, after):
            yield batch

    async def _follow_rows(
        self, user: str, turn_id: str, after: int
    ) -> AsyncGenerator[list[Recorded], None]:
        while True:
            # Asked before the events, so that an ending written in between is not missed.
            turn = await asyncio.to_thread(self._turns.get, user, turn_id)
            rows = await asyncio.to_thread(self._turns.events, user, turn_id, after, BATCH)
            batch = [Recorded(seq, load(data), data) for seq, data in rows]
            if batch:
                yield batch
                after = batch[-1].seq
            if len(rows) == BATCH:
                continue  # there may be more already
            if turn.status != "running":
                return
            await asyncio.sleep(_POLL_SECONDS)

    def check(self, user: str, turn_id: str) -> None:
        """Raise NotFound unless the user has this turn; one that runs here is known without asking."""
        if (user, turn_id) not in self._live:
            self._turns.budget(user, turn_id)

    def runs_here(self, user: str, turn_id: str) -> bool:
        """Whether this process answers the turn now."""
        return (user, turn_id) in self._live

    async def stop(self, user: str, turn_id: str) -> None:
        """Stop the turn, wherever it runs, and keep what was said; a turn that is over stays as it is."""
        live = self._live.get((user, turn_id))
        if live is None:
            await asyncio.to_thread(self._turns.request_stop, user, turn_id)
        elif live.task:
            live.task.cancel()

    # --- one turn -----------------------------------------------------------------------------

    async def _run(self, live: LiveTurn, asked: Asked) -> None:
        live.task = asyncio.current_task()
        status: TurnStatus = "failed"
        ending: Ending = endings.INTERNAL

        async def stream() -> None:
            nonlocal status, ending
            try:
                await self._stream(live, asked)
                status, ending = "done", endings.finished(live)
            except asyncio.CancelledError:
                status, ending = self._cancelled(live)
            except FootlightsError as error:
                ending = endings.failed(error)

        await contained(stream())
        live.task = None  # from here on nothing can be stopped any more
        await contained(self._finish(live, status, ending))
        if not live.ended:  # the disk is full, say: whoever looks on must not wait for ever
            self._finishing.wait(live, status, ending)
        self._live.pop((live.user, live.turn_id), None)

    async def _stream(self, live: LiveTurn, asked: Asked) -> None:
        async with aclosing(self._chat.stream(asked, live.trace)) as events:
            async for event in events:
                if isinstance(event, ContextReady):
                    await self._saving.context(live, event, asked.prompt_version)
                elif isinstance(event, PassagesFound) and live.ready:
                    taint = live.ready.taint or "passages that a tool found"
                    found = replace(live.ready, sources=event.sources, taint=taint)
                    await self._saving.context(live, found, asked.prompt_version)
                live.publish(event)
                if isinstance(event, EffectBegan):
                    # The tool runs when the next event is asked for: from here on it is known.
                    await self._saving.tape(live)

    def _cancelled(self, live: LiveTurn) -> tuple[TurnStatus, Ending]:
        if self._closing:
            return "interrupted", endings.failed(
                Interrupted("the app was stopped while it was answering")
            )
        return "stopped", endings.done(live, "stopped", "stopped by you")

    async def _finish(self, live: LiveTurn, status: TurnStatus, ending: Ending) -> None:
        live.flush()
        if isinstance(ending, TurnDone):
            took = await asyncio.to_thread(self._ledger.turn_took, live.user, live.turn_id)
            ending = endings.settled(ending, *took)
        last = live.last(ending)
        await self._saving.events()
        spans = await self._saving.last_spans(live)
        try:
            kept = await self._finishing.write(live, status, ending, last, spans)
        except (DiskFull, DatabaseAway):
            live.traced -= len(spans)
            raise
        if kept:
            live.end(last)
            if self._outlet:
                await asyncio.to_thread(self._outlet.send, live.spans)

    # --- in the background --------------------------------------------------------------------

    async def keep(self) -> None:
        """Save events every 100 ms, renew leases, hear stops and take over what dead processes left."""
        await contained(asyncio.to_thread(self._recovery.run))
        last = 0.0
        while True:
            await asyncio.sleep(_SAVE_SECONDS)
            await contained(self._saving.events())
            if (now := time.monotonic()) - last >= _KEEP_SECONDS:
                last = now
                await contained(self._look_around())

    async def _look_around(self) -> None:
        if self._live:
            await self._saving.traces()
            await asyncio.to_thread(self._turns.renew, self._process.owner, LEASE_SECONDS)
            stops = await asyncio.to_thread(self._turns.stops, self._process.owner)
            for user, turn_id in stops:
                await self.stop(user, turn_id)
        await asyncio.to_thread(self._recovery.run)
        await self._finishing.catch_up()

    async def close(self) -> None:
        """Stop what runs, keep what was said, and mark it as interrupted."""
        self._closing = True
        tasks = [live.task for live in self._live.values() if live.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._outlet:
            await asyncio.to_thread(self._outlet.close)
