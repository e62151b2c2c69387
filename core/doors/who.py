"""Who is asking: this machine, somebody through a proxy that is trusted, or somebody from elsewhere.

Only a request from this machine, under its own name, by a program of the same user, and which nobody
has forwarded counts as its owner's; and none at all where the app is shown to others, since a proxy on
this machine need not say that it is one. The Host check is what stops a web page that points its own name at 127.0.0.1; the Origin
check what stops one that posts to us from somebody's browser.
"""

import ipaddress
import re
from collections.abc import Callable, Sequence
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from core.caller import LOCAL_USER, Caller

_FORWARDED = frozenset(
    {
        "forwarded",
        "via",
        "client-ip",
        "true-client-ip",
        "fastly-client-ip",
        "fly-client-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-original-host",
        "x-original-url",
        "x-proxyuser-ip",
        "x-real-ip",
        "x-request-start",
        "x-amzn-trace-id",
        "x-cloud-trace-context",
        "x-envoy-external-address",
        "cdn-loop",
    }
)
_FORWARDED_BEGIN = ("x-forwarded", "cf-", "x-appengine-", "x-azure-", "tailscale-")
"""What proxies, tunnels and platforms say of whom they ask for."""


# As Azure and IIS name a client: with the port, which is another one at each connection.
_WITH_PORT = re.compile(r"^(?:\[(.+)\]|([0-9.]+)):[0-9]{1,5}$")


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    if host == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def found(
    scope: Scope,
    trusted: Sequence[str],
    *,
    trusts_machine: bool = True,
    is_other: Callable[[int, int], bool] = lambda port, own: False,
) -> Caller:
    """Who asks, before any cookie is looked at. `is_other` tells by the two ports of a connection
    whether another user of this machine asks."""
    headers = Headers(scope=scope)
    client = scope.get("client")
    peer = client[0] if client else "127.0.0.1"
    named = ",".join(headers.getlist("host"))
    # No browser names a user in it, two hosts or a path, so whatever does was not made by one.
    split = _split(f"//{named}")
    is_plain = split is not None and split.netloc == named and not {"@", ","} & set(named)
    host = split.hostname or "" if split and is_plain else ""
    believed = _is_trusted(peer, trusted)
    here = trusts_machine and is_loopback(peer) and is_loopback(host) and not believed
    if here and not _is_forwarded(scope, headers) and not is_other(*_ports(scope)):
        return Caller("machine", peer, scope.get("scheme") in ("https", "wss"), LOCAL_USER)
    address = _forwarded_for(headers, peer, trusted) if believed else peer
    proto = headers.get("x-forwarded-proto", "") if believed else ""
    secure = scope.get("scheme") in ("https", "wss") or proto.split(",")[-1].strip() == "https"
    return Caller("none", address, secure)


def _is_forwarded(scope: Scope, headers: Headers) -> bool:
    """Whether a proxy has passed it on. No browser speaks HTTP/1.0; a proxy that is silent may."""
    named = any(each in _FORWARDED or each.startswith(_FORWARDED_BEGIN) for each in headers)
    return named or scope.get("http_version") == "1.0"


def _ports(scope: Scope) -> tuple[int, int]:
    client, server = scope.get("client") or ("", 0), scope.get("server") or ("", 0)
    return client[1] or 0, server[1] or 0


def is_foreign(scope: Scope, own: str | None) -> bool:
    """Whether another web page asks in somebody's name; `own` is the app's public address."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if not origin:
        return False
    split = _split(origin)
    ours = {headers.get("host"), urlsplit(own).netloc if own else None} - {None, ""}
    return split is None or split.netloc not in ours


def _split(address: str) -> SplitResult | None:
    """The parts of an address; None for what is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return None


def _forwarded_for(headers: Headers, peer: str, trusted: Sequence[str]) -> str:
    """The last address of the chain that no trusted proxy added of itself."""
    chain = [each.strip() for each in ",".join(headers.getlist("x-forwarded-for")).split(",")]
    for each in reversed([_WITH_PORT.sub(r"\1\2", each) for each in chain if each]):
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
    """What the name says, if it is an address. A socket that listens for both kinds has the older ones
    mapped into the newer: `::ffff:127.0.0.1` is this machine too."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
