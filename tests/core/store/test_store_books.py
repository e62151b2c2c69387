"""Whatever happens in whatever order: the accounts are the sum of the rows, and no cap is passed."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, delete, func, select

from core.errors import BudgetExceeded
from core.store import ledger as module
from core.store.accounts import Payers, Scope
from core.store.caps import Caps
from core.store.columns import now
from core.store.engine import reading, writing
from core.store.ledger import Ledger
from core.store.ledger_rows import settle_at_worst
from core.store.spend_days import day_of
from core.store.tables import accounts, caps, ledger, spend_days, spend_turns
from core.types import LedgerRow, Usage
from tests.core.store.stories import ME

REPORT, ESTIMATE = Usage(100, 20), Usage(1, 1, source="estimated")
LIMITS: dict[Scope, Decimal] = {
    "day": Decimal(2),
    "month": Decimal(3),
    "conversation": Decimal(1),
    "key": Decimal("0.7"),
}
AMOUNTS = st.none() | st.integers(0, 40).map(lambda cents: Decimal(cents) / 100)
ROWS = st.integers(0, 12).map("r{}".format)
PAYERS = st.builds(Payers, st.sampled_from(["c1", "c2"]), st.sampled_from(["", "k1"]))
OWNERS = ("one", "two")
BY: dict[str, Callable[[LedgerRow], str]] = {
    "model": lambda row: row.model,
    "conversation": lambda row: row.conversation_id,
    "use": lambda row: row.purpose,
}


class Books(RuleBasedStateMachine):
    """Two processes that reserve, settle, release and die, with a clock that jumps."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine
        self.patch = pytest.MonkeyPatch()
        self.ledgers = {owner: Ledger(engine, owner) for owner in OWNERS}
        self.worst: dict[str, Decimal] = {}
        self.owner: dict[str, str] = {}

    @initialize(capped=st.booleans())
    def begin(self, capped: bool) -> None:
        self.limits = LIMITS if capped else {}
        with writing(self.engine) as connection:
            for table in (ledger, spend_days, spend_turns, accounts, caps):
                connection.execute(delete(table))
        for scope, limit in self.limits.items():
            Caps(self.engine).set(ME, scope, limit)

    def teardown(self) -> None:
        self.patch.undo()
        for owner in OWNERS:
            self.crash(owner)
        assert all(row.state != "reserved" for row in self.rows())
        self.balanced()

    @rule(days=st.integers(-40, 3))
    def jump(self, days: int) -> None:
        self.patch.setattr(module, "now", lambda: now() + timedelta(days=days))

    @rule(row=ROWS, amount=AMOUNTS, payers=PAYERS, owner=st.sampled_from(OWNERS))
    def reserve(self, row: str, amount: Decimal | None, payers: Payers, owner: str) -> None:
        book = self.ledgers[owner]
        try:
            book.reserve(ME, row, "t1", payers.conversation, "m", "answer", amount, payers)
        except BudgetExceeded as refused:
            assert row not in self.worst
            assert amount is None or refused.spent + refused.reserved + amount > refused.limit
        else:
            assert amount is not None or not self.limits or row in self.worst
            self.worst.setdefault(row, amount or Decimal(0))
            self.owner.setdefault(row, owner)

    @rule(row=ROWS, share=st.integers(0, 100), reported=st.booleans())
    def settle(self, row: str, share: int, reported: bool) -> None:
        if row in self.worst:
            cost = self.worst[row] * share / 100
            self.ledgers["one"].settle(ME, row, REPORT if reported else ESTIMATE, cost)

    @rule(row=ROWS)
    def release(self, row: str) -> None:
        if row in self.worst:
            self.ledgers["two"].release(ME, row)

    @rule(owner=st.sampled_from(OWNERS))
    def crash(self, owner: str) -> None:
        self.ledgers[owner].recover(lambda other: other != owner)
        for row in self.rows():
            assert row.state != "reserved" or self.owner[row.id] != owner

    @rule(row=ROWS)
    def settle_one_at_its_worst(self, row: str) -> None:
        with writing(self.engine) as connection:
            settle_at_worst(connection, select(ledger).where(ledger.c.id == row))

    @invariant()
    def balanced(self) -> None:
        found = self.rows()
        reserved = sum(row.reserved or 0 for row in found if row.state == "reserved")
        spent = sum(row.cost or 0 for row in found if row.state == "settled")
        sums = select(func.sum(accounts.c.spent), func.sum(accounts.c.reserved))
        with reading(self.engine) as connection:
            for scope in ("day", "month", "conversation"):
                booked = connection.execute(sums.where(accounts.c.scope == scope)).one()
                assert (booked[0] or 0, booked[1] or 0) == (spent, reserved)

    @invariant()
    def summed_by_day(self) -> None:
        """The sums by day are those of the settled rows, in every dimension."""
        settled = [row for row in self.rows() if row.state == "settled"]
        days = {day_of(row.created_at) for row in settled}
        for dimension, of in BY.items():
            wanted = {}
            for day in days:
                for row in settled:
                    if day_of(row.created_at) == day:
                        calls, cost = wanted.get((day, of(row)), (0, Decimal(0)))
                        wanted[day, of(row)] = calls + 1, cost + (row.cost or 0)
            query = select(spend_days).where(
                spend_days.c.dimension == dimension, spend_days.c.calls > 0
            )
            with reading(self.engine) as connection:
                kept = connection.execute(query).all()
            assert {(row.day, row.name): (row.calls, row.cost) for row in kept} == wanted

        with reading(self.engine) as connection:
            turn = connection.execute(select(spend_turns).where(spend_turns.c.calls > 0)).all()
        assert [each.calls for each in turn] == ([len(settled)] if settled else [])
        assert sum(each.cost for each in turn) == sum(row.cost or 0 for row in settled)

    def rows(self) -> list[LedgerRow]:
        return self.ledgers["one"].rows(ME, 10_000)


class BooksUnderCaps(Books):
    """What was released had not been sent, so it is never billed: then no account passes its cap."""

    @rule(row=ROWS, share=st.integers(0, 100), reported=st.booleans())
    def settle(self, row: str, share: int, reported: bool) -> None:
        if "released" not in {found.state for found in self.rows() if found.id == row}:
            super().settle(row, share, reported)

    @invariant()
    def under_every_cap(self) -> None:
        with reading(self.engine) as connection:
            for row in connection.execute(select(accounts)):
                if row.scope in self.limits:
                    assert row.spent + row.reserved <= self.limits[row.scope]


@pytest.mark.parametrize("kind", [Books, BooksUnderCaps])
def test_the_books_balance_whatever_happens(engine: Engine, kind: type[Books]) -> None:
    run_state_machine_as_test(
        lambda: kind(engine),
        settings=settings(
            max_examples=25,
            stateful_step_count=20,
            deadline=None,
            # Shrinking on a real server outlasts a test's time limit, and then nobody sees the fault.
            phases=(Phase.reuse, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )
