"""A web page as a file: fetched from public addresses alone, whatever its name or a redirect says."""

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from core.errors import Refused
from core.events import clean

if TYPE_CHECKING:
    import aiohttp

_SECONDS = 20.0
_REDIRECTS = 5
_LONGEST = 2_000
_PORTS = frozenset({80, 443})
_TYPES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/csv": ".csv",
}
_HEADERS = {
    "User-Agent": "Footlights (reads a page that its user named)",
    "Accept": ", ".join(_TYPES),
    "Accept-Encoding": "gzip, deflate",
}
_INSIDE = [
    ipaddress.ip_network(each)
    for each in (
        *("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32"),
        *("64:ff9b:1::/48", "3fff::/20", "5f00::/16"),
    )
]
"""Not on the open internet although Python, or an older one, says so: Oracle's cloud tells its keys at
192.0.0.192, Azure's speaks to its machines from 168.63.129.16."""
_MOVED = frozenset({301, 302, 303, 307, 308})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of a page, and the name under which it is shown."""

    name: str
    data: bytes
    url: str


def is_public(address: Address) -> bool:
    """Whether it is an address of the open internet: not this machine, not its network, not a tunnel to them."""
    if isinstance(address, ipaddress.IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inside is None and address in ipaddress.ip_network("64:ff9b::/96"):
            inside = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inside is not None and not is_public(inside):
            return False
        if address.is_site_local:  # long deprecated, and Python takes it for global
            return False
    if any(address in network for network in _INSIDE if network.version == address.version):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


async def fetch(
    url: str,
    max_bytes: int,
    *,
    allowed: Callable[[Address], bool] = is_public,
    ports: frozenset[int] = _PORTS,
    seconds: float = _SECONDS,
) -> Fetched:
    """The page at the address, after at most five redirects, each of them checked like the first.

    What is connected to is the very address that was checked. No cookie, key or proxy is used.
    Raises Refused with the reason: not an address of the web, not public, too large, too slow, not
    a kind that is read.
    """
    import aiohttp

    connector = aiohttp.TCPConnector(
        resolver=_resolver(allowed),
        socket_factory=partial(_socket, allowed),
        use_dns_cache=False,
        force_close=True,
    )
    try:
        async with (
            asyncio.timeout(seconds),
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                headers=_HEADERS,
            ) as session,
        ):
            return await _follow(session, url.strip(), max_bytes, allowed, ports)
    except TimeoutError as error:
        raise Refused(
            f"{_host(url)} took longer than {seconds:g} s",
            hint="Try again, or save the page and upload it as a file.",
        ) from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise _unreachable(url, error) from error


async def _follow(
    session: "aiohttp.ClientSession",
    url: str,
    max_bytes: int,
    allowed: Callable[[Address], bool],
    ports: frozenset[int],
) -> Fetched:
    for _ in range(_REDIRECTS + 1):
        _check(url, allowed, ports)
        async with session.get(url, allow_redirects=False) as answer:
            location = answer.headers.get("Location")
            if answer.status in _MOVED and location:
                url = urljoin(url, location)
                continue
            if answer.status != 200:
                raise Refused(
                    f"{_host(url)} answered with status {answer.status}",
                    hint="Open the address in a browser; a page behind a sign-in cannot be read.",
                )
            kind = answer.content_type
            if kind not in _TYPES:
                raise Refused(
                    f"{_host(url)} sent {kind[:60]}, which is not read",
                    hint="Web pages, PDF, Markdown, CSV and plain text are.",
                )
            data = await _body(answer, max_bytes)
            return Fetched(_name(url, _TYPES[kind]), data, url)
    raise Refused(f"{_host(url)} redirects more than {_REDIRECTS} times")


async def _body(answer: "aiohttp.ClientResponse", max_bytes: int) -> bytes:
    data = bytearray()
    async for piece in answer.content.iter_chunked(64 * 1024):
        data += piece
        if len(data) > max_bytes:
            raise Refused(f"larger than {max_bytes // 2**20} MB", hint="Upload a part of it.")
    return bytes(data)


def _check(url: str, allowed: Callable[[Address], bool], ports: frozenset[int]) -> None:
    """Refuse what is not a plain address of the web; names are checked when they are resolved."""
    if len(url) > _LONGEST:
        raise Refused(f"the address is longer than {_LONGEST:,} characters")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _not_an_address(url) from error
    if parts.scheme not in ("http", "https") or not host:
        raise _not_an_address(url)
    if parts.username or parts.password:
        raise Refused(
            "the address holds a name or a password", hint="Leave out what stands before the @."
        )
    if (port if port is not None else 443 if parts.scheme == "https" else 80) not in ports:
        raise Refused(f"port {port} is not asked", hint="Pages are read from ports 80 and 443.")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return  # a name
    if not allowed(address):
        raise _not_public(host)


async def resolved(
    host: str,
    port: int,
    allowed: Callable[[Address], bool] = is_public,
    family: socket.AddressFamily = socket.AF_UNSPEC,
) -> list[tuple[socket.AddressFamily, str]]:
    """The addresses of a name, every one of them allowed. Raises Refused when one is not, and OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(
        host, port, family=family, type=socket.SOCK_STREAM
    )
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, "no address")
    addresses = {(each[0], str(each[4][0])) for each in found}
    # Also when only one of them is inside: a name that points at both is up to something.
    if any(not allowed(ipaddress.ip_address(text.split("%")[0])) for _, text in addresses):
        raise _not_public(host)
    return sorted(addresses)


def _resolver(allowed: Callable[[Address], bool]) -> Any:
    from aiohttp.abc import AbstractResolver, ResolveResult

    class Checked(AbstractResolver):
        """Resolves a name to those addresses alone that are allowed; one that is not refuses all."""

        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
        ) -> list[ResolveResult]:
            addresses = await resolved(host, port, allowed, family)
            return [
                ResolveResult(
                    hostname=host,
                    host=text,
                    port=port,
                    family=kind,
                    proto=0,
                    flags=socket.AI_NUMERICHOST,
                )
                for kind, text in addresses
            ]

        async def close(self) -> None:
            """Nothing is held."""

    return Checked()


def _socket(allowed: Callable[[Address], bool], info: Any) -> socket.socket:
    """The socket for an address that is about to be connected to. This is the last word: a host that is
    an address in another spelling (`１２７.0.0.1`) is never resolved."""
    family, kind, protocol, _, where = info
    if not allowed(ipaddress.ip_address(str(where[0]).split("%")[0])):
        raise _not_public(str(where[0]))
    return socket.socket(family=family, type=kind, proto=protocol)


def _name(url: str, ending: str) -> str:
    parts = urlsplit(url)
    path = unquote(parts.path).strip("/").replace("/", " - ")
    name = clean(f"{parts.hostname} - {path}" if path else str(parts.hostname))
    stem, dot, last = name.rpartition(".")
    known = dot and f".{last.lower()}" in {*_TYPES.values(), ".htm"}
    return f"{stem if known and path else name}{ending}"


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "the address"
    except ValueError:
        return "the address"


def _not_an_address(url: str) -> Refused:
    return Refused(
        f"{url[:80]!r} is not an address of the web",
        hint="It begins with http:// or https:// and a name.",
    )


def _not_public(host: str) -> Refused:
    return Refused(
        f"{host} is not on the open internet",
        hint="Pages of this machine and of its network are not fetched; save the page and upload it.",
    )


def _unreachable(url: str, error: Exception) -> Refused:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Refused):
            return cause
        cause = cause.__cause__ or cause.__context__
    return Refused(
        f"{_host(url)} cannot be reached: {_why(error)}",
        hint="Check the address and the network, or save the page and upload it as a file.",
    )


def _why(error: Exception) -> str:
    import aiohttp

    match error:
        case aiohttp.ClientConnectorDNSError():
            return "nobody knows its name"
        case aiohttp.ClientSSLError():
            return "no safe connection to it comes about"
        case aiohttp.ServerDisconnectedError():
            return "it ended the connection without an answer"
        case aiohttp.ClientPayloadError():
            return "it broke off in the middle"
        case aiohttp.ClientResponseError():
            return "what it sent cannot be read"
        case OSError():
            return "nothing answers there"
        case _:
            return "its address is not written as addresses are"
