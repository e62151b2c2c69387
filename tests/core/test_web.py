"""Web pages are fetched from the open internet alone, whatever a name or a redirect says."""

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import web
from core.addresses import is_public
from core.errors import Refused
from core.web import fetch

PAGE = b"<html><title>Rider</title><p>The notice period is sixty days.</p></html>"


def anywhere(_: Any) -> bool:
    return True


class Site:
    """A web server on this machine: each path gives raw bytes of an answer."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.port = 0

    def page(self, path: str, body: bytes = PAGE, kind: str = "text/html", head: str = "") -> None:
        self.pages[path] = (
            f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{head}\r\n"
        ).encode() + body

    def moved(self, path: str, to: str) -> None:
        self.pages[path] = (
            f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()
        )

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split()[1]
        self.asked.append((path, head))
        writer.write(self.pages.get(path, b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"))
        await writer.drain()
        writer.close()

    def at(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


@pytest.fixture
async def site() -> Any:
    made = Site()
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


async def get(site: Site, url: str, allowed: Callable[[Any], bool] = anywhere, **given: Any) -> Any:
    return await fetch(url, 10_000, allowed=allowed, ports=frozenset({80, site.port}), **given)


async def test_a_page_comes_with_a_name_of_its_own_and_no_cookie_or_key_is_sent(site: Site) -> None:
    site.page("/hand%20book/rider.html", head="Set-Cookie: a=b\r\n")
    found = await get(site, site.at("/hand%20book/rider.html"))
    assert found.data == PAGE
    assert found.name == "127.0.0.1 - hand book - rider.html"
    await get(site, site.at("/hand%20book/rider.html"))
    assert not any(
        "cookie:" in head.lower() or "authorization" in head.lower() for _, head in site.asked
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://[::1]/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://172.16.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fd00::1]/",
        "http://[fe80::1]/",
        "http://[fec0::1]/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://192.0.0.192/opc/v2/instance/",
        "http://168.63.129.16/metadata",
        "http://[64:ff9b:1::a9fe:a9fe]/",
        "http://[3fff::1]/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://127.1/",
        "http://localhost./",
    ],
)
async def test_this_machine_and_its_network_are_not_asked(url: str) -> None:
    with pytest.raises(Refused) as refused:
        await fetch(url, 10_000, seconds=5)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file:///etc/passwd", "not an address of the web"),
        ("ftp://example.org/a", "not an address of the web"),
        ("gopher://example.org", "not an address of the web"),
        ("example.org", "not an address of the web"),
        ("http://", "not an address of the web"),
        ("http://[", "not an address of the web"),
        ("javascript:alert(1)", "not an address of the web"),
        ("http://me:secret@example.org/", "a name or a password"),
        ("http://example.org:22/", "port 22 is not asked"),
        ("http://example.org:0/", "port 0 is not asked"),
        ("http://2130706433/", "its address is not written as addresses are"),
        ("http://example.org:99999/", "not an address of the web"),
        ("http://example.org/" + "a" * 3000, "longer than"),
    ],
)
async def test_what_is_no_plain_address_of_the_web_is_refused(url: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        await fetch(url, 10_000)


async def test_a_redirect_to_the_inside_is_not_followed(site: Site) -> None:
    site.page("/secret")
    site.moved("/", "http://10.0.0.1/secret")

    def only_the_site(address: Any) -> bool:
        return str(address) == "127.0.0.1"

    with pytest.raises(Refused, match=r"10\.0\.0\.1 is not on the open internet"):
        await get(site, site.at("/"), only_the_site)
    site.moved("/file", "file:///etc/passwd")
    with pytest.raises(Refused, match="not an address of the web"):
        await get(site, site.at("/file"), only_the_site)


@pytest.mark.parametrize("host", ["１２７.0.0.1", "①②⑦.⓪.⓪.①", "127。0。0。1"])
async def test_an_address_in_letters_that_only_look_like_it_is_not_asked(
    site: Site, host: str
) -> None:
    # No name for our resolver: the client itself makes 127.0.0.1 of it and asks nobody.
    site.page("/")
    site.moved("/moved", site.at("/", host))
    with pytest.raises(Refused, match="not on the open internet"):
        await get(site, site.at("/", host), is_public)
    assert site.asked == []
    seen: list[Any] = []

    def only_at_first(address: Any) -> bool:
        seen.append(address)
        return len(seen) <= 2  # the check and the connection of the first address

    with pytest.raises(Refused, match="not on the open internet"):
        await get(site, site.at("/moved"), only_at_first)
    assert [path for path, _ in site.asked] == ["/moved"]


async def test_redirects_are_followed_five_times_and_no_more(site: Site) -> None:
    site.moved("/1", "/2")
    site.moved("/2", site.at("/3"))
    site.page("/3")
    assert (await get(site, site.at("/1"))).url == site.at("/3")
    site.moved("/round", "/round")
    with pytest.raises(Refused, match="redirects more than 5 times"):
        await get(site, site.at("/round"))
    assert [path for path, _ in site.asked].count("/round") == 6


async def test_the_address_that_was_checked_is_the_one_that_is_asked(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that resolves to a public address first and to this machine afterwards."""
    told = iter(["203.0.114.7", "127.0.0.1"])
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(told), port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    checked: list[str] = []

    def public(address: Any) -> bool:
        checked.append(str(address))
        return is_public(address)

    with pytest.raises((Refused, AssertionError)):  # nothing else may be reached from a test
        await get(site, site.at("/", "rebind.example"), public, seconds=2)
    assert asked == ["rebind.example"]
    assert set(checked) == {"203.0.114.7"}
    assert site.asked == []


async def test_names_that_nobody_looks_up_in_time_hold_up_nothing_else(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that never answers holds the thread that asks it, long after the fetch has ended."""
    silent = threading.Event()

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        silent.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "later")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    asked = [get(site, site.at("/", f"{at}.example"), seconds=0.1) for at in range(40)]
    try:
        told = await asyncio.gather(*asked, return_exceptions=True)
        assert {str(each).split(".", 1)[1] for each in told} == {"example took longer than 0.1 s"}
        async with asyncio.timeout(10):
            assert await asyncio.to_thread(lambda: "a row of the database") is not None
    finally:
        silent.set()


async def test_a_name_that_points_inside_too_is_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        both = ("203.0.114.7", "192.168.0.5")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in both]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(Refused, match=r"two-faced\.example is not on the open internet"):
        await get(site, site.at("/", "two-faced.example"), is_public)


async def test_what_is_too_large_too_slow_or_no_page_is_refused(site: Site) -> None:
    site.page("/large", b"x" * 20_000, "text/plain")
    with pytest.raises(Refused, match="larger than"):
        await get(site, site.at("/large"))
    site.page("/image", b"\x89PNG", "image/png")
    with pytest.raises(Refused, match="image/png, which is not read"):
        await get(site, site.at("/image"))
    with pytest.raises(Refused, match="status 404"):
        await get(site, site.at("/nothing"))
    site.pages["/slow"] = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\nx"
    )

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the reader has given up
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(Refused, match=r"took longer than 0\.2 s"):
            await fetch(
                f"http://127.0.0.1:{port}/",
                100,
                allowed=anywhere,
                ports=frozenset({port}),
                seconds=0.2,
            )


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "it ended the connection without an answer"),
        (b"\x00\xff no web here\r\n\r\n", "what it sent cannot be read"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 99_999 + b"\r\n\r\n", "what it sent cannot be read"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: br\r\n\r\nx",
            "what it sent cannot be read",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 999\r\n\r\nhalf",
            "it broke off in the middle",
        ),
    ],
    ids=["nothing", "no web", "endless header", "unknown packing", "cut"],
)
async def test_an_answer_that_is_none_is_refused_in_words(
    site: Site, answer: bytes, words: str
) -> None:
    site.pages["/"] = answer
    with pytest.raises(Refused) as refused:
        await get(site, site.at("/"))
    assert str(refused.value) == f"127.0.0.1 cannot be reached: {words}"


async def test_a_host_that_is_not_there_is_refused_in_words(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refused, match=r"127\.0\.0\.1 cannot be reached: nothing answers there$"):
        await fetch("http://127.0.0.1:1/", 10, allowed=anywhere, ports=frozenset({1}))

    def none(host: str, port: int, **_: Any) -> list[Any]:
        if host == "gone.example":
            raise socket.gaierror(-2, "Name or service not known")
        return []

    monkeypatch.setattr(socket, "getaddrinfo", none)
    for host in ("gone.example", "empty.example"):
        with pytest.raises(Refused, match=f"{host} cannot be reached: nobody knows its name$"):
            await get(site, site.at("/", host))


async def test_a_bomb_that_unpacks_is_stopped_at_the_limit(site: Site) -> None:
    import gzip

    bomb = gzip.compress(b"\0" * 50_000_000)
    site.page("/bomb", bomb, "text/plain", head="Content-Encoding: gzip\r\n")
    with pytest.raises(Refused, match="larger than"):
        await fetch(site.at("/bomb"), 2**20, allowed=anywhere, ports=frozenset({site.port}))


@given(st.integers(0, 2**32 - 1))
def test_a_private_address_is_not_public_in_any_dress(number: int) -> None:
    inside = ipaddress.IPv4Address(number)
    dressed = ipaddress.IPv6Address(int(ipaddress.IPv6Address("::ffff:0:0")) | int(inside))
    if not inside.is_global:
        assert not is_public(inside)
        assert not is_public(dressed)


@pytest.mark.parametrize(
    ("url", "kind", "name"),
    [
        ("https://example.org/", ".html", "example.org.html"),
        ("https://example.org/a/b.htm", ".html", "example.org - a - b.html"),
        ("https://example.org/v1.2/notes", ".html", "example.org - v1.2 - notes.html"),
        ("https://example.org/paper.pdf?x=1", ".pdf", "example.org - paper.pdf"),
    ],
)
def test_a_page_is_named_after_where_it_lies(url: str, kind: str, name: str) -> None:
    assert web._name(url, kind) == name
