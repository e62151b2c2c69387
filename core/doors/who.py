"""Who is asking: this machine, somebody through a proxy that is trusted, or somebody from elsewhere.

Only a request from this machine, under its own name, and which nobody has forwarded counts as its
owner's. The Host check is what stops a web page that points its own name at 127.0.0.1; the Origin
check what stops one that posts to us from somebody's browser.
"""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from core.caller import Caller

_FORWARDED = (
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "cf-connecting-ip",
)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    if host == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def found(scope: Scope, trusted: Sequence[str]) -> Caller:
    """Who asks, before any cookie is looked at."""
    headers = Headers(scope=scope)
    client = scope.get("client")
    peer = client[0] if client else "127.0.0.1"
    host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
    believed = _is_trusted(peer, trusted)
    # No browser speaks HTTP/1.0; a proxy that says nothing of itself may.
    forwarded = any(name in headers for name in _FORWARDED) or scope.get("http_version") == "1.0"
    # From where a trusted proxy stands, everybody comes from elsewhere: it may forget to say so.
    if is_loopback(peer) and is_loopback(host) and not forwarded and not believed:
        return Caller("machine", peer, scope.get("scheme") in ("https", "wss"))
    address = _forwarded_for(headers, peer, trusted) if believed else peer
    proto = headers.get("x-forwarded-proto", "") if believed else ""
    secure = scope.get("scheme") in ("https", "wss") or proto.split(",")[-1].strip() == "https"
    return Caller("none", address, secure)


def is_foreign(scope: Scope, own: str | None) -> bool:
    """Whether another web page asks in somebody's name; `own` is the app's public address."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if not origin:
        return False
    netloc = urlsplit(origin).netloc
    return netloc not in {headers.get("host"), urlsplit(own).netloc if own else None} - {None, ""}


def _forwarded_for(headers: Headers, peer: str, trusted: Sequence[str]) -> str:
    """The last address of the chain that no trusted proxy added of itself."""
    chain = [each.strip() for each in ",".join(headers.getlist("x-forwarded-for")).split(",")]
    for each in reversed([each for each in chain if each]):
        if _address(each) is None:
            return peer
        if not _is_trusted(each, trusted):
            return each
    return peer


def _is_trusted(host: str, trusted: Sequence[str]) -> bool:
    address = _address(host)
    return address is not None and any(
        address in ipaddress.ip_network(network, strict=False) for network in trusted
    )


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
