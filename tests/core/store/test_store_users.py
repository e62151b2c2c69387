"""A second user sees nothing: every public method of every repository is asked."""

import inspect
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, select

from core.attacks import RangeRun
from core.errors import NotFound
from core.events import TextDelta, dump
from core.store.accounts import Payers
from core.store.columns import now
from core.store.conversations import Conversations
from core.store.documents import Documents
from core.store.embeddings import Embeddings
from core.store.engine import reading
from core.store.jobs import Jobs
from core.store.ledger import Ledger
from core.store.links import Link, Links
from core.store.mcp_servers import McpRows
from core.store.people import People
from core.store.preferences import KeepTraces
from core.store.range_runs import RangeRuns
from core.store.reembeddings import Reembeddings
from core.store.spending import Spending
from core.store.summaries import Summaries
from core.store.tables import metadata
from core.store.trace_keeping import TraceKeeping
from core.store.trace_list import TraceList, TraceQuery
from core.store.traces import Traces
from core.store.turn_counts import TurnCounts
from core.store.turn_ends import TurnEnd
from core.store.turns import Turns
from core.store.visitors import Visitors
from core.types import Budget, Summary, TurnRequest, Usage, WindowPlan
from core.types.mcp import McpServer
from tests.core.store.stories import DONE, ME, YOU, ask, end, index, span, upload

# They work for all users and name the user in every row.
SYSTEM = {
    "append", "orphans", "renew", "stops", "claim", "requeue", "changes", "last_seq", "recover",
    "known", "opened_by", "note_refused", "everybody", "spent_by_day", "note_seen", "need",
}  # fmt: skip
MCP = McpServer(
    "m1", "props", ("props",), "", ("TOKEN",), False, True, (), (), (), "", now(), now()
)
KNOWN: dict[str, Any] = {
    "turn_id": "t1",
    "turn_ids": ("t0", "t1"),
    "before_turn": None,
    "conversation_id": "c1",
    "document_id": "d1",
    "row_id": "r1",
    "run_id": "range-1",
    "job_id": "j-d1",
    "title": "stolen",
    "request": TurnRequest("What is a gaffer?"),
    "owner": "p1",
    "new_owner": "p2",
    "status": "done",
    "answer": "stolen",
    "usage": Usage(1, 1),
    "cost": Decimal(9),
    "worst": Decimal(9),
    "payers": Payers(conversation="c1"),
    "error": None,
    "seconds": {},
    "end": TurnEnd("done", (9, dump(DONE)), answer="stolen", spans=[span("stolen")]),
    "spans": [span("stolen")],
    "at": 0,
    "steps": [(1, "model", {"text": "stolen"})],
    "model": "m",
    "purpose": "answer",
    "reserved": Decimal(9),
    "prompt_version": "x@1",
    "budget": Budget(1, ()),
    "sources": (),
    "name": "stolen.pdf",
    "sha256": "a" * 64,
    "size": 1,
    "kind": "pdf",
    "reason": "stolen",
    "done": 1,
    "total": 1,
    "rows": [],
    "summary_id": "s1",
    "summary": Summary("s9", "stolen", (), 1, "m", "history@1", now()),
    "plan": WindowPlan("sliding_window"),
    "space": "s",
    "pages": 1,
    "first": 1,
    "first_day": now().date(),
    "last_day": now().date(),
    "keys": ["m"],
    "last": 1,
    "unit": "page",
    "ids": [],
    "hashes": ["0" * 32],
    "vectors": {"0" * 32: b"\0" * 16},
    "failure": "stolen",
    "hint": "",
    "link": Link("l9", "live", "stolen", now()),
    "link_id": "l1",
    "link_ids": ["l1"],
    "visitor_id": "v1",
    "paused": True,
    "expires_at": now(),
    "most": 9,
    "limit": 9,
    "query": TraceQuery(),
    "rule": KeepTraces(1, 1),
    "since": now() - timedelta(days=1),
    "until": now() + timedelta(days=1),
    "dimension": "conversation",
    "prompt": "answer",
    "server_id": "m1",
    "server": MCP,
    "is_on": False,
    "names": ("weigh",),
    "found": (),
    "email": "eve@example.org",
    "removed": True,
    "run": RangeRun("r9", "answer", "answer@1", "", "m", now(), ("usual",), ()),
}
# These make something of the second user's own, whatever ids the first one uses.
MAKES = {
    "save",
    "create",
    "start",
    "reserve",
    "add",
    "add_refused",
    "keep",
    "make",
    "pause_all",
    "arrive",
}
# What they say of a user who has nothing, and no cap.
EMPTY = {
    "allows",
    "page",
    "agreement",
    "distribution",
    "preview",
    "totals",
    "embeddings",
    "vectors",
    "outstanding",
    "turn_took",
}


def public_methods() -> list[tuple[type, str]]:
    return [
        (repository, name)
        for repository in (
            Conversations,
            Turns,
            TurnCounts,
            Documents,
            Embeddings,
            Jobs,
            Ledger,
            Links,
            Reembeddings,
            Summaries,
            Traces,
            Visitors,
            TraceKeeping,
            TraceList,
            Spending,
            RangeRuns,
            McpRows,
            People,
        )
        for name, _ in inspect.getmembers(repository, inspect.isfunction)
        if not name.startswith("_") and name not in SYSTEM
    ]


def everything(engine: Engine, user: str) -> dict[str, Any]:
    with reading(engine) as connection:
        return {
            table.name: connection.execute(select(table).where(table.c.user_id == user)).all()
            for table in metadata.tables.values()
        }


@pytest.mark.parametrize(
    ("repository", "name"), public_methods(), ids=lambda value: getattr(value, "__name__", value)
)
def test_a_second_user_sees_and_changes_nothing(
    engine: Engine, repository: type, name: str
) -> None:
    turns = Turns(engine)
    ask(turns, "t0", conversation="c0")
    end(turns, "t0", spans=(span(),), tape=[(0, "model", 1)])
    ask(turns)
    turns.append([(ME, "t1", 1, dump(TextDelta("hi")))])
    Ledger(engine).reserve(ME, "r1", "t1", "c1", "m", "answer", Decimal(1))
    upload(engine)
    index(engine)
    Reembeddings(engine).start(ME, "s", 1)
    Links(engine).make(ME, Link("l1", "live", "mine", now()))
    Visitors(engine).mint(ME, "l1")
    McpRows(engine).keep(ME, MCP)
    run = RangeRun("range-1", "answer", "answer@1", "", "m", now(), ("usual",), ())
    RangeRuns(engine).save(ME, run)
    People(engine).arrive(ME, "me@example.org", "Me")
    before = everything(engine, ME)
    method: Callable[..., Any] = getattr(repository(engine), name)
    parameters = list(inspect.signature(method).parameters.values())
    assert parameters[0].name == "user"
    given = {
        p.name: KNOWN[p.name] for p in parameters[1:] if p.default is p.empty or p.name == "turn_id"
    }

    try:
        seen = method(YOU, **given)
        seen = list(seen) if inspect.isgenerator(seen) else seen
    except NotFound:
        seen = None

    assert everything(engine, ME) == before
    if name not in MAKES:
        assert not any(everything(engine, YOU).values())
        whole = (repository, name) == (Reembeddings, "finish")  # nothing is missing of nothing
        assert not seen or name in EMPTY or whole, seen


def test_a_second_user_has_no_totals_vectors_or_chunks(engine: Engine) -> None:
    documents = Documents(engine)
    upload(engine)
    index(engine)
    ids, vectors = documents.embeddings(ME, "d1", "test/4")

    assert len(ids) == len(vectors) == 1
    assert documents.embeddings(YOU, "d1", "test/4")[0].size == 0
    assert documents.chunks(YOU, [int(ids[0])]) == {}
    assert documents.totals(YOU).documents == 0
