"""A server at an address: each connection goes where it was checked, and no response is without a bound."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp.client.streamable_http import streamable_http_client

from core.addresses import resolved
from core.errors import Refused, ToolServerFailed
from core.tools.remote.pipe import MOST_ANSWER, MOST_MESSAGE, QUERY, Pipe, Way

_WHERE = (
    "Addresses of this machine are asked when the server is added as one that runs here; those of its "
    "network never are."
)


class TooMuch(httpx2.StreamError):
    """A response that passes a bound, or that is packed, so that its size cannot be known."""


@asynccontextmanager
async def over_http(way: Way, pipe: Pipe) -> AsyncIterator[tuple[Any, Any]]:
    """The two streams of a session with the server."""
    headers = {name: value for name, value in way.secrets.items() if name != QUERY}
    async with (
        httpx2.AsyncClient(
            transport=_Checked(way, pipe),
            headers={**headers, "Accept-Encoding": "identity"},
            timeout=httpx2.Timeout(30.0, read=None),  # whoever asks has a deadline
            trust_env=False,
        ) as client,
        streamable_http_client(
            way.url, http_client=client, max_sse_event_size=MOST_MESSAGE
        ) as streams,
    ):
        yield streams


class _Checked(httpx2.AsyncBaseTransport):
    """Connects to the very address that was checked; keeps no cookie and follows nothing by itself."""

    def __init__(self, way: Way, pipe: Pipe) -> None:
        self._way = way
        self._pipe = pipe
        self._query = way.secrets[QUERY].encode() if QUERY in way.secrets else None
        self._inner = httpx2.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        host = request.url.host
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        found = await self._resolved(host, port)
        asked = httpx2.Request(
            request.method,
            # The query is a secret: the client, which logs addresses, does not know it.
            request.url.copy_with(host=found[0][1], query=self._query),
            headers=request.headers,  # with the name of the host
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        answer = await self._inner.handle_async_request(asked)
        if request.method == "POST":
            self._pipe.status = answer.status_code if answer.status_code >= 400 else 0
        if answer.headers.get("content-encoding", "identity") != "identity":
            await answer.aclose()
            self._pipe.ended = "it packs its answers, though it was asked not to"
            raise TooMuch(self._pipe.ended)
        answer.headers.pop("set-cookie", None)
        return httpx2.Response(
            answer.status_code,
            headers=answer.headers,
            stream=_Bounded(answer.stream, self._pipe, _most(answer)),
            extensions=answer.extensions,
        )

    async def _resolved(self, host: str, port: int) -> list[Any]:
        try:
            return await resolved(host, port, self._way.allowed)
        except Refused as error:
            where = "on this machine" if self._way.loopback else "on the open internet"
            raise ToolServerFailed(
                f"the MCP server {self._way.name} is not {where}", hint=_WHERE
            ) from error

    async def aclose(self) -> None:
        await self._inner.aclose()


def _most(answer: httpx2.Response) -> int:
    """A stream may hold several messages; everything else is one."""
    kind = answer.headers.get("content-type", "").lower()
    return MOST_ANSWER if kind.startswith("text/event-stream") else MOST_MESSAGE


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends in an error when it passes the bound."""

    def __init__(self, stream: Any, pipe: Pipe, most: int) -> None:
        self._stream = stream
        self._pipe = pipe
        self._most = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._stream:
            size += len(piece)
            if size > self._most:
                self._pipe.ended = f"it sent more than {self._most // 2**20} MB in one go"
                raise TooMuch(self._pipe.ended)
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
