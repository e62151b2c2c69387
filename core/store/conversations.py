"""Conversations: named after their first question until somebody names them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    case,
    delete,
    func,
    or_,
    select,
    tuple_,
    update,
)

from core.errors import NotFound, Refused
from core.store.columns import now
from core.store.engine import insert, reading, writing
from core.store.search import contains, folded
from core.store.tables import conversations, turns
from core.store.turn_rows import read_turns, select_turns
from core.types import Conversation, Turn, WindowPlan

MAX_PINS = 50
T = TypeVar("T")


class Conversations:
    """The conversations of a user; another user's are not there."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, user: str, conversation_id: str, title: str, link_id: str = "") -> None:
        """Begin a conversation without a question, a visitor's when it has a link; repeating it
        changes nothing."""
        with writing(self._engine) as connection:
            touch(connection, user, conversation_id, title, link_id)

    def get(self, user: str, conversation_id: str) -> Conversation:
        """The conversation; NotFound when the user has none with this id."""
        query = _conversations(user).where(conversations.c.id == conversation_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise _missing(conversation_id)
        return Conversation(**row._asdict())

    def rename(self, user: str, conversation_id: str, title: str) -> None:
        """Give it the user's own title, which no question replaces. Raises NotFound."""
        statement = (
            update(conversations)
            .where(conversations.c.user_id == user, conversations.c.id == conversation_id)
            .values(title=title, searched=folded(title), renamed=True)
        )
        with writing(self._engine) as connection:
            if not connection.execute(statement).rowcount:
                raise _missing(conversation_id)

    def delete(self, user: str, conversation_id: str) -> None:
        """Delete it with its turns and all that they left; what they cost stays. Raises NotFound."""
        statement = delete(conversations).where(
            conversations.c.user_id == user, conversations.c.id == conversation_id
        )
        with writing(self._engine) as connection:
            if not connection.execute(statement).rowcount:
                raise _missing(conversation_id)

    def plan(self, user: str, conversation_id: str) -> WindowPlan | None:
        """How its window is filled; None when nobody has chosen, and for one that is not there yet."""
        query = select(conversations.c.plan).where(_is(user, conversation_id))
        with reading(self._engine) as connection:
            plan: WindowPlan | None = connection.execute(query).scalar()
            return plan

    def set_plan(self, user: str, conversation_id: str, plan: WindowPlan) -> None:
        """Fill its window by this plan from the next question on. Raises NotFound."""
        with writing(self._engine) as connection:
            _set_plan(connection, user, conversation_id, plan)

    def pin(
        self,
        user: str,
        conversation_id: str,
        *,
        turn: str | None = None,
        passage: int | None = None,
        pinned: bool = True,
    ) -> None:
        """Pin a turn or a passage, so that no window of it drops them, or let it go again.

        Raises NotFound, and Refused beyond MAX_PINS.
        """
        query = select(conversations.c.plan).where(_is(user, conversation_id)).with_for_update()
        with writing(self._engine) as connection:
            plan = connection.execute(query).scalar() or WindowPlan()
            plan = replace(
                plan,
                turns=_with(plan.turns, turn, pinned),
                passages=_with(plan.passages, passage, pinned),
            )
            if len(plan.turns) + len(plan.passages) > MAX_PINS:
                raise Refused(
                    f"{MAX_PINS} turns and passages are pinned, and more cannot be",
                    hint="Unpin something first.",
                )
            _set_plan(connection, user, conversation_id, plan)

    def history(
        self, user: str, conversation_id: str, before_turn: str | None = None
    ) -> Sequence[Turn]:
        """The turns that said something or still run, oldest first; `before_turn` ends it before that one.
        Of a question that was asked again there is the newest answer alone, and what is pinned."""
        query = (
            select_turns(user)
            .where(turns.c.conversation_id == conversation_id)
            .where(or_(turns.c.status == "running", turns.c.answer != ""))
            .order_by(turns.c.created_at, turns.c.id)
        )
        if before_turn is not None:
            query = query.where(before(user, before_turn))
        with reading(self._engine) as connection:
            said = read_turns(connection, user, query)
        if not any(turn.request.again for turn in said):
            return said
        plan = self.plan(user, conversation_id)
        return _newest_answers(said, plan.turns if plan else ())

    # Last, because its name hides the type from the annotations below it.
    def list(
        self, user: str, query: str = "", limit: int = 100, key: str | None = None
    ) -> list[Conversation]:
        """The conversations whose title, questions or answers contain the query, latest first; those
        of visitors are found at their link. `key` narrows them to those that programs began with this
        API key, or with "" to those that people began."""
        found = _conversations(user).where(conversations.c.link_id == "")
        if key is not None:
            found = found.where(conversations.c.key_id == key)
        found = found.order_by(conversations.c.updated_at.desc(), conversations.c.id.desc())
        if query.strip():
            asked = select(turns.c.id).where(
                turns.c.user_id == user,
                turns.c.conversation_id == conversations.c.id,
                contains(turns.c.searched, query),
            )
            found = found.where(or_(contains(conversations.c.searched, query), asked.exists()))
        with reading(self._engine) as connection:
            return [Conversation(**row._asdict()) for row in connection.execute(found.limit(limit))]


def touch(
    connection: Connection,
    user: str,
    conversation_id: str,
    title: str,
    link_id: str = "",
    key_id: str = "",
) -> datetime:
    """Make sure that it is there and has a title; the moment of its next question.

    The row is locked from here on, and the moment is behind that of every earlier question, even
    when the clock was set back.
    """
    at = now()
    added = insert(connection, conversations).values(
        user_id=user,
        id=conversation_id,
        title=title,
        searched=folded(title),
        renamed=False,
        created_at=at,
        updated_at=at,
        link_id=link_id,
        key_id=key_id,
    )
    untitled = (conversations.c.title == "") & ~conversations.c.renamed
    kept = added.on_conflict_do_update(
        index_elements=["user_id", "id"],
        set_={
            "title": case((untitled, added.excluded.title), else_=conversations.c.title),
            "searched": case((untitled, added.excluded.searched), else_=conversations.c.searched),
        },
    )
    last: datetime = connection.execute(kept.returning(conversations.c.updated_at)).scalar_one()
    return max(at, last + timedelta(microseconds=1))


def _newest_answers(said: Sequence[Turn], pinned: Sequence[str]) -> Sequence[Turn]:
    whole = [turn for turn in said if turn.status != "running"]
    newest = {turn.request.again or turn.id: turn.id for turn in whole}
    kept = {*newest.values(), *pinned, *(turn.id for turn in said if turn.status == "running")}
    place: dict[str, int] = {}
    for turn in said:
        place.setdefault(turn.request.again or turn.id, len(place))
    # Where it was asked first: what came after it still comes after it.
    found = (turn for turn in said if turn.id in kept)
    return sorted(found, key=lambda turn: place[turn.request.again or turn.id])


def before(user: str, turn_id: str) -> Any:
    """Whether a turn was asked before that one; no turn was when there is no such turn."""
    place = select(turns.c.created_at, turns.c.id).where(
        turns.c.user_id == user, turns.c.id == turn_id
    )
    return tuple_(turns.c.created_at, turns.c.id) < place.scalar_subquery()


def _conversations(user: str) -> Select[Any]:
    count = (
        select(func.count())
        .where(turns.c.user_id == user, turns.c.conversation_id == conversations.c.id)
        .scalar_subquery()
    )
    return select(
        conversations.c.id,
        conversations.c.title,
        conversations.c.created_at,
        conversations.c.updated_at,
        count.label("turns"),
    ).where(conversations.c.user_id == user)


def _is(user: str, conversation_id: str) -> ColumnElement[bool]:
    return and_(conversations.c.user_id == user, conversations.c.id == conversation_id)


def _set_plan(connection: Connection, user: str, conversation_id: str, plan: WindowPlan) -> None:
    statement = update(conversations).where(_is(user, conversation_id)).values(plan=plan)
    if not connection.execute(statement).rowcount:
        raise _missing(conversation_id)


def _with(pins: tuple[T, ...], pin: T | None, pinned: bool) -> tuple[T, ...]:
    if pin is None:
        return pins
    others = tuple(each for each in pins if each != pin)
    return (*others, pin) if pinned else others


def _missing(conversation_id: str) -> NotFound:
    return NotFound(f"there is no conversation {conversation_id}")
