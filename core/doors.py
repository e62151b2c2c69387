"""Who is let in, and with which headers the answer leaves: one ASGI middleware around pages and API.

Until an owner can sign in from elsewhere, the app answers this machine alone: the client's address
and the Host header are loopback, and no proxy has forwarded the request. The Host check is what
stops a web page that points its own name at 127.0.0.1; the Origin check what stops one that posts
to us from a visitor's browser.
"""

import ipaddress
import json
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
_POLICY = {
    # Model and document text may not make the browser ask anyone: no image, font or frame from outside.
    "content-security-policy": (
        "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' blob:; "
        "object-src 'none'; base-uri 'self'; frame-ancestors 'self'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow",
}


class Doors:
    """Lets this machine in, turns everyone else away with words, and sets the headers of every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        if reason := _refusal(scope):
            await _turn_away(scope, send, reason)
            return

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _POLICY.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, sealed)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _refusal(scope: Scope) -> str:
    headers = Headers(scope=scope)
    client = scope.get("client")
    host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
    if client and not is_loopback(client[0]):
        return "it was asked from another machine"
    if not is_loopback(host):
        return f"it was asked under the name {host[:100]!r}"
    if any(name in headers for name in _FORWARDED):
        return "it was asked through a proxy"
    origin = headers.get("origin")
    if origin and urlsplit(origin).netloc != headers.get("host"):
        return "another web page asked in your name"
    return ""


async def _turn_away(scope: Scope, send: Send, reason: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4403})
        return
    problem = {
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
        "code": "not_this_machine",
        "detail": f"Footlights answers only the machine that it runs on; {reason}.",
        "hint": "Open it on that machine, or through an SSH tunnel to its port.",
    }
    body = json.dumps(problem).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
