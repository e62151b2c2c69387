"""Keeping rules: what they delete is what was shown, and nothing that money or words stand in."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, func, select, update

from core.errors import Refused
from core.store import trace_keeping
from core.store.columns import now
from core.store.engine import reading, writing
from core.store.ledger import Ledger
from core.store.preferences import KeepTraces, Preferences
from core.store.tables import ledger, spans, tape, trace_heads, turns
from core.store.trace_keeping import TraceKeeping
from core.store.turns import Turns
from tests.core.store.stories import ME, YOU, ask, end, span


@pytest.fixture
def keeping(engine: Engine) -> TraceKeeping:
    for user in (ME, YOU):
        for n in range(6):  # t0 is the oldest: five days and a little
            rows = Turns(engine)
            ask(rows, f"t{n}", conversation=f"c{n}", user=user)
            Ledger(engine).reserve(user, f"r{n}", f"t{n}", f"c{n}", "m:1", "answer", Decimal(1))
            end(rows, f"t{n}", user=user, spans=[span()], tape=[(0, "model", "x")])
            old = now() - timedelta(days=5 - n, seconds=9)
            with writing(engine) as connection:
                mine = (trace_heads.c.user_id == user) & (trace_heads.c.turn_id == f"t{n}")
                values = {"created_at": old, "bytes": 400_000}
                connection.execute(update(trace_heads).where(mine).values(values))
    ask(Turns(engine), "running", conversation="c0")
    return TraceKeeping(engine)


def left(engine: Engine, user: str = ME) -> list[str]:
    with reading(engine) as connection:
        query = select(spans.c.turn_id).where(spans.c.user_id == user).order_by(spans.c.turn_id)
        found = list(connection.scalars(query))
        taped = select(tape.c.turn_id).where(tape.c.user_id == user).order_by(tape.c.turn_id)
        assert list(connection.scalars(taped)) == found
    return found


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        (KeepTraces(), ["t0", "t1", "t2", "t3", "t4", "t5"]),
        (KeepTraces(days=3), ["t3", "t4", "t5"]),
        (KeepTraces(megabytes=1), ["t4", "t5"]),
        (KeepTraces(days=1, megabytes=2), ["t5"]),
        (KeepTraces(megabytes=100), ["t0", "t1", "t2", "t3", "t4", "t5"]),
    ],
)
def test_what_is_deleted_is_what_was_shown_and_turns_and_ledger_stay(
    engine: Engine,
    keeping: TraceKeeping,
    rule: KeepTraces,
    kept: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trace_keeping, "_BATCH", 2)
    shown = keeping.preview(ME, rule)
    assert (shown.traces, shown.of_traces) == (6 - len(kept), 6)
    assert (shown.bytes, shown.of_bytes) == (400_000 * (6 - len(kept)), 2_400_000)
    assert (shown.oldest is None) == (len(kept) == 6)
    assert keeping.clear(ME, rule) == shown.traces
    assert left(engine) == kept
    assert [keeping.cleared(ME, f"t{n}") for n in range(6)] == [
        f"t{n}" not in kept for n in range(6)
    ]
    assert keeping.clear(ME, rule) == 0
    assert len(left(engine, YOU)) == 6
    with reading(engine) as connection:
        for table, many in ((turns, 7), (ledger, 6), (trace_heads, 7)):
            count = select(func.count()).select_from(table).where(table.c.user_id == ME)
            assert connection.scalar(count) == many


def test_the_rule_is_the_users_own_and_has_bounds(engine: Engine) -> None:
    choices = Preferences(engine)
    assert choices.keep_traces(ME) == KeepTraces()
    choices.set_keep_traces(ME, KeepTraces(30, 500))
    assert choices.keep_traces(ME) == KeepTraces(30, 500)
    assert choices.keep_traces(YOU) == KeepTraces()
    with pytest.raises(Refused):
        choices.set_keep_traces(ME, KeepTraces(0))
