from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.dialects import sqlite

from core.errors import NotFound
from core.store import ledger as module
from core.store.columns import Dollars, Moment, now
from core.store.engine import make_engine, writing
from core.store.ledger import Ledger
from core.store.spending import Spending
from core.store.turns import Turns
from core.types import Calls, Usage
from tests.core.store.stories import ME, ask, away

USAGE = Usage(100, 20, 10, 5, 2)
_DIALECT = sqlite.dialect()


@pytest.fixture
def ledger(engine: Engine) -> Ledger:
    return Ledger(engine)


@pytest.fixture
def spending(engine: Engine) -> Spending:
    return Spending(engine)


def reserve(ledger: Ledger, row: str = "r1", amount: str | None = "0.5", turn: str = "t1") -> None:
    worst = None if amount is None else Decimal(amount)
    ledger.reserve(ME, row, turn, "c1", "openai:x", "answer", worst)


def test_a_call_is_reserved_and_settled(ledger: Ledger) -> None:
    reserve(ledger)
    assert ledger.turn_cost(ME, "t1") is None  # nobody knows yet
    ledger.settle(ME, "r1", USAGE, Decimal("0.000123"))

    (row,) = ledger.rows(ME)
    assert (row.state, row.reserved, row.cost) == ("settled", Decimal("0.5"), Decimal("0.000123"))
    assert row.usage == USAGE and row.settled_at is not None
    assert ledger.turn_cost(ME, "t1") == Decimal("0.000123")


def test_repeated_reservations_and_settlements_count_once(ledger: Ledger) -> None:
    reserve(ledger)
    reserve(ledger, amount="9")
    ledger.settle(ME, "r1", USAGE, Decimal(1))
    ledger.settle(ME, "r1", USAGE, Decimal(7))
    ledger.release(ME, "r1")

    (row,) = ledger.rows(ME)
    assert (row.reserved, row.cost, row.state) == (Decimal("0.5"), Decimal(1), "settled")


def test_a_report_replaces_an_estimate_and_a_release_but_not_the_other_way_round(
    ledger: Ledger,
) -> None:
    reserve(ledger)
    ledger.release(ME, "r1")
    assert ledger.turn_cost(ME, "t1") == 0
    estimate = Usage(1, 1, source="estimated")
    ledger.settle(ME, "r1", estimate, Decimal(3))
    ledger.settle(ME, "r1", USAGE, Decimal(2))
    ledger.settle(ME, "r1", estimate, Decimal(4))

    assert ledger.turn_cost(ME, "t1") == 2


def test_an_unknown_price_is_never_zero(ledger: Ledger, spending: Spending) -> None:
    reserve(ledger, "r1", None)
    reserve(ledger, "r2", "1")
    ledger.settle(ME, "r1", USAGE, None)
    ledger.settle(ME, "r2", USAGE, Decimal(1))

    assert ledger.turn_cost(ME, "t1") is None
    (day,) = spending.models_by_day(ME, now() - timedelta(days=1))
    assert (day.cost, day.unpriced_calls, day.calls) == (Decimal(1), 1, 2)
    assert (day.input_tokens, day.output_tokens) == (200, 40)


def test_a_turn_shows_what_its_rows_cost(ledger: Ledger, engine: Engine) -> None:
    turns = Turns(engine)
    ask(turns)
    assert turns.get(ME, "t1").cost == 0
    reserve(ledger, "r1")
    reserve(ledger, "r2")
    ledger.settle(ME, "r1", USAGE, Decimal("0.1"))
    assert turns.get(ME, "t1").cost is None
    ledger.settle(ME, "r2", USAGE, Decimal("0.2"))
    assert turns.get(ME, "t1").cost == Decimal("0.3")


def test_a_turn_knows_all_its_calls_and_how_many_of_them_are_our_estimate(
    ledger: Ledger, engine: Engine
) -> None:
    turns = Turns(engine)
    ask(turns)
    for row in ("r1", "r2", "r3", "r4"):
        reserve(ledger, row)
    ledger.settle(ME, "r1", Usage(70, 0, source="estimated"), Decimal("0.1"))
    ledger.settle(ME, "r2", USAGE, Decimal("0.2"))
    ledger.release(ME, "r3")
    ledger.settle_orphans(ME, "t1")  # nobody said anything of the fourth

    assert turns.get(ME, "t1").calls == Calls(4, 2, 170, 20)
    assert turns.get(ME, "t1").cost == Decimal("0.8")


def test_what_a_dead_process_reserved_is_settled_at_its_worst_case(ledger: Ledger) -> None:
    reserve(ledger, "r1", "0.25")
    reserve(ledger, "r2", "0.5", turn="t2")

    assert ledger.settle_orphans(ME, "t1") == 1
    assert ledger.settle_orphans(ME, "t1") == 0

    assert ledger.turn_cost(ME, "t1") == Decimal("0.25")
    assert [row.state for row in ledger.rows(ME, turn_id="t2")] == ["reserved"]


def test_days_are_those_of_utc(
    ledger: Ledger, spending: Spending, monkeypatch: pytest.MonkeyPatch
) -> None:
    midnight = datetime(2026, 3, 1, tzinfo=UTC)
    for row, at in (("r1", midnight - timedelta(microseconds=1)), ("r2", midnight)):
        monkeypatch.setattr(module, "now", lambda at=at: at)
        reserve(ledger, row)
        ledger.settle(ME, row, USAGE, Decimal(1))

    days = spending.models_by_day(ME, midnight - timedelta(days=1))

    assert [str(d.day) for d in days] == ["2026-03-01", "2026-02-28"]
    assert [r.id for r in ledger.rows(ME, since=midnight)] == ["r2"]
    assert [r.id for r in ledger.rows(ME, until=midnight)] == ["r1"]
    assert [r.id for r in ledger.rows(ME, limit=1)] == ["r2"]


def test_what_was_billed_while_another_process_held_the_database_is_booked_later(
    sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "held.db"
    path.write_bytes(sqlite.read_bytes())
    monkeypatch.setattr("core.store.engine._BUSY_MS", 20)
    mine, other = make_engine(f"sqlite:///{path}"), make_engine(f"sqlite:///{path}")
    ledger = Ledger(mine, "me")
    reserve(ledger, "r1")
    reserve(ledger, "r2")
    with writing(other):
        ledger.settle(ME, "r1", USAGE, Decimal("0.1"))
        ledger.release(ME, "r2")
        ledger.recover(lambda _: True)  # still held
        assert {row.state for row in ledger.rows(ME)} == {"reserved"}

    ledger.recover(lambda _: True)
    costs = {row.id: (row.state, row.cost) for row in ledger.rows(ME)}
    assert costs == {"r1": ("settled", Decimal("0.1")), "r2": ("released", Decimal(0))}
    mine.dispose()
    other.dispose()


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_what_was_billed_while_the_server_was_away_is_booked_later(engine: Engine) -> None:
    ledger = Ledger(engine, "me")
    reserve(ledger)
    with away(engine):
        ledger.settle(ME, "r1", USAGE, Decimal("0.1"))
    ledger.recover(lambda _: True)
    (row,) = ledger.rows(ME)
    assert (row.state, row.cost) == ("settled", Decimal("0.1"))


def test_settling_what_was_never_reserved_is_an_error(ledger: Ledger) -> None:
    with pytest.raises(NotFound):
        ledger.settle(ME, "r9", USAGE, Decimal(1))
    with pytest.raises(NotFound):
        ledger.release(ME, "r9")


@given(st.integers(0, 2**63 - 1))
def test_every_picodollar_comes_back(pico: int) -> None:
    kind = Dollars()
    amount = kind.process_result_value(pico, _DIALECT)
    assert amount is not None
    assert kind.process_bind_param(amount, _DIALECT) == pico
    assert "E" not in f"{amount:f}"


@given(st.decimals(0, 1000, allow_nan=False, places=15))
def test_money_is_rounded_up(amount: Decimal) -> None:
    stored = Dollars().process_bind_param(amount, _DIALECT)
    assert stored is not None
    assert 0 <= stored - amount * 10**12 < 1


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_moment_comes_back(at: datetime) -> None:
    kind = Moment()
    assert kind.process_result_value(kind.process_bind_param(at, _DIALECT), _DIALECT) == at
