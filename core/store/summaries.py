"""Summaries of the older part of a conversation; what they replace stays where it is."""

from sqlalchemy import Engine, select, update

from core.errors import NotFound
from core.store.columns import now
from core.store.engine import insert, reading, writing
from core.store.tables import conversations, summaries
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

    def latest(self, user: str, conversation_id: str) -> Summary | None:
        """The one that is used; None when there is none."""
        return next((each for each in self.all(user, conversation_id) if not each.undone_at), None)

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
