"""Approvals and the use of tools are kept for their user, on both databases."""

import pytest
from sqlalchemy import Engine

from core.errors import Conflict, Misuse, NotFound
from core.store.approvals import ApprovalRows
from core.store.conversations import Conversations
from core.store.tool_uses import tool_uses
from core.store.traces import Traces
from core.store.turns import Turns
from core.types import Span
from tests.core.store.stories import ME, YOU, ask, end


def called(tool: str, number: int, seconds: float, failed: bool = False) -> Span:
    start = number * 10**9
    length = int(seconds * 1e9)
    status = "error" if failed else "ok"
    return Span("t", f"s{number}", None, tool, "tool", start, start + length, status)  # type: ignore[arg-type]


def test_a_decision_is_made_once_and_by_its_user_alone(engine: Engine) -> None:
    ask(Turns(engine))
    rows = ApprovalRows(engine)
    rows.ask(ME, "t1", "call", "c1", "mail")
    rows.ask(ME, "t1", "call", "c1", "mail")
    assert rows.decision(ME, "t1", "call") == ""
    assert rows.always(ME, "c1") == frozenset()
    with pytest.raises(NotFound):
        rows.decide(YOU, "t1", "call", "once")
    with pytest.raises(Misuse):
        rows.decide(ME, "t1", "call", "perhaps")
    rows.decide(ME, "t1", "call", "always")
    rows.decide(ME, "t1", "call", "always")
    with pytest.raises(Conflict, match="always"):
        rows.decide(ME, "t1", "call", "no")
    assert rows.always(ME, "c1") == {"mail"}
    assert rows.always(YOU, "c1") == frozenset()
    assert rows.decision(YOU, "t1", "call") == ""


def test_a_turn_that_is_over_allows_nothing_any_more(engine: Engine) -> None:
    turns, rows = Turns(engine), ApprovalRows(engine)
    ask(turns)
    rows.ask(ME, "t1", "call", "c1", "mail")
    end(turns)
    with pytest.raises(Conflict, match="over"):
        rows.decide(ME, "t1", "call", "once")


def test_the_use_of_tools_is_counted_from_the_spans_and_goes_with_the_conversation(
    engine: Engine,
) -> None:
    ask(Turns(engine))
    spans = [called("now", 1, 0.1), called("now", 2, 0.3), called("now", 3, 0.2, failed=True)]
    traces = Traces(engine)
    traces.write(ME, "t1", [*spans, called("plot", 4, 2.0)])
    traces.write(ME, "t1", spans)
    found = tool_uses(engine, ME)
    assert (found["now"].calls, found["now"].failures) == (3, 1)
    assert found["now"].p50_seconds == pytest.approx(0.2)
    assert found["plot"].calls == 1
    assert tool_uses(engine, YOU) == {}
    Conversations(engine).delete(ME, "c1")
    assert tool_uses(engine, ME) == {}
