"""Caps: the worst case is reserved before anything is sent, and no cap is ever passed."""

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text, update

from core.errors import BudgetExceeded, Refused
from core.store import ledger as module
from core.store.accounts import Payers
from core.store.calendar import Calendar
from core.store.caps import Caps
from core.store.engine import make_engine, migrate, reading, writing
from core.store.ledger import Ledger
from core.store.tables import accounts
from core.types import Usage
from tests.core.store.stories import ME

USAGE = Usage(100, 20)
ESTIMATE = Usage(1, 1, source="estimated")
ROOT = Path(__file__).resolve().parents[3]


def dollars(amount: str) -> Decimal:
    return Decimal(amount)


def reserve(ledger: Ledger, row: str, amount: str | None, payers: Payers | None = None) -> None:
    worst = None if amount is None else dollars(amount)
    ledger.reserve(ME, row, "t1", "c1", "openai:x", "answer", worst, payers)


def spent_and_reserved(engine: Engine, scope: str) -> tuple[Decimal, Decimal]:
    with reading(engine) as connection:
        found = connection.execute(select(accounts).where(accounts.c.scope == scope)).all()
    return sum(row.spent for row in found), sum(row.reserved for row in found)


def test_a_call_that_might_pass_the_cap_is_refused_and_says_what_is_left_and_when_it_renews(
    engine: Engine,
) -> None:
    ledger, caps = Ledger(engine), Caps(engine)
    reserve(ledger, "r1", "0.30")
    ledger.settle(ME, "r1", USAGE, dollars("0.10"))
    caps.set(ME, "day", dollars("1"))  # what was spent before it was set counts
    reserve(ledger, "r2", "0.85")
    with pytest.raises(BudgetExceeded, match=r"cap of \$1 for today is reached: \$0.1") as refused:
        reserve(ledger, "r3", "0.06")
    error = refused.value
    assert (error.scope, error.limit, error.spent, error.reserved) == (
        "day",
        1,
        dollars("0.1"),
        dollars("0.85"),
    )
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    assert error.renews_at and error.renews_at.date() == tomorrow
    assert error.hint.startswith(f"It renews on {tomorrow:%-d %B %Y} at 00:00 UTC. ")
    assert [row.id for row in ledger.rows(ME)] == [
        "r2",
        "r1",
    ]  # nothing is left of what was refused
    reserve(ledger, "r3", "0.05")  # to the cent
    assert caps.list(ME)[0].left == 0


@pytest.mark.parametrize(
    ("scope", "user", "way"),
    [
        ("day", "local", "Raise the cap on the Models page"),
        ("day", ME, "Ask whoever runs the app"),
        ("link", ME, "Raise the cap of the link on the Shares page"),
        ("visitor", ME, "Others can still ask by this link"),
    ],
)
def test_what_to_do_at_a_cap_is_told_to_whoever_can_do_it(
    engine: Engine, scope: Any, user: str, way: str
) -> None:
    Caps(engine).set(user, scope, dollars("0.01"))
    by = Payers("c1", link="l1", visitor="v1")
    with pytest.raises(BudgetExceeded) as refused:
        Ledger(engine).reserve(user, "r1", "t1", "c1", "openai:a", "answer", dollars("1"), by)
    assert way in refused.value.hint


def test_a_repeated_reservation_is_set_aside_once_whatever_it_says(engine: Engine) -> None:
    ledger, caps = Ledger(engine), Caps(engine)
    caps.set(ME, "day", dollars("1"))
    reserve(ledger, "r1", "0.6")
    for amount in ("0.6", "0.1", "0", None):
        reserve(ledger, "r1", amount)
    assert spent_and_reserved(engine, "day") == (0, dollars("0.6"))
    ledger.settle(ME, "r1", USAGE, dollars("0.2"))
    reserve(ledger, "r1", "0.9")
    assert spent_and_reserved(engine, "day") == (dollars("0.2"), 0)


def test_every_cap_counts_and_one_that_refuses_leaves_the_others_as_they_were(
    engine: Engine,
) -> None:
    ledger, caps = Ledger(engine), Caps(engine)
    caps.set(ME, "month", dollars("10"))
    caps.set(ME, "conversation", dollars("1"))
    caps.set(ME, "key", dollars("0.5"), "k1")
    reserve(ledger, "r1", "0.4", Payers("c1", key="k1"))
    with pytest.raises(BudgetExceeded, match="of this API key"):
        reserve(ledger, "r2", "0.2", Payers("c1", key="k1"))
    reserve(ledger, "r2", "0.5", Payers("c1", key="k2"))
    with pytest.raises(BudgetExceeded, match="of this conversation"):
        reserve(ledger, "r3", "0.2", Payers("c1"))
    reserve(ledger, "r3", "0.2", Payers("c2"))
    assert spent_and_reserved(engine, "month") == (0, dollars("1.1"))
    assert spent_and_reserved(engine, "day") == (0, dollars("1.1"))
    states = {(state.scope, state.subject): state for state in caps.list(ME)}
    assert states["key", "k1"].left == dollars("0.1")
    assert states["conversation", ""].left is None  # each conversation has its own


def test_a_cap_of_one_conversation_goes_before_the_one_for_all(engine: Engine) -> None:
    ledger, caps = Ledger(engine), Caps(engine)
    caps.set(ME, "conversation", dollars("1"))
    caps.set(ME, "conversation", dollars("3"), "c1")
    reserve(ledger, "r1", "2", Payers("c1"))
    with pytest.raises(BudgetExceeded):
        reserve(ledger, "r2", "2", Payers("c2"))
    caps.remove(ME, "conversation")
    reserve(ledger, "r2", "2", Payers("c2"))


@pytest.mark.parametrize("scope", ["day", "month", "conversation", "link", "visitor", "key"])
def test_whether_a_call_would_be_refused_can_be_asked_and_books_nothing(
    engine: Engine, scope: Any
) -> None:
    ledger, caps = Ledger(engine), Caps(engine)
    payers = Payers("c1", "k1", "l1", "v1")
    assert ledger.allows(ME, dollars("5"), payers) and ledger.allows(ME, None, payers)
    subjects = {"conversation": "c1", "key": "k1", "link": "l1", "visitor": "v1"}
    caps.set(ME, scope, dollars("1"), subjects.get(scope, ""))
    reserve(ledger, "r1", "0.6", payers)
    asked = [ledger.allows(ME, dollars(each), payers) for each in ("0.4", "0.41", "0")]
    assert asked == [True, False, True]
    assert not ledger.allows(ME, None, payers)
    assert spent_and_reserved(engine, scope) == (0, dollars("0.6"))


def test_an_unknown_price_is_refused_under_a_cap_and_what_is_free_always_passes(
    engine: Engine,
) -> None:
    ledger, caps = Ledger(engine), Caps(engine)
    reserve(ledger, "r1", None)
    caps.set(ME, "month", dollars("0"))
    with pytest.raises(BudgetExceeded, match="price of this model is not known") as refused:
        reserve(ledger, "r2", None)
    assert "Enter the price" in refused.value.hint
    reserve(ledger, "r2", "0")
    with pytest.raises(BudgetExceeded):
        reserve(ledger, "r3", "0.000000000001")


def test_a_cost_above_its_reservation_is_booked_in_full_and_an_unknown_one_at_the_worst(
    engine: Engine,
) -> None:
    ledger = Ledger(engine)
    reserve(ledger, "r1", "0.1")
    reserve(ledger, "r2", "0.2")
    ledger.settle(ME, "r1", USAGE, dollars("0.5"))
    ledger.settle(ME, "r2", USAGE, None)
    assert spent_and_reserved(engine, "day") == (dollars("0.7"), 0)
    assert ledger.turn_cost(ME, "t1") is None


def test_a_report_moves_the_accounts_by_the_difference_to_the_estimate(engine: Engine) -> None:
    ledger = Ledger(engine)
    reserve(ledger, "r1", "1")
    ledger.settle(ME, "r1", ESTIMATE, dollars("0.6"))
    ledger.settle(ME, "r1", USAGE, dollars("0.4"))
    ledger.settle(ME, "r1", ESTIMATE, dollars("0.9"))
    ledger.release(ME, "r1")
    assert spent_and_reserved(engine, "conversation") == (dollars("0.4"), 0)


@pytest.mark.parametrize("jump", [timedelta(days=-1), timedelta(days=-40)])
def test_a_clock_that_jumps_back_grants_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, jump: timedelta
) -> None:
    ledger, caps = Ledger(engine), Caps(engine)
    caps.set(ME, "day", dollars("1"))
    reserve(ledger, "r1", "0.9")
    past = datetime.now(UTC) + jump
    monkeypatch.setattr(module, "now", lambda: past)
    with pytest.raises(BudgetExceeded):
        reserve(ledger, "r2", "0.2")
    ledger.settle(ME, "r1", USAGE, dollars("0.3"))
    reserve(ledger, "r2", "0.2")
    assert spent_and_reserved(engine, "day") == (dollars("0.3"), dollars("0.2"))


class Clocks:
    """A wall clock that somebody sets, and the seconds that pass whatever he sets it to."""

    def __init__(self) -> None:
        self.wall, self.passed = datetime(2026, 11, 30, 12, tzinfo=UTC), 500.0
        self.calendar = Calendar(clock=lambda: self.wall, passed=lambda: self.passed)

    def wait(self, **time: float) -> None:
        self.wall += timedelta(**time)
        self.passed += timedelta(**time).total_seconds()


def test_a_clock_that_jumps_forward_grants_nothing_until_so_much_time_has_passed(
    engine: Engine,
) -> None:
    clocks = Clocks()
    ledger, caps = Ledger(engine, None, clocks.calendar), Caps(engine, clocks.calendar)
    caps.set(ME, "day", dollars("1"))
    reserve(ledger, "r1", "0.9")
    for jump in (timedelta(days=1), timedelta(days=-1), timedelta(days=40)):
        clocks.wall += jump
        with pytest.raises(BudgetExceeded):
            reserve(ledger, "r2", "0.2")
        assert caps.state(ME, "day").reserved == dollars("0.9")  # type: ignore[union-attr]
    clocks.wait(hours=11)
    with pytest.raises(BudgetExceeded):
        reserve(ledger, "r2", "0.2")
    clocks.wait(hours=1)
    reserve(ledger, "r2", "0.2")
    assert caps.state(ME, "day").reserved == dollars("0.2")  # type: ignore[union-attr]


def test_a_clock_that_is_put_right_again_goes_on_from_there() -> None:
    clocks = Clocks()
    began = clocks.wall
    clocks.wall -= timedelta(hours=3)
    assert clocks.calendar() == began - timedelta(hours=3)
    clocks.wait(hours=1)
    assert clocks.calendar() == began - timedelta(hours=2)


def test_what_a_dead_process_reserved_outside_a_turn_is_settled_at_its_worst(
    engine: Engine,
) -> None:
    dead, living = Ledger(engine, "dead"), Ledger(engine, "living")
    reserve(dead, "r1", "0.3")
    reserve(dead, "r2", "0.2")
    dead.settle(ME, "r2", USAGE, dollars("0.1"))
    reserve(living, "r3", "0.4")
    elsewhere = Ledger(engine, "elsewhere")
    reserve(elsewhere, "r4", "0.5")

    seen = {"dead": False, "living": True, "elsewhere": None}
    assert living.recover(seen.__getitem__) == 1
    assert living.recover(seen.__getitem__) == 0
    assert spent_and_reserved(engine, "month") == (dollars("0.4"), dollars("0.9"))


def test_who_recovers_never_stands_in_the_way_of_a_call_that_lives(engine: Engine) -> None:
    dead = Ledger(engine, "dead")
    reserve(dead, "r1", "0.3", Payers("c2"))
    reserve(dead, "r2", "0.2", Payers("c1"))
    found: list[int] = []
    recovery = threading.Thread(target=lambda: found.append(dead.recover(lambda _: False)))

    def touch(scope: str, subject: str) -> None:
        account = (accounts.c.scope == scope) & (accounts.c.subject == subject)
        call.execute(update(accounts).where(account).values(reserved=accounts.c.reserved))

    with writing(engine) as call:  # a call that has locked its conversation, and now wants the day
        touch("conversation", "c1")
        recovery.start()
        if engine.dialect.name == "postgresql":
            until_somebody_waits(engine)
        touch("day", "")
    recovery.join()
    assert found == [2]
    assert spent_and_reserved(engine, "day") == (dollars("0.5"), 0)


def until_somebody_waits(engine: Engine) -> None:
    with reading(engine) as connection:
        while not connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            pass


def test_what_was_reserved_before_midnight_is_settled_on_the_day_before_and_the_cap_renews(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, caps = Ledger(engine), Caps(engine)
    caps.set(ME, "day", dollars("1"))
    midnight = datetime(2030, 7, 1, tzinfo=UTC)
    monkeypatch.setattr(module, "now", lambda: midnight - timedelta(microseconds=1))
    reserve(ledger, "r1", "0.9")
    with pytest.raises(BudgetExceeded) as refused:
        reserve(ledger, "r2", "0.2")
    assert refused.value.renews_at == midnight
    monkeypatch.setattr(module, "now", lambda: midnight)
    reserve(ledger, "r2", "0.2")
    ledger.settle(ME, "r1", USAGE, dollars("0.6"))
    with reading(engine) as connection:
        found = connection.execute(select(accounts).where(accounts.c.scope.in_(["day", "month"])))
        booked = {row.period: (row.spent, row.reserved) for row in found}
    assert booked == {
        "2030-06-30": (dollars("0.6"), 0),
        "2030-06": (dollars("0.6"), 0),
        "2030-07-01": (0, dollars("0.2")),
        "2030-07": (0, dollars("0.2")),
    }


def test_a_cap_warns_from_its_share_on_and_keeps_it_when_the_limit_changes(engine: Engine) -> None:
    ledger, caps = Ledger(engine), Caps(engine)
    caps.set(ME, "day", dollars("1"))
    reserve(ledger, "r1", "0.79")
    assert not caps.list(ME)[0].warns
    reserve(ledger, "r2", "0.01")
    assert caps.list(ME)[0].warns
    caps.set(ME, "day", dollars("1"), warn_share=0.9)
    caps.set(ME, "day", dollars("0.9"))
    [cap] = caps.list(ME)
    assert (cap.warn_share, cap.warns, cap.left) == (0.9, False, dollars("0.1"))


@pytest.mark.parametrize("share", [0, -0.1, 1.01, float("nan")])
def test_a_warning_that_could_never_come_in_time_is_refused(engine: Engine, share: float) -> None:
    with pytest.raises(Refused, match="a cap warns above 0"):
        Caps(engine).set(ME, "day", dollars("1"), warn_share=share)
    assert Caps(engine).list(ME) == ()


def test_the_state_of_one_subject_is_that_of_the_cap_that_would_refuse_it(engine: Engine) -> None:
    ledger, caps = Ledger(engine), Caps(engine)
    assert caps.state(ME, "conversation", "c1") is None
    caps.set(ME, "conversation", dollars("1"))
    caps.set(ME, "conversation", dollars("3"), "c2")
    reserve(ledger, "r1", "0.4", Payers("c1"))
    reserve(ledger, "r2", "0.5", Payers("c2"))
    states = [caps.state(ME, "conversation", subject) for subject in ("c1", "c2", "")]
    assert [state and state.left for state in states] == [dollars("0.6"), dollars("2.5"), None]
    assert caps.state("somebody else", "conversation", "c1") is None


@pytest.mark.parametrize("limit", ["-1", "NaN", "Infinity", "1000001"])
def test_a_cap_that_is_none_is_refused(engine: Engine, limit: str) -> None:
    with pytest.raises(Refused, match="a cap is 0 to 1,000,000 dollars"):
        Caps(engine).set(ME, "day", dollars(limit))


def at_revision(url: str, revision: str) -> Engine:
    from alembic import command
    from alembic.config import Config

    import core.store.engine as store

    engine = make_engine(url)
    config = Config()
    config.set_main_option("script_location", str(store._MIGRATIONS))
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    return engine


def test_a_cap_from_before_there_were_warnings_warns_as_others_do(empty_url: str) -> None:
    engine = at_revision(empty_url, "v0002")
    with writing(engine) as connection:
        connection.exec_driver_sql(
            "INSERT INTO caps (user_id, scope, subject, amount, set_at) "
            "VALUES ('me', 'day', '', 1000000000000, 1790000000000000)"
        )
    migrate(engine)
    [cap] = Caps(engine).list(ME)
    assert (cap.limit, cap.warn_share) == (1, 0.8)
    engine.dispose()


def test_what_the_ledger_held_before_there_were_accounts_is_counted(empty_url: str) -> None:
    engine = at_revision(empty_url, "v0001")
    old = "INSERT INTO ledger (user_id, id, turn_id, conversation_id, model, purpose, state, created_at,"
    old += " reserved, cost, input_tokens, output_tokens, cached_tokens, cache_write_tokens,"
    old += (
        " reasoning_tokens) VALUES ('me', '{}', 't', 'c1', 'm', 'answer', '{}', 1790000000000000,"
    )
    old += " 500, {}, 0, 0, 0, 0, 0)"
    with writing(engine) as connection:
        for row in (("a", "settled", 300), ("b", "reserved", "NULL"), ("c", "released", 0)):
            connection.exec_driver_sql(old.format(*row))
    migrate(engine)
    assert spent_and_reserved(engine, "day") == (dollars("800e-12"), 0)
    Ledger(engine).settle("me", "b", USAGE, dollars("1e-12"))
    assert spent_and_reserved(engine, "month") == (dollars("800e-12"), 0)
    engine.dispose()


def told_by_four(url: str, *more: str) -> list[list[str]]:
    """What four processes print that make fifty calls each."""
    script = str(Path(__file__).with_name("cap_caller.py"))
    callers = [
        subprocess.Popen(
            [sys.executable, script, url, "50", str(seed), *more],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), "PATH": ""},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in range(4)
    ]
    told = [caller.communicate()[0].split() for caller in callers]
    assert [caller.returncode for caller in callers] == [0] * 4
    return told


def test_two_hundred_calls_of_four_processes_never_pass_the_cap(url: str) -> None:
    engine = make_engine(url)
    cap = Decimal("2.5")
    Caps(engine).set("me", "day", cap)
    told = told_by_four(url)
    settled, abandoned = (sum(Decimal(each[at]) for each in told) for at in (0, 1))
    refused = sum(int(each[2]) for each in told)
    assert refused > 0
    assert spent_and_reserved(engine, "day") == (settled, abandoned)
    assert settled + abandoned <= cap
    assert Ledger(engine).recover(lambda _: False) == abandoned / Decimal("0.05")
    assert spent_and_reserved(engine, "day") == (settled + abandoned, 0)
    engine.dispose()


def test_two_hundred_calls_of_four_processes_pass_neither_a_link_s_cap_nor_a_visitor_s(
    url: str,
) -> None:
    engine = make_engine(url)
    caps, cap, own = Caps(engine), Decimal("2.5"), Decimal("0.7")
    caps.set("me", "link", cap, "l1")
    for seed in range(4):
        caps.set("me", "visitor", own, f"v{seed}")
    told = told_by_four(url, "l1")
    assert sum(int(each[2]) for each in told) > 0
    by_visitor = [Decimal(each[0]) + Decimal(each[1]) for each in told]
    for seed, gone in enumerate(by_visitor):
        state = caps.state("me", "visitor", f"v{seed}")
        assert state and state.spent is not None and state.reserved is not None
        assert state.spent + state.reserved == gone <= own
    state = caps.state("me", "link", "l1")
    assert state and state.spent is not None and state.reserved is not None
    assert state.spent + state.reserved == sum(by_visitor) <= cap
    engine.dispose()
