"""What answers at an address is believed only as far as a list of models, or of vectors, can go."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from core.errors import FootlightsError, KeyRejected, Malformed, Unreachable
from core.llm.discovery import Listed, bearer, models_at
from core.llm.embeddings import EmbeddingRequest
from tests.core.llm.conftest import openai_with

URL = "https://models.test/v1"


class Flood(httpx2.AsyncByteStream):
    """Blanks without an end; with `slowly`, one now and then."""

    def __init__(self, slowly: bool = False) -> None:
        self._slowly = slowly
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.01 if self._slowly else 0)
            self.sent += 2**16
            yield b" " * (1 if self._slowly else 2**16)


def answers(**response: Any) -> httpx2.MockTransport:
    return httpx2.MockTransport(lambda _: httpx2.Response(200, **response))


async def listed(transport: Any, key: str = "sk-a", seconds: float = 10.0) -> list[Listed]:
    return await models_at("X", URL, bearer(key), seconds=seconds, transport=transport)


async def test_the_models_that_a_server_lists() -> None:
    rows = [{"id": "a", "max_model_len": 8192}, {"id": "b"}, {"id": 5}, "c"]
    assert await listed(answers(json={"data": rows})) == [Listed("a", 8192), Listed("b", None)]


async def test_a_list_that_drips_for_ever_is_left_after_the_time_that_was_given() -> None:
    with pytest.raises(Unreachable):
        await listed(answers(stream=Flood(slowly=True)), seconds=0.1)


async def test_a_list_without_an_end_is_read_only_as_far_as_lists_go() -> None:
    flood = Flood()
    with pytest.raises(Malformed):
        await listed(answers(stream=flood))
    assert flood.sent < 5 * 2**20


@pytest.mark.parametrize("body", [b'{"data":' + b"[" * 100_000, b'{"data": 5}', b"\xff", b""])
async def test_what_is_no_list_is_told(body: bytes) -> None:
    with pytest.raises(Malformed, match="not with a list of models"):
        await listed(answers(content=body))


@pytest.mark.parametrize("key", ["sk-\u2013dash", "sk-a\nb", "sk-\0", "sk-\ud800"])
async def test_a_key_that_was_pasted_with_a_character_that_no_key_has_is_a_wrong_key(
    key: str,
) -> None:
    with pytest.raises(KeyRejected, match="a character that no key has"):
        await listed(answers(json={"data": []}), key)


TEXTS = EmbeddingRequest("text-embedding-3-small", ("one", "two"), 4)


@pytest.mark.parametrize(
    ("response", "words"),
    [
        ({"content": b"[" * 100_000}, "not one vector for each text"),
        ({"content": b'{"data": [{"index": 1e400, "embedding": [1]}]}'}, "not one vector"),
        ({"json": {"data": [{"index": n, "embedding": [1e300] * 4} for n in (0, 1)]}}, "finite"),
        ({"stream": Flood()}, "more than 1 MB"),
    ],
    ids=["too deep", "endless place", "endless number", "without an end"],
)
async def test_vectors_that_no_vendor_should_send_are_an_error_of_ours(
    response: dict[str, Any], words: str
) -> None:
    provider = openai_with(lambda _: httpx2.Response(200, **response))
    with pytest.raises(FootlightsError, match=words) as failed:
        await provider.embed(TEXTS)
    assert isinstance(failed.value, Malformed) and failed.value.billable
    await provider.close()
