"""Summaries of the older part of a conversation; what they replace stays where it is."""

from sqlalchemy import Engine, not_, select, update

from core.errors import NotFound
from core.store.columns import now
from core.store.conversations import before
from core.store.engine import insert, reading, writing
from core.store.tables import conversations, summaries, turns
from core.types import Summary


class Summaries:
    """The summaries of each conversation of a user; one that is undone is kept, and not used."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, user: str, conversation_id: str, summary: Summary) -> None:
        """Keep it as the one that is used from now on; repeating it changes nothing.

        Raises NotFound without the conversation.
        """
        there = select(conversations.c.id).where(
            conversations.c.user_id == user, conversations.c.id == conversation_id
        )
        row = {name: getattr(summary, name) for name in Summary.__dataclass_fields__}
        values = {"user_id": user, "conversation_id": conversation_id, **row}
        with writing(self._engine) as connection:
            if connection.scalar(there.with_for_update(read=True)) is None:
                raise NotFound(f"there is no conversation {conversation_id}")
            connection.execute(
                insert(connection, summaries).values(values).on_conflict_do_nothing()
            )

    def latest(
        self, user: str, conversation_id: str, before_turn: str | None = None
    ) -> Summary | None:
        """The one that is used: it stands for the most turns, and of equals it is the newest. None when there
        is none; with `before_turn`, none that knows of that turn or of what came after it."""
        later = self._later(user, conversation_id, before_turn) if before_turn else frozenset()
        usable = (
            each
            for each in self.all(user, conversation_id)
            if not each.undone_at and later.isdisjoint(each.turns)
        )
        return max(usable, key=lambda each: len(each.turns), default=None)

    def _later(self, user: str, conversation_id: str, turn_id: str) -> frozenset[str]:
        query = select(turns.c.id).where(
            turns.c.user_id == user,
            turns.c.conversation_id == conversation_id,
            not_(before(user, turn_id)),
        )
        with reading(self._engine) as connection:
            return frozenset(connection.scalars(query))

    def all(self, user: str, conversation_id: str) -> list[Summary]:
        """Every summary of the conversation, newest first, undone ones too."""
        query = (
            select(*(summaries.c[name] for name in Summary.__dataclass_fields__))
            .where(summaries.c.user_id == user, summaries.c.conversation_id == conversation_id)
            .order_by(summaries.c.created_at.desc(), summaries.c.id.desc())
        )
        with reading(self._engine) as connection:
            return [Summary(**row._asdict()) for row in connection.execute(query)]

    def undo(self, user: str, summary_id: str, *, undone: bool = True) -> None:
        """Send the turns themselves again, or this summary of them once more. Raises NotFound."""
        statement = (
            update(summaries)
            .where(summaries.c.user_id == user, summaries.c.id == summary_id)
            .values(undone_at=now() if undone else None)
        )
        with writing(self._engine) as connection:
            if not connection.execute(statement).rowcount:
                raise NotFound(f"there is no summary {summary_id}")
