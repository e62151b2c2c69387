"""What goes to a vendor goes through the proxy of the environment, if there is one for it."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from core.errors import Unreachable
from core.llm.openai import OpenAIProvider
from core.llm.transport import Network, proxy_of
from core.types import ModelRequest, message

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@asynccontextmanager
async def proxy(heads: list[str]) -> AsyncIterator[int]:
    """A proxy that answers everything itself and remembers what it was asked."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(ANSWER)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as listening:
        yield listening.sockets[0].getsockname()[1]


async def sent(base_url: str) -> bytes:
    transport = Network(base_url)
    try:
        response = await transport.post(base_url, [], b"{}")
        return b"".join([piece async for piece in response.aiter_bytes()])
    finally:
        await transport.aclose()


@pytest.mark.parametrize(
    ("name", "value", "address", "expected"),
    [
        ("https_proxy", "http://proxy:8080", "https://vendor.test/v1", "http://proxy:8080"),
        ("http_proxy", "http://proxy:8080", "https://vendor.test/v1", None),
        ("http_proxy", "proxy:8080", "http://vendor.test/v1", "http://proxy:8080"),
        ("all_proxy", "http://proxy:8080", "https://vendor.test/v1", "http://proxy:8080"),
        ("https_proxy", "", "https://vendor.test/v1", None),
    ],
)
def test_the_proxy_is_that_of_the_scheme(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, address: str, expected: str | None
) -> None:
    monkeypatch.setenv(name, value)
    found, headers = proxy_of(address)
    assert (str(found) if found else None, headers) == (expected, {})


def test_a_host_of_no_proxy_is_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy:8080")
    monkeypatch.setenv("no_proxy", "inside.test")
    assert proxy_of("https://llm.inside.test/v1")[0] is None
    assert proxy_of("https://vendor.test/v1")[0] is not None


async def test_a_proxy_that_speaks_no_http_is_said_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("https_proxy", "socks5://proxy:1080")
    provider = OpenAIProvider(name="openai", base_url="https://vendor.test/v1", api_key="sk-x")
    asked = ModelRequest("m", (message("user", "Hello"),), max_tokens=5)
    with pytest.raises(Unreachable, match="proxy, speaks socks5 and not HTTP") as refused:
        _ = [event async for event in provider.stream(asked)]
    assert not refused.value.billable


async def test_a_name_and_a_password_of_the_proxy_are_for_the_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heads: list[str] = []
    pair = base64.b64encode(b"ann:p@ss").decode()
    async with proxy(heads) as port:
        monkeypatch.setenv("http_proxy", f"http://ann:p%40ss@127.0.0.1:{port}")
        monkeypatch.setenv("https_proxy", f"http://ann:p%40ss@127.0.0.1:{port}")
        assert await sent("http://vendor.test/v1") == b"hi"
        with pytest.raises(httpx2.TransportError):  # what answers "hi" to a handshake is no vendor
            await sent("https://vendor.test/v1")
    plain, tunnel = heads
    assert plain.startswith("POST http://vendor.test/v1 HTTP/1.1\r\n")
    assert tunnel.startswith("CONNECT vendor.test:443 HTTP/1.1\r\n")
    for head in heads:
        assert f"proxy-authorization: basic {pair}".lower() in head.lower()
        assert "p@ss" not in head and "p%40ss" not in head


async def test_this_machine_is_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    heads: list[str] = []
    async with proxy(heads) as port:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        assert await sent(f"http://127.0.0.1:{port}/v1") == b"hi"
    assert heads[0].startswith("POST /v1 HTTP/1.1\r\n")
