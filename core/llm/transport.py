"""HTTP to a vendor, by aiohttp: the pool of httpx2, the SDKs' own, gives way at 200 streams, and the
layers of its client (redirects, logs, sign-in) are half of what an opening costs."""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import unquote
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx2
from yarl import URL

from core.llm.connection import is_this_machine

_CONNECT_SECONDS = 10.0
_MOST_CONNECTIONS = 1000
# An answer may take long; its clocks are the reader's.
_PATIENCE = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)
# The request never left; after any other break it may have arrived.
_UNSENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)

Headers = Sequence[tuple[str, str]]


class Response(Protocol):
    """What a vendor answers, of which the body is read as it comes."""

    @property
    def status_code(self) -> int:
        """The status."""
        ...

    @property
    def headers(self) -> Any:
        """A mapping that takes names in any case; its `items` has each header that came twice twice."""
        ...

    def aiter_bytes(self) -> AsyncIterator[bytes]:
        """The body, unpacked; raises httpx2.HTTPError when it breaks off."""
        ...

    async def aclose(self) -> None:
        """Leave the rest of it."""
        ...


class Transport(Protocol):
    """How requests reach a vendor."""

    async def post(self, url: str, headers: Headers, body: bytes) -> Response:
        """The response once its head is there; raises httpx2.TransportError."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class Network:
    """The transport to the host of `base_url`, through the proxy of the environment if there is one.
    Redirects are not followed: they would carry the question, and perhaps the key, elsewhere."""

    def __init__(self, base_url: str) -> None:
        here = is_this_machine(base_url)
        self._proxy, self._to_proxy = (None, {}) if here else proxy_of(base_url)
        # Without TLS there is no tunnel to ask for: the proxy reads the request itself.
        tunnel = base_url.lower().startswith("https:")
        self._to_all = [] if tunnel else list(self._to_proxy.items())
        self._tls = httpx2.create_ssl_context(trust_env=not here)
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, headers: Headers, body: bytes) -> Response:
        """The response once its head is there; raises httpx2.TransportError."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=_MOST_CONNECTIONS, ssl=self._tls)
            self._session = aiohttp.ClientSession(connector=connector)
        try:
            response = await self._session.post(
                url,
                headers=[*headers, *self._to_all],
                data=body,
                allow_redirects=False,
                timeout=_PATIENCE,
                proxy=self._proxy,
                proxy_headers=self._to_proxy,
            )
        except (aiohttp.ClientError, OSError) as error:
            raise _told(error) from error
        except ValueError as error:  # aiohttp's way to say that it will not send this at all
            raise httpx2.UnsupportedProtocol(str(error)) from error
        return _Heard(response)

    async def aclose(self) -> None:
        """Close the connections; what is still read breaks off."""
        if self._session is not None:
            await self._session.close()


class _Heard:
    __slots__ = ("_closed", "_response", "headers", "status_code")

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self._closed: asyncio.Future[None] | None = None
        self.status_code = response.status
        self.headers = response.headers
        protocol = response.connection and response.connection.protocol
        # aiohttp leaves a reader waiting when what comes is no HTTP any more, or when it is closed itself.
        if protocol is not None:  # it is false while it is empty
            self._closed = protocol.closed
            if self._closed is None:
                self._end()
            else:
                self._closed.add_done_callback(self._end)

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        content = self._response.content
        try:
            while piece := await content.readany():
                yield piece
        except (aiohttp.ClientError, OSError) as error:
            raise httpx2.ReadError(str(error)) from error

    def _end(self, closed: "asyncio.Future[None] | None" = None) -> None:
        """Tell the reader that nothing more will come."""
        content = self._response.content
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError("the connection was closed"))

    async def aclose(self) -> None:
        if self._closed is not None:
            self._closed.remove_done_callback(self._end)
        # A connection with words still on the way is closed, any other used again.
        self._response.release()


def _told(error: Exception) -> httpx2.TransportError:
    kind: type[httpx2.TransportError] = httpx2.ReadError
    if isinstance(error, (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError)):
        kind = httpx2.ProxyError
    elif isinstance(error, _UNSENT):
        kind = httpx2.ConnectError
    elif isinstance(error, (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError)):
        kind = httpx2.UnsupportedProtocol
    return kind(str(error))


def proxy_of(base_url: str) -> tuple[URL | None, Mapping[str, str]]:
    """The environment's proxy on the way to this address, without its name and password, and the headers
    that hold them; raises httpx2.InvalidURL and httpx2.ProxyError."""
    address = httpx2.URL(base_url)
    found = getproxies()
    named = found.get(address.scheme) or found.get("all")
    if not named or not address.host or proxy_bypass(address.host):
        return None, {}
    try:
        proxy = URL(named if "://" in named else f"http://{named}")
    except ValueError:  # whose words may hold the password
        raise httpx2.ProxyError("the proxy of the environment is no address") from None
    if proxy.scheme not in ("http", "https"):
        raise httpx2.ProxyError(
            f"the proxy of the environment, {proxy.host}, speaks {proxy.scheme} and not HTTP"
        )
    if proxy.user is None:
        return proxy, {}
    pair = f"{unquote(proxy.user)}:{unquote(proxy.password or '')}".encode()
    said = "Basic " + base64.b64encode(pair).decode()
    return proxy.with_user(None), {"Proxy-Authorization": said}
