"""Who is let in: this machine under its own name, and nobody else."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from core.doors import Doors, is_loopback


async def page(_: Any) -> PlainTextResponse:
    return PlainTextResponse("the page")


app = Starlette(routes=[Route("/", page)], middleware=[Middleware(Doors)])


def ask(
    headers: dict[str, str] | None = None, *, address: str = "127.0.0.1", host: str = "localhost"
) -> Any:
    client = TestClient(app, base_url=f"http://{host}:8501", client=(address, 5000))
    return client.get("/", headers=headers)


def test_this_machine_is_let_in_with_headers_that_keep_the_page_to_itself() -> None:
    answer = ask()
    assert answer.status_code == 200
    assert "img-src 'self' data: blob:" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"address": "192.168.1.5"}, "another machine"),
        ({"host": "evil.example"}, "evil.example"),
        ({"headers": {"X-Forwarded-For": "8.8.8.8"}}, "proxy"),
        ({"headers": {"Origin": "https://evil.example"}}, "another web page"),
        ({"headers": {"Origin": "null"}}, "another web page"),
    ],
)
def test_everyone_else_is_turned_away_in_words(asked: dict[str, Any], reason: str) -> None:
    answer = ask(**asked)
    assert answer.status_code == 403
    body = answer.json()
    assert body["code"] == "not_this_machine"
    assert reason in body["detail"]
    assert body["hint"]


def test_the_app_s_own_pages_may_ask() -> None:
    assert ask({"Origin": "http://localhost:8501"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("10.0.0.1", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_what_counts_as_this_machine(host: str, own: bool) -> None:
    assert is_loopback(host) is own
