"""Every route of the API and every page, as a visitor and as nobody, with every id that there is."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from core.api import create_api
from core.doors import Doors
from core.sharing.wishes import Wish
from core.store.engine import reading
from core.store.tables import metadata
from core.types import TurnRequest

ME = "local"
# What a stranger may ask, and what he sends; a new route under /demo is not known until it is here.
KNOWN: dict[tuple[str, str], dict[str, Any] | None] = {
    ("post", "/demo/enter"): {"token": "unknown"},
    ("get", "/demo"): None,
    ("post", "/demo/ask"): {"prompt": "What is a gaffer?"},
    ("get", "/demo/events"): None,
    ("post", "/demo/stop"): None,
    ("get", "/demo/history"): None,
    ("post", "/sign-in"): {"token": "unknown"},
    ("get", "/sign-in/oidc"): None,
    ("get", "/sign-in/oidc/callback"): None,
    ("post", "/sign-out"): None,
}
SECRET = "lamp-4711"


@pytest.fixture
def world(bench: Any) -> dict[str, Any]:
    """Documents, turns, links and visitors of the owner, and of two visitors of two links."""
    document, _ = bench.documents.add(ME, "safe.txt", f"The safe opens with {SECRET}.".encode())
    for _ in bench.bridge.iterate(bench.documents.settled(ME), 60):
        pass
    own = bench.turns.start(ME, TurnRequest(f"What opens the safe? {SECRET}"))
    _, token = bench.shares.make(ME, Wish(kind="live", title="Mine"))
    _, other = bench.shares.make(ME, Wish(kind="live", title=f"Another {SECRET}"))
    mine = bench.visits.enter(token, "", "10.0.0.1")
    theirs = bench.visits.enter(other, "", "10.0.0.1")
    bench.visits.ask(theirs, f"My code is {SECRET}", "10.0.0.1")
    bench.api_keys.make(ME, "a program", None)
    for turn in (own.turn_id, bench.visits.scope(theirs).visitor.turn_id):
        for _ in bench.bridge.iterate(bench.turns.follow(ME, turn), 60):
            pass
    return {"mine": mine, "token": token, "document": document.id}


@pytest.fixture
def far(bench: Any) -> Iterator[TestClient]:
    async def page(_: Any) -> PlainTextResponse:
        return PlainTextResponse("a page of the app")

    app = Starlette(
        routes=[Mount("/api", app=create_api(lambda: bench)), Route("/{path:path}", page)],
        middleware=[Middleware(Doors, bench=lambda: bench)],
    )
    yield TestClient(
        app, base_url="http://demo.example", client=("10.0.0.9", 5), follow_redirects=False
    )


def ids(bench: Any) -> list[str]:
    """Every id that stands in the database."""
    found = set()
    with reading(bench.engine) as connection:
        for table in metadata.tables.values():
            for name in ("id", "turn_id", "conversation_id", "document_id", "name"):
                if name in table.c:
                    found |= {str(each) for each in connection.scalars(select(table.c[name]))}
    return sorted(each for each in found if each)


def routes(bench: Any) -> list[tuple[str, str]]:
    paths = create_api(lambda: bench).openapi()["paths"]
    return [(method, path) for path, methods in paths.items() for method in methods]


def filled(path: str, value: str) -> str:
    parts = [value if part.startswith("{") else part for part in path.split("/")]
    return "/api" + "/".join(parts)


@pytest.mark.parametrize("who", ["a visitor", "nobody"])
def test_no_route_tells_a_stranger_anything_but_his_own(
    bench: Any, world: dict[str, Any], far: TestClient, who: str
) -> None:
    if who == "a visitor":
        far.cookies.set("footlights_visit", world["mine"])
    before = {table: len(rows) for table, rows in everything(bench).items()}
    every = ids(bench)
    assert len(every) > 10
    walked = 0
    for method, path in routes(bench):
        if path.startswith(("/demo", "/sign-")) and path != "/sign-in/rotate":
            assert (method, path) in KNOWN, f"{method} {path} is not known to this walk"
            assert "{" not in path, "a visitor's route takes no id"
            answer = far.request(method, "/api" + path, json=KNOWN[method, path])
            assert SECRET not in answer.text
            assert all(each not in answer.text for each in every if len(each) > 30)
            assert answer.headers["cache-control"] == "no-store"
            assert (
                who == "a visitor" or answer.status_code in (401, 404, 422) or path == "/sign-out"
            )
            continue
        for value in every if "{" in path else ["-"]:
            answer = far.request(method, filled(path, value), json={})
            assert answer.status_code == 401, (method, path, value)
            # The gateway asks programs for an API key, wherever they run.
            gateway = path.startswith("/openai/v1/")
            said = answer.json()["error"] if gateway else answer.json()
            assert said["code"] == ("invalid_api_key" if gateway else "sign_in")
            walked += 1
    assert walked > 100
    after = {table: len(rows) for table, rows in everything(bench).items()}
    changed = {table for table in after if after[table] != before[table]}
    own = {"turns", "turn_events", "conversations", "ledger", "tape", "spans", "trace_heads"}
    own |= {"spend_days", "spend_turns"}  # the sums of the ledger
    assert changed <= (own if who == "a visitor" else set())


def everything(bench: Any) -> dict[str, Any]:
    with reading(bench.engine) as connection:
        return {
            table.name: connection.execute(select(table)).all()
            for table in metadata.tables.values()
        }


def test_no_page_and_no_file_of_the_app_is_served_to_a_visitor(
    bench: Any, world: dict[str, Any], far: TestClient
) -> None:
    far.cookies.set("footlights_visit", world["mine"])
    pages = ["", "documents", "prompts", "tokens", "traces", "costs", "models", "tools", "shares"]
    others = ["media/x.pdf", "_stcore/upload_file/a/b", "_stcore/metrics", "component/x", "demo/x"]
    for path in [*pages, *others, *(f"documents?d={each}" for each in ids(bench))]:
        answer = far.get(f"/{path}", headers={"accept": "text/html"})
        assert answer.status_code == 303 and "a page" not in answer.text, path
    assert far.get("/demo").text == "a page of the app"


def test_what_a_visitor_sends_beside_his_question_is_not_read(
    bench: Any, world: dict[str, Any], far: TestClient
) -> None:
    far.cookies.set("footlights_visit", world["mine"])
    forged = {
        "prompt": "What opens the safe?",
        "model": "openai:gpt-6-luna",
        "use_documents": [world["document"]],
        "documents": [world["document"]],
        "template": "agent",
        "tools": ["search_documents"],
        "max_tokens": 8000,
        "conversation_id": ids(bench)[0],
        "link_id": "x",
        "visitor_id": "y",
    }
    query = "?model=openai:gpt-6-luna&documents=" + world["document"]
    assert far.post(f"/api/demo/ask{query}", json=forged).status_code == 201
    events = far.get("/api/demo/events?after=0").text
    assert SECRET not in events and "event: turn_done" in events
    assert SECRET not in json.dumps(far.get("/api/demo/history").json())
    scope = bench.visits.scope(world["mine"])
    asked = bench.turn_rows.get(ME, scope.visitor.turn_id).request
    assert (asked.model, asked.use_documents, asked.tools) == ("scripted", False, ())
    assert asked.max_tokens == 600 and asked.template.startswith("answer@")
    assert (asked.link_id, asked.visitor_id) == (scope.link.id, scope.visitor.id)


def test_a_program_with_an_api_key_asks_at_the_gateway_from_elsewhere(
    bench: Any, far: TestClient
) -> None:
    key, secret = bench.api_keys.make("local", "notes", None)
    long = "word " * 30_000  # more than a visitor may send
    body = {"model": "scripted", "messages": [{"role": "user", "content": long}]}
    own = {"Authorization": f"Bearer {secret}"}
    assert far.get("/api/openai/v1/models", headers=own).status_code == 200
    answer = far.post("/api/openai/v1/chat/completions", json=body, headers=own)
    assert answer.json().get("error", {}).get("code") != "invalid_api_key"
    assert answer.status_code in (200, 400), answer.text
    bench.api_keys.revoke("local", key.id)
    assert far.get("/api/openai/v1/models", headers=own).status_code == 401
