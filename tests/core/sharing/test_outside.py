"""Whether the public address leads to the app: over real HTTP, in words, never an exception."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.routing import Mount, Route

from core.api import create_api
from core.sharing.outside import reached
from tests.conftest import served


async def moved(_: Any) -> RedirectResponse:
    return RedirectResponse("https://demo.example/api/demo")


async def down(_: Any) -> PlainTextResponse:
    return PlainTextResponse("bad gateway", 502)


async def other(_: Any) -> PlainTextResponse:
    return PlainTextResponse("x" * 1_000_000)


OTHERS = Starlette(
    routes=[
        Route("/moved/api/demo", moved),
        Route("/down/api/demo", down),
        Route("/other/api/demo", other),
    ]
)


async def test_the_app_itself_is_known_by_what_it_says_to_a_stranger(bench: Any) -> None:
    with served(Starlette(routes=[Mount("/api", app=create_api(lambda: bench))])) as address:
        found = await reached(f"{address}/")
    assert found.works and "Footlights answers at 127.0.0.1" in found.words


@pytest.mark.parametrize(
    ("path", "words", "hint"),
    [
        ("moved", "leads on to https://demo.example", "Set FOOTLIGHTS_PUBLIC_URL"),
        ("down", "does not reach Footlights (status 502)", "the port of this app"),
        ("other", "Something else than Footlights answers", "FOOTLIGHTS_PUBLIC_URL"),
    ],
)
async def test_what_else_may_stand_there_is_told_apart(path: str, words: str, hint: str) -> None:
    with served(OTHERS) as address:
        found = await reached(f"{address}/{path}")
    assert not found.works and words in found.words and hint in found.hint


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9", "http://[", "nonsense", "ftp://127.0.0.1"]
)
async def test_an_address_where_nobody_answers_is_said_so(address: str) -> None:
    found = await reached(address)
    assert not found.works and "cannot be reached" in found.words and found.hint
