"""What was settled, by what made it so: models, uses, conversations, prompts, links, answers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import ColumnElement, Engine, and_, case, func, select
from sqlalchemy.sql import FromClause

from core.store.engine import reading
from core.store.tables import conversations, ledger, turns

Dimension = Literal["model", "use", "conversation", "prompt"]


@dataclass(frozen=True, slots=True)
class Spend:
    """What came together under one name: calls, tokens of each kind (`input_tokens` include the cached
    and the cache-written ones), and the known costs in US dollars; None when none of them is known.
    `key` is the id behind the name, when there is one."""

    name: str
    calls: int
    unpriced: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    cost: Decimal | None
    key: str = ""

    @property
    def fresh_tokens(self) -> int:
        """Tokens sent that no cache had."""
        return max(0, self.input_tokens - self.cached_tokens - self.cache_write_tokens)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the rows can be trusted: calls whose usage the vendor reported, those that were estimated,
    those without a known price, and those that are still open."""

    reported: int
    estimated: int
    unpriced: int
    open: int


class Spending:
    """Sums over the ledger of each user; `since` is included, `until` is not."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def by(
        self, user: str, dimension: Dimension, since: datetime, until: datetime, limit: int = 50
    ) -> list[Spend]:
        """The dearest names of the dimension, then those with the most tokens; at most `limit`."""
        key, name, source = _DIMENSIONS[dimension]()
        cost, tokens = func.sum(ledger.c.cost), _sum("input_tokens") + _sum("output_tokens")
        query = (
            select(
                func.coalesce(key, "").label("key"),
                func.coalesce(func.max(name), "").label("name"),
                func.count().label("calls"),
                (func.count() - func.count(ledger.c.cost)).label("unpriced"),
                *(_sum(each).label(each) for each in _TOKENS),
                cost.label("cost"),
            )
            .select_from(source)
            .where(_settled(user, since, until))
            .group_by(key)
            .order_by(func.coalesce(cost, 0).desc(), tokens.desc())
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [_spend(row._asdict()) for row in connection.execute(query)]

    def dearest(
        self, user: str, since: datetime, until: datetime, limit: int = 20
    ) -> list[tuple[str, Decimal, int]]:
        """The turns that cost most: id, the sum of their known costs, calls."""
        cost = func.sum(ledger.c.cost)
        query = (
            select(ledger.c.turn_id, cost, func.count())
            .where(_settled(user, since, until), ledger.c.cost > 0)
            .group_by(ledger.c.turn_id)
            .order_by(cost.desc())
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [(turn, spent, calls) for turn, spent, calls in connection.execute(query)]

    def agreement(self, user: str, since: datetime, until: datetime) -> Agreement:
        """How many of the calls are reported, estimated, unpriced, open."""

        def many(which: ColumnElement[bool]) -> ColumnElement[int]:
            return func.coalesce(func.sum(case((which, 1), else_=0)), 0)

        settled = ledger.c.state == "settled"
        query = select(
            many(and_(settled, ledger.c.source == "reported")),
            many(and_(settled, ledger.c.source == "estimated")),
            many(and_(settled, ledger.c.cost.is_(None))),
            many(ledger.c.state == "reserved"),
        ).where(ledger.c.user_id == user, ledger.c.created_at >= since, ledger.c.created_at < until)
        with reading(self._engine) as connection:
            reported, estimated, unpriced, still_open = connection.execute(query).one()
        return Agreement(int(reported), int(estimated), int(unpriced), int(still_open))


_TOKENS = (
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)


def _sum(name: str) -> ColumnElement[Any]:
    return func.coalesce(func.sum(ledger.c[name]), 0)


def _settled(user: str, since: datetime, until: datetime) -> ColumnElement[bool]:
    return and_(
        ledger.c.user_id == user,
        ledger.c.created_at >= since,
        ledger.c.created_at < until,
        ledger.c.state == "settled",
    )


def _spend(row: dict[str, Any]) -> Spend:
    whole = {each: int(row[each]) for each in _TOKENS}
    return Spend(**{**row, **whole, "name": row["name"] or row["key"]})


_Parts = tuple[ColumnElement[Any], ColumnElement[Any], FromClause]


def _by_model() -> _Parts:
    return ledger.c.model, ledger.c.model, ledger


def _by_use() -> _Parts:
    return ledger.c.purpose, ledger.c.purpose, ledger


def _by_conversation() -> _Parts:
    of = and_(
        conversations.c.user_id == ledger.c.user_id,
        conversations.c.id == ledger.c.conversation_id,
    )
    return ledger.c.conversation_id, conversations.c.title, ledger.outerjoin(conversations, of)


def _by_prompt() -> _Parts:
    of = and_(turns.c.user_id == ledger.c.user_id, turns.c.id == ledger.c.turn_id)
    return turns.c.prompt_version, turns.c.prompt_version, ledger.outerjoin(turns, of)


_DIMENSIONS: dict[Dimension, Callable[[], _Parts]] = {
    "model": _by_model,
    "use": _by_use,
    "conversation": _by_conversation,
    "prompt": _by_prompt,
}
