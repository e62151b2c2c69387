"""Who is let in, and with which headers the answer leaves: one ASGI middleware around pages and API.

This machine comes in without a word. From elsewhere the owner and the people of his team sign in, and a
visitor with the cookie of a share link reaches that link's page and its API; everything else is behind
the door.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from core.caller import (
    ADDRESS_HEADER,
    HEADER,
    LOCAL_USER,
    OWNER_COOKIE,
    SCOPE_KEY,
    VISITOR_COOKIE,
)
from core.doors import pages, paths
from core.doors.answers import Asked, answer, bounded, hiding, paced, problem, sealed, turn_away
from core.doors.sockets import Neighbours
from core.doors.who import found, is_foreign
from core.doors.who import is_loopback as is_loopback
from core.errors import NotOpen
from core.people.team import Team
from core.settings import Settings
from core.sharing import snapshot_page
from core.sharing.pace import Pace, neighbourhood
from core.sharing.visits import Visits
from core.store.links import Link
from core.store.secret_words import digest

_REQUESTS = 1_200
"""Requests of an address in a minute, from elsewhere: what a household's browsers never come to."""
_TABS, _ALL_TABS = 8, 1_000
_MESSAGES = 120
"""What a visitor's pages say in a minute: each message is a run of the page."""


class Behind(Protocol):
    """What the doors ask of the workbench."""

    settings: Settings
    visits: Visits
    team: Team


class Doors:
    """Lets the owner and his team in, a visitor to his link, turns everyone else away with words, and sets the
    headers of every answer. `bench` is asked at each request that needs it; `hidden` is a path of this
    machine that only its owner's pages are told."""

    def __init__(
        self,
        app: ASGIApp,
        bench: Callable[[], Behind],
        *,
        per_minute: float = _REQUESTS,
        hidden: str = "",
    ) -> None:
        self._app = app
        self._bench = bench
        self._pace = Pace(per_minute=per_minute, burst=per_minute / 2)
        self._streams: Counter[str] = Counter()
        self._messages = Pace(per_minute=_MESSAGES, burst=_MESSAGES)
        self._neighbours = Neighbours()
        self._hidden = hidden.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        asked = await self._asked(scope)
        has_token = _takes_off_token(scope)
        send = sealed(asked, send)
        if is_foreign(scope, self._bench().settings.public_url):
            await problem(
                scope, send, 403, "not_this_machine", "another web page asked in your name",
                "Open Footlights itself, in a tab of its own. If this is its own address, the owner sets "
                "FOOTLIGHTS_PUBLIC_URL to it.",
            )  # fmt: skip
        elif self._is_hasty(asked):
            await problem(
                scope, send, 429, "too_fast", "too many requests", "Try again in a minute."
            )
        elif scope["type"] == "http" and paths.is_demo(asked.path):
            await self._demo(asked, has_token, receive, send)
        elif await self._may(asked):
            await self._pass(asked, receive, send)
        else:
            await turn_away(asked, send)

    async def _asked(self, scope: Scope) -> Asked:
        headers = Headers(scope=scope)
        cookies = cookie_parser("; ".join(headers.getlist("cookie")))
        settings = self._bench().settings
        who = found(
            scope,
            settings.trusted_proxies,
            trusts_machine=settings.trusts_this_machine,
            is_other=self._neighbours.is_other,
        )
        secret = cookies.get(OWNER_COOKIE)
        if who.door == "none" and secret and not paths.is_static(scope["path"]):
            user = await asyncio.to_thread(self._bench().team.signed_in, secret)
            who = replace(who, door="browser", user=user) if user else who
        return Asked(scope, scope["path"], who, cookies.get(VISITOR_COOKIE, ""))

    def _is_hasty(self, asked: Asked) -> bool:
        """Whether a stranger asks for more than a person does, before anything is done for him."""
        works = paths.is_open(asked.path) or paths.is_demo(asked.path) or asked.path == paths.STREAM
        if asked.is_in or not works or paths.is_static(asked.path):
            return False
        return self._pace.take(neighbourhood(asked.who.address)) > 0

    async def _may(self, asked: Asked) -> bool:
        if asked.is_in or (asked.scope["type"] == "http" and paths.is_open(asked.path)):
            return True
        if asked.scope["type"] != "websocket" or asked.path != paths.STREAM:
            return False
        link = await self._link(asked)
        return link is not None and link.kind == "live"

    async def _link(self, asked: Asked) -> Link | None:
        """The link that the visitor's cookie opens now."""
        if not asked.visit:
            return None
        try:
            scope = await asyncio.to_thread(self._bench().visits.scope, asked.visit)
        except NotOpen:
            return None
        return scope.link

    async def _demo(self, asked: Asked, has_token: bool, receive: Receive, send: Send) -> None:
        """The page of a link. With a token in the address the same words for every token: nothing is
        looked up, so a preview costs nothing, and nobody learns which tokens there are."""
        if has_token:
            await answer(asked, send, 200, *pages.ENTER)
            return
        link = await self._link(asked)
        if link is None:
            await answer(asked, send, 404, *(pages.COME_BACK if asked.visit else pages.CLOSED))
        elif link.snapshot is not None:
            page = snapshot_page.page(link.title, link.description, link.snapshot)
            await answer(asked, send, 200, page.encode(), snapshot_page.POLICY)
        else:
            await self._pass(asked, receive, send)

    async def _pass(self, asked: Asked, receive: Receive, send: Send) -> None:
        scope = asked.scope
        if asked.path == "/sign-in" and scope["type"] == "http":
            team = self._bench().settings.oidc_issuer is not None
            await answer(asked, send, 200, *(pages.SIGN_IN_TEAM if team else pages.SIGN_IN))
            return
        if asked.path == "/sign-out" and scope["type"] == "http":
            await answer(asked, send, 200, *pages.SIGN_OUT)
            return
        if asked.path == "/robots.txt":
            await answer(asked, send, 200, pages.ROBOTS, kind="text/plain")
            return
        told = {HEADER: asked.who.door, ADDRESS_HEADER: asked.who.address}
        kept = [each for each in scope["headers"] if each[0].decode("latin-1").lower() not in told]
        scope["headers"] = [*kept, *((name.encode(), text.encode()) for name, text in told.items())]
        scope[SCOPE_KEY] = asked.who
        if asked.who.user != LOCAL_USER and scope["type"] == "websocket":
            send = hiding(send, self._hidden)
        if asked.is_in or asked.path.startswith(paths.GATEWAY):
            await self._app(scope, receive, send)  # a program's window is larger than a question
        elif scope["type"] == "websocket":
            await self._stream(asked, receive, send)
        else:
            await self._app(scope, bounded(scope, receive), send)

    async def _stream(self, asked: Asked, receive: Receive, send: Send) -> None:
        """A visitor's page is a session in memory: he has a few tabs, not hundreds."""
        if self._streams[asked.visit] >= _TABS or self._streams.total() >= _ALL_TABS:
            await send({"type": "websocket.close", "code": 4429})
            return
        self._streams[asked.visit] += 1
        try:
            heard = paced(receive, lambda: not self._messages.take(digest(asked.visit)))
            await self._app(asked.scope, heard, send)
        finally:
            self._streams[asked.visit] -= 1
            if not self._streams[asked.visit]:
                del self._streams[asked.visit]


def _takes_off_token(scope: Scope) -> bool:
    """Whether the address holds the token of a link, wherever it leads; it is taken off, before anything
    behind us, the server's log included, has seen it."""
    if "t" not in parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        return False
    scope["query_string"] = b""
    return True
