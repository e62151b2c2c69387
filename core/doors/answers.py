"""What the doors answer themselves, and the headers that every answer leaves with."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from core.caller import Caller

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


@dataclass(frozen=True, slots=True)
class Asked:
    """A request at the door: who asks, for what, with which cookie of a visitor."""

    scope: Scope
    path: str
    who: Caller
    visit: str

    @property
    def is_in(self) -> bool:
        """Whether it is a user of the app, and not a visitor or nobody."""
        return self.who.door != "none"


def sealed(asked: Asked, send: Send) -> Send:
    """`send` with the headers that every answer leaves with."""

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _POLICY.items():
                headers.setdefault(name, value)
            if asked.path.startswith(("/api/", "/sign-", "/demo")):
                headers["cache-control"] = "no-store"
        await send(message)

    return with_headers


def hiding(send: Send, hidden: bytes) -> Send:
    """`send` that puts as many other bytes for `hidden` into what a websocket sends."""

    async def without(message: Message) -> None:
        # Streamlit tells every browser where its main script lies. As many bytes keep its message whole,
        # whatever its form is.
        if hidden and message["type"] == "websocket.send" and message.get("bytes"):
            message["bytes"] = message["bytes"].replace(hidden, b"/" * len(hidden))
        await send(message)

    return without


def bounded(scope: Scope, receive: Receive) -> Receive:
    """`receive` that ends when a stranger sends more than any of his requests needs."""
    if scope["type"] != "http":
        return receive
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return message if seen <= _STRANGERS_BODY else {"type": "http.disconnect"}

    return counted


def paced(receive: Receive, may: Callable[[], bool]) -> Receive:
    """`receive` of a websocket that ends when a stranger says more at once than any page of his, or when
    he may say no more."""

    async def heard() -> Message:
        message = await receive()
        if message["type"] == "websocket.receive":
            said = message.get("bytes") or message.get("text") or b""
            if len(said) > _STRANGERS_BODY or not may():
                return {"type": "websocket.disconnect", "code": 4429}
        return message

    return heard


async def turn_away(asked: Asked, send: Send) -> None:
    """A browser to the page where it can sign in, a program to an error that says so."""
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
    await problem(
        scope, send, 401, "sign_in", "this is for users of the app, and nobody is signed in here",
        "Sign in at /sign-in; the owner's token was printed when the app started.",
    )  # fmt: skip


async def problem(scope: Scope, send: Send, status: int, code: str, detail: str, hint: str) -> None:
    """An error in the form of the API; a websocket is closed."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4403})
        return
    title = HTTPStatus(status).phrase
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


async def answer(
    asked: Asked, send: Send, status: int, body: bytes, policy: str = "", kind: str = _HTML
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
