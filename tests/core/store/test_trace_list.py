"""The list of traces: the same rows in the same order however they are paged, on both databases."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from core.store.engine import writing
from core.store.ledger import Ledger
from core.store.trace_list import TraceList, TraceQuery
from core.store.turns import Turns
from core.types import Citation, Usage
from tests.core.store.stories import ME, YOU, ask, end, span


@pytest.fixture
def listed(engine: Engine) -> TraceList:
    turns, books = Turns(engine), Ledger(engine)
    for n in range(7):
        ask(turns, f"t{n}", f"Lamp {n} of 50%", conversation=f"c{n}")
        books.reserve(ME, f"r{n}", f"t{n}", f"c{n}", "m:1", "answer", Decimal(n % 3))
        books.settle(ME, f"r{n}", Usage(n, 1), Decimal(n % 3))
        claims = (Citation(1, 0, 1, 0, 0, "not_found" if n == 4 else "supported"),)
        end(
            turns, f"t{n}", status="failed" if n == 3 else "done", usage=Usage(n, 1), model=f"m:{n % 2}",
            seconds=float(n % 3), citations=claims, spans=[span(f"s{k}") for k in range(n % 3)],
            tape=[(k, "model", "x") for k in range(n % 4)] + [(0, "model", "again"), (9, "tool", "y")] * (n % 4 > 0),
        )  # fmt: skip
    ask(turns, "mine not", user=YOU, conversation="c9")
    return TraceList(engine)


def ids(traces: TraceList, query: TraceQuery, limit: int = 50) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        page = traces.page(ME, query, after, limit)
        found += [row.turn_id for row in page.rows]
        if page.after is None:
            return found
        after = page.after


@pytest.mark.parametrize("order", ["created_at", "seconds", "steps", "tokens", "spent"])
@pytest.mark.parametrize("descending", [True, False])
def test_pages_of_any_length_are_the_whole_list(
    listed: TraceList, order: str, descending: bool
) -> None:
    query = TraceQuery(order=order, descending=descending)  # type: ignore[arg-type]
    whole = ids(listed, query)
    assert sorted(whole) == [f"t{n}" for n in range(7)]
    assert ids(listed, query, 2) == ids(listed, query, 3) == whole
    assert ids(listed, replace(query, descending=not descending)) == whole[::-1]


def test_it_is_sorted_by_what_each_turn_took(listed: TraceList) -> None:
    assert ids(listed, TraceQuery(order="tokens"))[:2] == ["t6", "t5"]
    assert ids(listed, TraceQuery(order="spent"))[:2] == ["t5", "t2"]
    assert ids(listed, TraceQuery(order="steps"))[0] == "t3"
    row = listed.page(ME, TraceQuery(order="tokens")).rows[0]
    assert (row.tokens, row.cost, row.seconds, row.steps) == (7, Decimal(0), 0.0, 2)
    assert (row.verdicts, row.model, row.status) == ({"supported": 1}, "m:0", "done")


def test_it_is_filtered_and_searched_and_signs_mean_themselves(listed: TraceList) -> None:
    assert ids(listed, TraceQuery(status="failed")) == ["t3"]
    assert ids(listed, TraceQuery(doubted=True)) == ["t4"]
    assert ids(listed, TraceQuery(model="m:1")) == ["t5", "t3", "t1"]
    assert ids(listed, TraceQuery(words="LAMP 5 m:1")) == ["t5", "t3", "t1"]
    assert ids(listed, TraceQuery(words="50% failed")) == ["t3"]
    assert listed.count(ME, TraceQuery(words="5%0")) == 0
    assert listed.count(ME, TraceQuery(model="m:1", words="lamp")) == 3


def test_the_models_are_those_that_were_asked_and_a_running_turn_is_listed(
    listed: TraceList, engine: Engine
) -> None:
    assert listed.models(ME) == ["m:0", "m:1"]
    ask(Turns(engine), "t9", "Still running", conversation="c0")
    newest = listed.page(ME, TraceQuery()).rows[0]
    assert (newest.turn_id, newest.status, newest.steps) == ("t9", "running", 0)


def test_turns_from_before_the_list_are_in_it_after_the_migration(
    listed: TraceList, engine: Engine
) -> None:
    import importlib.util
    from pathlib import Path

    import core.store

    before = [listed.page(ME, TraceQuery(order="tokens")), listed.models(ME)]
    path = Path(core.store.__file__).parent / "migrations/versions/v0011_trace_heads.py"
    spec = importlib.util.spec_from_file_location("v0011", path)
    assert spec and spec.loader
    migration = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(migration)
    with writing(engine) as connection:
        connection.execute(text("DELETE FROM trace_heads"))
        migration.op = type("op", (), {"get_bind": staticmethod(lambda: connection)})
        migration._fill()
        steps = importlib.util.spec_from_file_location(
            "v0020", path.with_name("v0020_trace_steps.py")
        )
        assert steps and steps.loader
        counted = importlib.util.module_from_spec(steps)
        steps.loader.exec_module(counted)
        counted.op = type("op", (), {"execute": lambda sql: connection.execute(text(sql))})
        counted.upgrade()
    assert [listed.page(ME, TraceQuery(order="tokens")), listed.models(ME)] == before
