"""What was sent for single answers, as it was recorded: the window, its passages, which of them were cited."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Engine, select

from core.store.engine import reading
from core.store.spend_days import midnight
from core.store.tables import turns
from core.store.turn_counts import of_one_call
from core.types import Budget, Usage


@dataclass(frozen=True, slots=True)
class Sent:
    """The window of one answer that was one call, and what its vendor reported; `cited` are the
    passages, by the refs of their items, that a citation of the answer names or was found to rest on."""

    conversation_id: str
    at: datetime
    model: str
    budget: Budget
    usage: Usage
    cited: frozenset[str]


def sent_windows(
    engine: Engine, user: str, first_day: date, last_day: date, limit: int
) -> list[Sent]:
    """Of the newest `limit` answers of these UTC days, those of one reported call; oldest first."""
    names = ("conversation_id", "created_at", "model", "request", "budget", "usage")
    query = (
        select(*(turns.c[name] for name in names), turns.c.sources, turns.c.citations)
        .where(turns.c.user_id == user, turns.c.status == "done")
        .where(turns.c.created_at >= midnight(first_day))
        .where(turns.c.created_at < midnight(last_day + timedelta(days=1)))
        .order_by(turns.c.created_at.desc(), turns.c.id.desc())
        .limit(limit)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    found = []
    for row in reversed(rows):
        if row.budget and of_one_call(row.usage, row.request):
            numbers = {n for each in row.citations for n in (each.number, each.found_in)}
            cited = (each for each in row.sources if each.number in numbers)
            refs = frozenset(str(each.hit.chunk_id) for each in cited)
            at = row.created_at
            found.append(Sent(row.conversation_id, at, row.model, row.budget, row.usage, refs))
    return found
