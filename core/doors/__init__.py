"""Who is let in, and with which headers the answer leaves: one ASGI middleware around pages and API.

This machine comes in without a word. From elsewhere the owner signs in, and a visitor with the cookie
of a share link reaches that link's page and its API; everything else is behind the door.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.caller import ADDRESS_HEADER, HEADER, OWNER_COOKIE, SCOPE_KEY, VISITOR_COOKIE, Caller
from core.doors import pages, paths
from core.doors.who import found, is_foreign
from core.doors.who import is_loopback as is_loopback
from core.errors import NotOpen
from core.settings import Settings
from core.sharing import snapshot_page
from core.sharing.visits import Visits
from core.store.links import Link
from core.store.sign_ins import SignIns

_POLICY = {
    # Model and document text may not make the browser ask anyone: no image, font or frame from outside.
    "content-security-policy": (
        "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' blob:; "
        "connect-src 'self'; form-action 'self'; "
        "object-src 'none'; base-uri 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow",
}
_STRANGERS_BODY = 64 * 1024
_HTML = "text/html; charset=utf-8"


class Behind(Protocol):
    """What the doors ask of the workbench."""

    settings: Settings
    visits: Visits
    sign_ins: SignIns


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request at the door: who asks, for what, with which cookie of a visitor."""

    scope: Scope
    path: str
    who: Caller
    visit: str

    @property
    def is_owner(self) -> bool:
        return self.who.door != "none"


class Doors:
    """Lets the owner in, a visitor to his link, turns everyone else away with words, and sets the
    headers of every answer. `bench` is asked at each request that needs it."""

    def __init__(self, app: ASGIApp, bench: Callable[[], Behind]) -> None:
        self._app = app
        self._bench = bench

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        asked = await self._asked(scope)
        sealed = _sealed(asked, send)
        if is_foreign(scope, self._bench().settings.public_url):
            await _problem(
                scope, sealed, 403, "not_this_machine", "another web page asked in your name",
                "Open Footlights itself, in a tab of its own.",
            )  # fmt: skip
        elif scope["type"] == "http" and paths.is_demo(asked.path):
            await self._demo(asked, receive, sealed)
        elif await self._may(asked):
            await self._pass(asked, receive, sealed)
        else:
            await _turn_away(asked, sealed)

    async def _asked(self, scope: Scope) -> _Asked:
        headers = Headers(scope=scope)
        cookies = cookie_parser("; ".join(headers.getlist("cookie")))
        who = found(scope, self._bench().settings.trusted_proxies)
        secret = cookies.get(OWNER_COOKIE)
        if who.door == "none" and secret and not paths.is_static(scope["path"]):
            known = await asyncio.to_thread(self._bench().sign_ins.user, secret)
            who = replace(who, door="browser") if known else who
        return _Asked(scope, scope["path"], who, cookies.get(VISITOR_COOKIE, ""))

    async def _may(self, asked: _Asked) -> bool:
        if asked.is_owner or (asked.scope["type"] == "http" and paths.is_open(asked.path)):
            return True
        if asked.scope["type"] != "websocket" or asked.path != paths.STREAM:
            return False
        link = await self._link(asked)
        return link is not None and link.kind == "live"

    async def _link(self, asked: _Asked) -> Link | None:
        """The link that the visitor's cookie opens now."""
        if not asked.visit:
            return None
        try:
            scope = await asyncio.to_thread(self._bench().visits.scope, asked.visit)
        except NotOpen:
            return None
        return scope.link

    async def _demo(self, asked: _Asked, receive: Receive, send: Send) -> None:
        """The page of a link. With a token in the address the same words for every token: nothing is
        looked up, so a preview costs nothing, and nobody learns which tokens there are."""
        scope = asked.scope
        if "t" in parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True):
            # Taken off here, before anything behind us, the server's log included, has seen it.
            scope["query_string"] = b""
            await _answer(asked, send, 200, *pages.ENTER)
            return
        link = await self._link(asked)
        if link is None:
            await _answer(asked, send, 404, *pages.CLOSED)
        elif link.snapshot is not None:
            page = snapshot_page.page(link.title, link.description, link.snapshot)
            await _answer(asked, send, 200, page.encode(), snapshot_page.POLICY)
        else:
            await self._pass(asked, receive, send)

    async def _pass(self, asked: _Asked, receive: Receive, send: Send) -> None:
        scope = asked.scope
        if asked.path == "/sign-in" and scope["type"] == "http":
            await _answer(asked, send, 200, *pages.SIGN_IN)
            return
        if asked.path == "/robots.txt":
            await _answer(asked, send, 200, pages.ROBOTS, kind="text/plain")
            return
        told = {HEADER: asked.who.door, ADDRESS_HEADER: asked.who.address}
        kept = [each for each in scope["headers"] if each[0].decode("latin-1").lower() not in told]
        scope["headers"] = [*kept, *((name.encode(), text.encode()) for name, text in told.items())]
        scope[SCOPE_KEY] = asked.who
        bounded = receive if asked.is_owner else _bounded(scope, receive)
        await self._app(scope, bounded, send)


def _sealed(asked: _Asked, send: Send) -> Send:
    """`send` with the headers that every answer leaves with."""

    async def sealed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _POLICY.items():
                headers.setdefault(name, value)
            if asked.path.startswith(("/api/", "/sign-in", "/demo")):
                headers["cache-control"] = "no-store"
        await send(message)

    return sealed


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """`receive` that ends when a stranger sends more than any of his requests needs."""
    if scope["type"] != "http":
        return receive
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return message if seen <= _STRANGERS_BODY else {"type": "http.disconnect"}

    return bounded


async def _turn_away(asked: _Asked, send: Send) -> None:
    scope = asked.scope
    wants_page = (
        scope["type"] == "http"
        and scope["method"] in ("GET", "HEAD")
        and "text/html" in Headers(scope=scope).get("accept", "")
        and not asked.path.startswith("/api/")
    )
    if wants_page:
        to = f"/sign-in?next={asked.path}" if asked.path.strip("/").isalpha() else "/sign-in"
        headers = [(b"location", to.encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    await _problem(
        scope, send, 401, "sign_in", "this is for the owner of the app, who is not signed in",
        "Sign in at /sign-in with the token that was printed when the app started.",
    )  # fmt: skip


async def _problem(
    scope: Scope, send: Send, status: int, code: str, detail: str, hint: str
) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4403})
        return
    title = "Forbidden" if status == 403 else "Unauthorized"
    problem = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "hint": hint,
    }
    headers = [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(problem).encode()})


async def _answer(
    asked: _Asked, send: Send, status: int, body: bytes, policy: str = "", kind: str = _HTML
) -> None:
    """One of our own pages; a HEAD gets its headers alone, and nothing but GET and HEAD is answered."""
    method = asked.scope["method"]
    if method not in ("GET", "HEAD"):
        status, body = 405, b""
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    if policy:
        headers.append((b"content-security-policy", policy.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})
