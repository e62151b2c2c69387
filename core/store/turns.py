"""Turns: begun once, written down as they speak, owned by a lease, ended once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from core.errors import Conflict
from core.store.columns import now
from core.store.conversations import before, touch
from core.store.engine import insert, reading, writing
from core.store.journal import EventRow, TapeStep, write_events, write_last, write_tape
from core.store.leases import LEASE_SECONDS
from core.store.search import folded
from core.store.tables import conversations, tape, turn_events, turns
from core.store.trace_heads import begin_head, end_head
from core.store.traces import write_spans
from core.store.turn_ends import TurnEnd
from core.store.turn_leases import TurnLeases
from core.store.turn_rows import RUNNING, is_turn, missing, read_turns, said, select_turns
from core.types import Budget, Source, Span, Turn, TurnRequest, TurnStatus

_UNSAID: dict[str, Any] = {
    "status": "running",
    "model": "",
    "prompt_version": "",
    "answer": "",
    "reasoning": "",
    "sources": (),
    "citations": (),
    "stop_reason": "",
    "fence": 0,
    "stop_requested": False,
}


class Turns(TurnLeases):
    """The turns of a user; another user's are not there."""

    # --- begin and read -----------------------------------------------------------------------

    def start(
        self,
        user: str,
        turn_id: str,
        conversation_id: str,
        request: TurnRequest,
        title: str,
        owner: str,
    ) -> bool:
        """Write the turn down, and its conversation if that is new; False when the turn is there
        already. Raises Conflict when its id stands for another request."""
        with writing(self._engine) as connection:
            at = touch(connection, user, conversation_id, title, key_id=request.key_id)
            row = insert(connection, turns).values(
                user_id=user,
                id=turn_id,
                conversation_id=conversation_id,
                created_at=at,
                request=request,
                searched=folded(request.prompt),
                owner=owner,
                lease_until=now() + timedelta(seconds=LEASE_SECONDS),
                **_UNSAID,
            )
            added = row.on_conflict_do_nothing().returning(turns.c.id)
            if connection.execute(added).first() is None:
                _check_same(connection, user, turn_id, conversation_id, request)
                return False
            begin_head(connection, user, turn_id, at, request)
            connection.execute(
                update(conversations)
                .where(conversations.c.user_id == user, conversations.c.id == conversation_id)
                .values(updated_at=at)
            )
        return True

    def get(self, user: str, turn_id: str) -> Turn:
        """The turn, with what a running one has said so far; NotFound when the user has none with this id."""
        with reading(self._engine) as connection:
            found = read_turns(connection, user, select_turns(user).where(turns.c.id == turn_id))
        if not found:
            raise missing(turn_id)
        return found[0]

    def budget(self, user: str, turn_id: str) -> Budget | None:
        """The window of the turn; None until its context was ready. Raises NotFound."""
        with reading(self._engine) as connection:
            row = connection.execute(
                select(turns.c.budget).where(is_turn(user, turn_id))
            ).one_or_none()
        if row is None:
            raise missing(turn_id)
        budget: Budget | None = row.budget
        return budget

    def events(
        self, user: str, turn_id: str, after: int = 0, limit: int | None = None
    ) -> Sequence[tuple[int, str]]:
        """The numbered events behind `after` as JSON, in their order; the first is number 1."""
        query = (
            select(turn_events.c.seq, turn_events.c.data)
            .where(turn_events.c.user_id == user, turn_events.c.turn_id == turn_id)
            .where(turn_events.c.seq > after)
            .order_by(turn_events.c.seq)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [(seq, data) for seq, data in connection.execute(query)]

    def tape(self, user: str, turn_id: str) -> Sequence[TapeStep]:
        """Each model response and tool result of the turn, in their order."""
        query = (
            select(tape.c.step, tape.c.kind, tape.c.data)
            .where(tape.c.user_id == user, tape.c.turn_id == turn_id)
            .order_by(tape.c.seq)
        )
        with reading(self._engine) as connection:
            return [(step, kind, data) for step, kind, data in connection.execute(query)]

    # --- while it runs ------------------------------------------------------------------------

    def context(
        self,
        user: str,
        turn_id: str,
        *,
        budget: Budget,
        sources: tuple[Source, ...],
        model: str,
        prompt_version: str,
        taint: str = "",
    ) -> None:
        """Keep what is sent to the model; a turn that is over stays as it is."""
        statement = (
            update(turns)
            .where(is_turn(user, turn_id), RUNNING)
            .values(
                budget=budget,
                sources=sources,
                model=model,
                prompt_version=prompt_version,
                taint=taint,
            )
        )
        with writing(self._engine) as connection:
            connection.execute(statement)

    def append(
        self, rows: Sequence[EventRow], owner: str | None = None
    ) -> frozenset[tuple[str, str]]:
        """Write `(user, turn_id, seq, json)` of many turns in one transaction; repeating it changes nothing.

        Turns that are over, deleted or, when `owner` is given, somebody else's take nothing: these are
        returned.
        """
        with writing(self._engine) as connection:
            return write_events(connection, rows, owner)

    def tape_more(
        self, user: str, turn_id: str, owner: str, at: int, steps: Sequence[TapeStep]
    ) -> None:
        """Write what came back, from the place `at` of the tape on, before the turn is over; a turn
        that is over or somebody else's takes nothing."""
        with writing(self._engine) as connection:
            if _claimed(connection, user, turn_id, owner, None):
                write_tape(connection, user, turn_id, steps, at)

    def trace_more(self, user: str, turn_id: str, owner: str, spans: Sequence[Span]) -> None:
        """Write spans before the turn is over; a turn that is over or somebody else's takes none."""
        with writing(self._engine) as connection:
            if _claimed(connection, user, turn_id, owner, None):
                write_spans(connection, user, turn_id, spans)

    # --- the end ------------------------------------------------------------------------------

    def finish(
        self, user: str, turn_id: str, owner: str, end: TurnEnd, fence: int | None = None
    ) -> bool:
        """End the turn with all that it left, in one transaction; False when it is over, deleted or
        somebody else's, and then nothing is written.

        The ending event gets the number asked for, or a higher one: it is always the last. `fence` is
        what `adopt` returned, 0 for whoever started it, None not to check it.
        """
        with writing(self._engine) as connection:
            if not _claimed(connection, user, turn_id, owner, fence):
                return False
            if end.status == "interrupted" and not end.answer:
                answer, reasoning = said(connection, user, turn_id)
                end = replace(end, answer=answer, reasoning=reasoning)
            connection.execute(update(turns).where(is_turn(user, turn_id)).values(**end.values()))
            write_last(connection, user, turn_id, *end.event)
            write_spans(connection, user, turn_id, end.spans)
            write_tape(connection, user, turn_id, end.tape)
            end_head(connection, user, turn_id)
        return True

    # Last, because its name hides the type from the annotations below it.
    def list(
        self,
        user: str,
        limit: int = 100,
        before_turn: str | None = None,
        *,
        conversation_id: str | None = None,
        status: TurnStatus | None = None,
    ) -> list[Turn]:
        """The turns of the user, newest first; `before_turn` goes on behind the last one of a page."""
        query = select_turns(user).order_by(turns.c.created_at.desc(), turns.c.id.desc())
        if before_turn is not None:
            query = query.where(before(user, before_turn))
        if conversation_id is not None:
            query = query.where(turns.c.conversation_id == conversation_id)
        if status is not None:
            query = query.where(RUNNING if status == "running" else turns.c.status == status)
        with reading(self._engine) as connection:
            return read_turns(connection, user, query.limit(limit))


def _check_same(
    connection: Connection, user: str, turn_id: str, conversation_id: str, request: TurnRequest
) -> None:
    # The written forms are compared: a tuple among the variables comes back as a list.
    same = select(turns.c.id).where(
        is_turn(user, turn_id),
        turns.c.conversation_id == conversation_id,
        turns.c.request == request,
    )
    if connection.scalar(same) is None:
        raise Conflict(
            f"the turn {turn_id} was started with another request",
            hint="Use a new id for a new question.",
        )


def _claimed(
    connection: Connection, user: str, turn_id: str, owner: str, fence: int | None
) -> bool:
    """Whether the turn runs and is the owner's; it then stays so until the transaction ends."""
    mine = select(turns.c.fence).where(is_turn(user, turn_id), RUNNING, turns.c.owner == owner)
    held = connection.scalar(mine.with_for_update())
    return held is not None and fence in (None, held)
