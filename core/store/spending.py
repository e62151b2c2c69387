"""What was settled, by what made it so: models, uses, conversations, prompts, links, tools, answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, case, func, select

from core.bills.comparing import Booked
from core.store.booked import booked
from core.store.columns import Dollars
from core.store.distribution import BOUNDS, Distribution, distributed
from core.store.engine import reading
from core.store.sent_windows import Sent, sent_windows
from core.store.spend_days import (
    TOKENS,
    DaySpend,
    Dimension,
    date_of,
    models_by_day,
    number_of,
)
from core.store.tables import conversations, ledger, links, spend_days, spend_turns, turns

_KEPT = ("calls", "unpriced", "estimated", *TOKENS)


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
    estimated: int = 0

    @property
    def fresh_tokens(self) -> int:
        """Tokens sent that no cache had."""
        return max(0, self.input_tokens - self.cached_tokens - self.cache_write_tokens)


OTHERS = "all others"
"""The name of what has none of the names that are told."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the rows can be trusted: calls whose usage the vendor reported, those that were estimated,
    those without a known price, and those that are still open."""

    reported: int
    estimated: int
    unpriced: int
    open: int


class Spending:
    """Sums over the ledger of each user, from the first day to the last, both included; UTC days."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def by(
        self, user: str, dimension: Dimension, first_day: date, last_day: date, limit: int = 50
    ) -> list[Spend]:
        """The dearest names of the dimension, then those with the most tokens; at most `limit`."""
        tokens = _sum("input_tokens") + _sum("output_tokens")
        cost = _sum("cost", Dollars)
        query = (
            select(
                spend_days.c.name.label("key"),
                *(_sum(each).label(each) for each in _KEPT),
                cost.label("cost"),
            )
            .where(_in(user, dimension, first_day, last_day))
            .group_by(spend_days.c.name)
            .order_by(cost.desc(), tokens.desc(), spend_days.c.name)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        names = self.names(user, dimension, [row.key for row in rows])
        return [_spend(row._asdict(), names) for row in rows]

    def others(
        self,
        user: str,
        dimension: Dimension,
        first_day: date,
        last_day: date,
        found: Sequence[Spend],
    ) -> list[Spend]:
        """What is not among these names of the dimension, together as one; nothing where they are all."""
        query = select(*(_sum(each).label(each) for each in _KEPT), _sum("cost").label("cost"))
        with reading(self._engine) as connection:
            whole = connection.execute(query.where(_in(user, dimension, first_day, last_day))).one()
        rest: dict[str, Any] = {
            each: int(getattr(whole, each)) - sum(getattr(spend, each) for spend in found)
            for each in _KEPT
        }
        rest["cost"] = whole.cost - sum(spend.cost or 0 for spend in found)
        return [_spend({**rest, "key": OTHERS}, {})] if rest["calls"] else []

    def by_day(
        self, user: str, dimension: Dimension, first_day: date, last_day: date, keys: Sequence[str]
    ) -> list[tuple[date, str | None, Spend]]:
        """Each day's sums of these keys, and of all others together under None; oldest day first."""
        named = case((spend_days.c.name.in_(keys), spend_days.c.name), else_=None)
        query = (
            select(
                spend_days.c.day,
                named.label("key"),
                *(_sum(each).label(each) for each in _KEPT),
                _sum("cost", Dollars).label("cost"),
            )
            .where(_in(user, dimension, first_day, last_day))
            .group_by(spend_days.c.day, named)
            .order_by(spend_days.c.day)
        )
        found = []
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                values = row._asdict()
                day, key = date_of(values.pop("day")), values["key"]
                found.append((day, key, _spend({**values, "key": key or ""}, {})))
        return found

    def began(self, user: str) -> date | None:
        """The first day on which anything was settled."""
        query = select(func.min(spend_days.c.day)).where(
            spend_days.c.user_id == user, spend_days.c.dimension == "use"
        )
        with reading(self._engine) as connection:
            day = connection.scalar(query)
        return None if day is None else date_of(day)

    def dearest(
        self, user: str, first_day: date, last_day: date, limit: int = 20
    ) -> list[tuple[str, Decimal, int]]:
        """The turns that cost most: id, the sum of their known costs, calls."""
        query = (
            select(spend_turns.c.turn_id, spend_turns.c.cost, spend_turns.c.calls)
            .where(_turns(user, first_day, last_day), spend_turns.c.cost > 0)
            .order_by(spend_turns.c.cost.desc(), spend_turns.c.turn_id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [(turn, spent, int(calls)) for turn, spent, calls in connection.execute(query)]

    def models_by_day(self, user: str, since: datetime) -> list[DaySpend]:
        """What was settled since the day of then, by UTC day and model, newest day first."""
        return models_by_day(self._engine, user, since)

    def windows(self, user: str, first_day: date, last_day: date, limit: int = 100) -> list[Sent]:
        """What was sent for the newest `limit` answers, as far as one reported call was all; oldest first."""
        return sent_windows(self._engine, user, first_day, last_day, limit)

    def distribution(self, user: str, first_day: date, last_day: date) -> Distribution:
        """How many answers cost how much, of those whose price is known."""
        cost = spend_turns.c.cost
        whens = [(cost < bound, place) for place, bound in enumerate(BOUNDS)]
        place = case((cost == Decimal(0), -1), *whens, else_=len(BOUNDS)).label("place")
        query = (
            select(place, func.count(), func.sum(cost), func.max(cost))
            .where(_turns(user, first_day, last_day), spend_turns.c.unpriced == 0)
            .group_by(place)
        )
        with reading(self._engine) as connection:
            found = {row[0]: row for row in connection.execute(query)}
        return distributed(found)

    def agreement(self, user: str, first_day: date, last_day: date) -> Agreement:
        """How many of the calls are reported, estimated, unpriced, open now."""
        sums = select(_sum("calls"), _sum("estimated"), _sum("unpriced"))
        still_open = (
            select(func.count())
            .select_from(ledger)
            .where(ledger.c.user_id == user, ledger.c.state == "reserved")
        )
        with reading(self._engine) as connection:
            found = connection.execute(sums.where(_in(user, "use", first_day, last_day))).one()
            calls, estimated, unpriced = map(int, found)
            reserved = connection.scalar(still_open) or 0
        return Agreement(calls - estimated, estimated, unpriced, reserved)

    def booked(self, user: str, first_day: date, last_day: date) -> list[Booked]:
        """Each day and model with what of it was estimated, to be held against a bill."""
        with reading(self._engine) as connection:
            return booked(connection, user, first_day, last_day)

    def questions(self, user: str, turn_ids: Sequence[str]) -> dict[str, str]:
        """What was asked in these turns, as far as they are there; their windows are not read."""
        query = select(turns.c.id, turns.c.request).where(
            turns.c.user_id == user, turns.c.id.in_(turn_ids)
        )
        with reading(self._engine) as connection:
            return {row.id: row.request.prompt for row in connection.execute(query)}

    def names(self, user: str, dimension: str, keys: Sequence[str]) -> dict[str, str]:
        """The titles behind ids of conversations and links; what is gone has none."""
        table = {"conversation": conversations, "link": links}.get(dimension)
        if table is None or not keys:
            return {}
        query = select(table.c.id, table.c.title).where(
            table.c.user_id == user, table.c.id.in_(keys)
        )
        with reading(self._engine) as connection:
            return {row.id: row.title for row in connection.execute(query)}


def _sum(name: str, kind: Callable[[], Any] | None = None) -> ColumnElement[Any]:
    column = spend_days.c[name]
    return func.coalesce(func.sum(column, type_=kind() if kind else None), 0, type_=column.type)


def _in(user: str, dimension: str, first_day: date, last_day: date) -> ColumnElement[bool]:
    return and_(
        spend_days.c.user_id == user,
        spend_days.c.dimension == dimension,
        spend_days.c.day >= number_of(first_day),
        spend_days.c.day <= number_of(last_day),
        spend_days.c.calls > 0,
    )


def _turns(user: str, first_day: date, last_day: date) -> ColumnElement[bool]:
    return and_(
        spend_turns.c.user_id == user,
        spend_turns.c.day >= number_of(first_day),
        spend_turns.c.day <= number_of(last_day),
        spend_turns.c.calls > 0,
    )


def _spend(row: dict[str, Any], names: dict[str, str]) -> Spend:
    whole = {each: int(row[each]) for each in _KEPT}
    cost = None if whole["unpriced"] == whole["calls"] else row["cost"]
    return Spend(**whole, key=row["key"], name=names.get(row["key"]) or row["key"], cost=cost)
