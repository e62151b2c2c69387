"""Addresses that may be asked: those of the open internet, whatever a name or a spelling makes of others."""

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

from core.errors import Refused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_INSIDE = [
    ipaddress.ip_network(each)
    for each in (
        *("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32"),
        *("64:ff9b:1::/48", "3fff::/20", "5f00::/16"),
    )
]
"""Not on the open internet although Python, or an older one, says so: Oracle's cloud tells its keys at
192.0.0.192, Azure's speaks to its machines from 168.63.129.16."""
_MOST_AT_ONCE = 8
"""Names that are looked up at the same moment; more wait for their turn."""


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


async def resolved(
    host: str,
    port: int,
    allowed: Callable[[Address], bool] = is_public,
    family: socket.AddressFamily = socket.AF_UNSPEC,
) -> list[tuple[socket.AddressFamily, str]]:
    """The addresses of a name, every one of them allowed. Raises Refused when one is not, and OSError."""
    look_up = partial(socket.getaddrinfo, host, port, family=family, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_threads(), look_up)
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, "no address")
    addresses = {(each[0], str(each[4][0])) for each in found}
    # Also when only one of them is inside: a name that points at both is up to something.
    if any(not allowed(ipaddress.ip_address(text.split("%")[0])) for _, text in addresses):
        raise not_public(host)
    return sorted(addresses)


@cache
def _threads() -> ThreadPoolExecutor:
    # A name server that is silent holds a thread for half a minute; the database needs those of the loop.
    return ThreadPoolExecutor(_MOST_AT_ONCE, "footlights-names")


def not_public(host: str) -> Refused:
    """The refusal of a host that is inside."""
    return Refused(
        f"{host} is not on the open internet",
        hint="Pages of this machine and of its network are not fetched; save the page and upload it.",
    )
