"""How rows become turns: one way to read them, for lists, histories and single ones."""

from dataclasses import fields, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, literal, select

from core.errors import NotFound
from core.events import AnswerReplaced, ReasoningDelta, TextDelta, load
from core.store.tables import turn_events, turns
from core.store.turn_costs import turn_costs
from core.types import Turn

# Written out in the SQL: SQLite uses the index of the running ones only when it can see the word.
RUNNING = turns.c.status == literal("running", literal_execute=True)
_COLUMNS = [turns.c[field.name] for field in fields(Turn) if field.name in turns.c]


def is_turn(user: str, turn_id: str) -> ColumnElement[bool]:
    """Whether a row is this turn of this user."""
    return and_(turns.c.user_id == user, turns.c.id == turn_id)


def missing(turn_id: str) -> NotFound:
    """The error for a turn that is not there, or is somebody else's."""
    return NotFound(f"there is no turn {turn_id}")


def select_turns(user: str) -> Select[Any]:
    """The turns of the user, to be narrowed and ordered."""
    return select(*_COLUMNS).where(turns.c.user_id == user)


def read_turns(connection: Connection, user: str, query: Select[Any]) -> list[Turn]:
    """The turns that the query finds, with their cost and calls and with what running ones have said so far."""
    found = [Turn(**row._asdict()) for row in connection.execute(query)]
    costs = turn_costs(connection, user, [turn.id for turn in found])
    told = ((_with_words(connection, user, turn), *costs[turn.id]) for turn in found)
    return [replace(turn, cost=cost, calls=calls) for turn, cost, calls in told]


def _with_words(connection: Connection, user: str, turn: Turn) -> Turn:
    if turn.status != "running":
        return turn
    answer, reasoning = said(connection, user, turn.id)
    return replace(turn, answer=answer, reasoning=reasoning)


def said(connection: Connection, user: str, turn_id: str) -> tuple[str, str]:
    """The answer and the reasoning as far as the stored events tell them."""
    query = (
        select(turn_events.c.data)
        .where(turn_events.c.user_id == user, turn_events.c.turn_id == turn_id)
        .order_by(turn_events.c.seq)
    )
    answer: list[str] = []
    reasoning: list[str] = []
    for data in connection.scalars(query):
        match load(data):
            case TextDelta(text):
                answer.append(text)
            case AnswerReplaced(text):
                answer = [text]
            case ReasoningDelta(text):
                reasoning.append(text)
            case _:
                pass  # nothing that was said
    return "".join(answer), "".join(reasoning)
