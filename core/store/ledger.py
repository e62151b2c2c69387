"""Every attempt that could cost money, from its reservation to what it came to."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Engine,
    and_,
    func,
    select,
)

from core.store import accounts
from core.store.accounts import Payers, accounts_of
from core.store.columns import now, to_the_picodollar
from core.store.engine import insert, reading, writing
from core.store.leases import is_orphaned
from core.store.ledger_rows import change, hold_more, open_row, settle_at_worst
from core.store.spend_days import TOKENS
from core.store.tables import ledger, turns
from core.store.turn_costs import turn_costs
from core.store.unwritten import Unwritten
from core.types import Calls, LedgerRow, Usage

# Far beyond the total deadline of any call: whoever reserved it is gone.
_LONGEST_CALL = timedelta(hours=1)
TOGETHER = " + "
"""Between the tools of one step, whose results one call reads."""


class Ledger:
    """The rows of a user's money; none is ever deleted. `owner` is the process that books, so that
    others can see when it died; `calendar` tells on which day and month a call is booked."""

    def __init__(
        self,
        engine: Engine,
        owner: str | None = None,
        calendar: Callable[[], datetime] | None = None,
    ) -> None:
        self._engine = engine
        self._calendar = calendar or (lambda: now())
        self._owner = owner
        self._unwritten = Unwritten()

    def reserve(
        self,
        user: str,
        row_id: str,
        turn_id: str,
        conversation_id: str,
        model: str,
        purpose: str,
        reserved: Decimal | None,
        payers: Payers | None = None,
        tools: Sequence[str] = (),
    ) -> None:
        """Book the worst case (USD; None: price unknown) before anything is sent, on every account
        that pays; repeating it changes nothing. `tools` are those whose results the call is the first
        to read. Raises BudgetExceeded, and then nothing is booked."""
        moment, payers = now(), payers or Payers(conversation_id)
        with writing(self._engine) as connection:
            on = accounts_of(connection, user, payers, self._calendar())
            row = insert(connection, ledger).values(
                user_id=user,
                id=row_id,
                turn_id=turn_id,
                conversation_id=conversation_id,
                model=model,
                purpose=purpose,
                state="reserved",
                created_at=moment,
                reserved=reserved,
                accounts=on,
                owner=self._owner,
                link_id=payers.link,
                tools=TOGETHER.join(sorted(set(tools))),
                prompt=func.coalesce(_prompt_of(user, turn_id), ""),
                **dict.fromkeys(TOKENS, 0),
            )
            # Not by its rowcount: that of an INSERT is -1 on PostgreSQL, whatever it did.
            fresh = row.on_conflict_do_nothing().returning(ledger.c.id)
            if connection.execute(fresh).first() is not None:
                exact = None if reserved is None else to_the_picodollar(reserved)
                accounts.reserve(connection, user, on, exact)

    def allows(self, user: str, worst: Decimal | None, payers: Payers) -> bool:
        """Whether a call of this worst case (USD; None: price unknown) could be reserved now; nothing is."""
        with reading(self._engine) as connection:
            on = accounts_of(connection, user, payers, self._calendar())
            return accounts.allows(connection, user, on, worst)

    def hold(self, user: str, row_id: str, worst: Decimal) -> None:
        """Reserve so much (USD) for an open row that has less, on every account that pays. Raises
        BudgetExceeded, and then what was reserved stays; NotFound."""
        with writing(self._engine) as connection:
            hold_more(connection, open_row(connection, user, row_id), worst)

    def settle(self, user: str, row_id: str, usage: Usage | None, cost: Decimal | None) -> None:
        """Book what it came to (USD; None: price unknown), as soon as the database takes it. What the
        vendor reported is never replaced; an estimate or a release is, for what was billed must be
        booked. Raises NotFound."""
        self._unwritten.write(partial(self._settle, user, row_id, usage, cost))

    def _settle(self, user: str, row_id: str, usage: Usage | None, cost: Decimal | None) -> None:
        tokens = asdict(usage) if usage else {}
        with writing(self._engine) as connection:
            row = open_row(connection, user, row_id)
            if row.state == "settled" and row.source == "reported":
                return
            change(connection, row, state="settled", cost=cost, **tokens)

    def release(self, user: str, row_id: str) -> None:
        """Nothing was sent: the row costs nothing, as soon as the database takes it. A settled row
        stays as it is. Raises NotFound."""
        self._unwritten.write(partial(self._release, user, row_id))

    def _release(self, user: str, row_id: str) -> None:
        with writing(self._engine) as connection:
            row = open_row(connection, user, row_id)
            if row.state == "reserved":
                change(connection, row, state="released", cost=Decimal(0))

    def settle_orphans(self, user: str, turn_id: str) -> int:
        """Settle what the turn of a dead process reserved at its worst case; how many rows that were."""
        return self._settle_at_worst(and_(ledger.c.user_id == user, ledger.c.turn_id == turn_id))

    def recover(self, alive: Callable[[str], bool | None]) -> int:
        """Settle at their worst case what dead processes left reserved, in a turn or not; how many
        rows that were. `alive` is asked for each process, and is None where nobody can see it. What the
        database did not take of this process is written first."""
        self._unwritten.catch_up()
        lapsed = now() - _LONGEST_CALL
        still_open = select(ledger.c.owner, func.min(ledger.c.created_at)).where(
            ledger.c.state == "reserved", ledger.c.owner.is_not(None)
        )
        with reading(self._engine) as connection:
            owners = connection.execute(still_open.group_by(ledger.c.owner)).all()
        settled = 0
        for owner, oldest in owners:
            known = alive(owner)
            if is_orphaned(known, oldest < lapsed):
                theirs = ledger.c.owner == owner
                if known is None:
                    theirs = and_(theirs, ledger.c.created_at < lapsed)
                settled += self._settle_at_worst(theirs)
        return settled

    def _settle_at_worst(self, which: ColumnElement[bool]) -> int:
        still_open = select(ledger.c.user_id, ledger.c.id).where(
            which, ledger.c.state == "reserved"
        )
        with reading(self._engine) as connection:
            found = connection.execute(still_open.order_by(ledger.c.user_id, ledger.c.id)).all()
        settled = 0
        for user, row_id in found:
            one = select(ledger).where(ledger.c.user_id == user, ledger.c.id == row_id)
            # The order of locks holds within one row: two rows in one transaction may lock a day
            # before a conversation, and then PostgreSQL kills the call of somebody who lives.
            with writing(self._engine) as connection:
                settled += settle_at_worst(connection, one)
        return settled

    def rows(
        self,
        user: str,
        limit: int = 100,
        since: datetime | None = None,
        until: datetime | None = None,
        turn_id: str | None = None,
        models: Sequence[str] = (),
    ) -> list[LedgerRow]:
        """The rows from `since` to before `until`, newest first; `turn_id` narrows them to one turn,
        `models` to these refs."""
        return list(self.stream(user, limit, since, until, turn_id, models))

    def stream(
        self,
        user: str,
        limit: int,
        since: datetime | None = None,
        until: datetime | None = None,
        turn_id: str | None = None,
        models: Sequence[str] = (),
    ) -> Iterator[LedgerRow]:
        """The same, a thousand in memory at a time."""
        query = select(ledger).where(ledger.c.user_id == user)
        if since is not None:
            query = query.where(ledger.c.created_at >= since)
        if until is not None:
            query = query.where(ledger.c.created_at < until)
        if turn_id is not None:
            query = query.where(ledger.c.turn_id == turn_id)
        if models:
            query = query.where(ledger.c.model.in_(models))
        query = query.order_by(ledger.c.created_at.desc(), ledger.c.id.desc()).limit(limit)
        query = query.execution_options(yield_per=1_000)
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                yield _row(row._asdict())

    def turn_cost(self, user: str, turn_id: str) -> Decimal | None:
        """What the turn has cost so far; None when the price of any of its calls is unknown."""
        return self.turn_took(user, turn_id)[0]

    def turn_took(self, user: str, turn_id: str) -> tuple[Decimal | None, Calls]:
        """What the turn has cost so far, and the calls that this paid."""
        with reading(self._engine) as connection:
            return turn_costs(connection, user, [turn_id])[turn_id]


def _prompt_of(user: str, turn_id: str) -> Any:
    of = (turns.c.user_id == user, turns.c.id == turn_id)
    return select(turns.c.prompt_version).where(*of).scalar_subquery()


def _row(row: dict[str, Any]) -> LedgerRow:
    tokens = {name: row.pop(name) for name in TOKENS}
    source = row.pop("source")
    for ours in ("user_id", "accounts", "owner", "link_id", "tools", "prompt"):
        del row[ours]
    return LedgerRow(**row, usage=Usage(**tokens, source=source) if source else None)
