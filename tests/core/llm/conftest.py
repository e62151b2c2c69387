"""Vendors scripted on the wire: recordings served by httpx2.MockTransport, cut where we like."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.events import ModelEvent
from core.llm.anthropic import AnthropicProvider
from core.llm.openai import OpenAIProvider
from core.types import ModelRequest, message

WIRE = Path(__file__).parents[2] / "wire"
KEY = "sk-test-0123456789abcdef"
REQUEST = ModelRequest(
    "some-model", (message("system", "Be brief."), message("user", "Hello")), max_tokens=100
)

Handler = Callable[[httpx2.Request], httpx2.Response]


class Pieces(httpx2.AsyncByteStream):
    """A body that arrives in the given pieces and knows whether it was closed."""

    def __init__(self, pieces: list[bytes], ending: Callable[[], Awaitable[None]] | None = None):
        self._pieces = pieces
        self._ending = ending
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
        if self._ending:
            await self._ending()

    async def aclose(self) -> None:
        self.closed = True


class Wire:
    """A transport whose vendor is a function."""

    def __init__(self, handler: Handler) -> None:
        self._vendor = httpx2.MockTransport(handler)

    async def post(
        self, url: str, headers: Sequence[tuple[str, str]], body: bytes
    ) -> httpx2.Response:
        request = httpx2.Request("POST", url, headers=list(headers), content=body)
        return await self._vendor.handle_async_request(request)

    async def aclose(self) -> None:
        await self._vendor.aclose()


def in_pieces(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


def recorded(name: str) -> bytes:
    return (WIRE / f"{name}.sse").read_bytes()


def streamed(pieces: list[bytes], **more: Any) -> httpx2.Response:
    headers = {"content-type": "text/event-stream; charset=utf-8"}
    return httpx2.Response(200, headers=headers, stream=Pieces(pieces, **more))


def openai_with(handler: Handler, **options: Any) -> OpenAIProvider:
    options = {"name": "openai", **options}
    return OpenAIProvider(
        base_url="https://vendor.test/v1", api_key=KEY, transport=Wire(handler), **options
    )


def anthropic_with(handler: Handler, **options: Any) -> AnthropicProvider:
    return AnthropicProvider(
        base_url="https://vendor.test", api_key=KEY, transport=Wire(handler), **options
    )


async def collect(provider: Any, request: ModelRequest = REQUEST) -> list[ModelEvent]:
    """Every event; the provider is closed afterwards."""
    try:
        return [event async for event in provider.stream(request)]
    finally:
        await provider.close()


def said(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if event.type == "text_delta")


@pytest.fixture
def vendor() -> Any:
    """Everything above under one name, since test files cannot import each other."""

    class Vendor:
        key, request, pieces_of = KEY, REQUEST, staticmethod(in_pieces)
        recorded, streamed = staticmethod(recorded), staticmethod(streamed)
        openai, anthropic = staticmethod(openai_with), staticmethod(anthropic_with)
        collect, said, body = staticmethod(collect), staticmethod(said), Pieces
        wire = Wire

        @staticmethod
        async def plays(make: Any, name: str, size: int = 7) -> list[ModelEvent]:
            body = recorded(name)
            return await collect(make(lambda _: streamed(in_pieces(body, size))))

    return Vendor
