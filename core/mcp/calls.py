"""Calls of the tools of MCP servers: one connection for each server, what it offers checked before each call."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from core.errors import FootlightsError, NotFound, ToolServerFailed
from core.keys import Keys
from core.store.mcp_servers import McpRows
from core.tools.remote import answer
from core.tools.remote.link import Link
from core.tools.remote.pipe import Way
from core.tools.results import Told
from core.tools.tool import Shelf
from core.types.mcp import McpOffer, McpServer

T = TypeVar("T")
CALL_SECONDS = 60.0
FRESH_SECONDS = 5.0
"""How long a list of tools holds: before a call it is asked for anew when it is older."""
_SECONDS_BEFORE_A_LOOK = 0.5
_MOST_LOOKS = 100


class McpCalls:
    """Asks servers on behalf of their users, and notes what came of it. All of it runs on one loop."""

    def __init__(
        self,
        rows: McpRows,
        secrets: Keys,
        clean: Callable[[str], str],
        checked: Callable[[McpOffer], McpOffer],
    ) -> None:
        self._rows = rows
        self._secrets = secrets
        self._clean = clean
        self._checked = checked
        self._links: dict[tuple[str, str], Link] = {}
        self._looks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._told: Counter[tuple[str, str]] = Counter()

    async def look(self, user: str, server_id: str) -> McpServer:
        """Ask the server for its tools now. Raises NotFound and ToolServerFailed."""
        server = await asyncio.to_thread(self._rows.get, user, server_id)
        self._link(user, server).forgive()
        await self._within(user, server, CALL_SECONDS, self._seen(user, server, 0.0))
        return await asyncio.to_thread(self._rows.get, user, server_id)

    async def close(self) -> None:
        """End every server."""
        for user, server_id in list(self._links):
            await self.drop(user, server_id)

    async def run(
        self,
        user: str,
        server: McpServer,
        offer: McpOffer,
        shelf: Shelf,
        given: Any,
        seconds: float,
    ) -> Told:
        """What a call came to, as a tool tells it. Raises ToolServerFailed, Raised and NotReadable."""
        del shelf  # a server sees what it is sent, and nothing else of the user's
        work = self._called(user, server, offer, given)
        result = await self._within(user, server, seconds, work)
        await asyncio.to_thread(self._rows.note_use, user, server.id)
        return answer.read(self._link(user, server).way, result)

    async def _called(
        self, user: str, server: McpServer, offer: McpOffer, given: Any
    ) -> dict[str, Any]:
        now = await asyncio.to_thread(self._rows.get, user, server.id)
        if not now.is_on:
            raise ToolServerFailed(
                f"the MCP server {server.name} is switched off",
                hint="Its owner switches it on, on the Tools page.",
            )
        found = await self._seen(user, server, FRESH_SECONDS)
        if offer.pin not in {each.pin for each in found}:
            raise ToolServerFailed(
                f"the MCP server {server.name} describes {offer.name} otherwise than when it was accepted, "
                "so it was not called",
                hint="The owner of the app looks at the difference on the Tools page, and accepts it or not.",
            )
        return await self._link(user, server).call(offer.name, given)

    async def _seen(self, user: str, server: McpServer, age: float) -> tuple[McpOffer, ...]:
        """What it offers; noted when that is not what was seen last."""
        found = tuple(map(self._checked, await self._link(user, server).offers(age=age)))
        known = await asyncio.to_thread(self._rows.get, user, server.id)
        if found != known.seen or known.error or not age:
            await asyncio.to_thread(self._rows.see, user, server.id, found)
        return found

    async def _within(self, user: str, server: McpServer, seconds: float, work: Awaitable[T]) -> T:
        """What the work comes to, in time; a failure is noted for the owner."""
        try:
            async with asyncio.timeout(seconds):
                return await work
        except TimeoutError as error:
            failed: FootlightsError = slow(server.name, seconds)
            failed.__cause__ = error
        except ToolServerFailed as error:
            failed = error
        words = self._link(user, server).words
        noted = f"{failed}. {words}".strip(". ")
        with suppress(NotFound):  # it was removed in the meantime
            await asyncio.to_thread(self._rows.note_error, user, server.id, noted)
        raise failed

    def _link(self, user: str, server: McpServer) -> Link:
        key = (user, server.id)
        if key not in self._links:
            changed = partial(self._look_again, user, server.id)
            self._links[key] = Link(self._way(user, server), self._clean, changed)
        return self._links[key]

    def _way(self, user: str, server: McpServer) -> Way:
        kept = self._secrets.get(f"{user}/{server.id}")
        secrets: Mapping[str, str] = json.loads(kept) if kept else {}
        return Way(server.name, server.command, server.url, secrets, server.loopback)

    def _look_again(self, user: str, server_id: str) -> None:
        """The server says that its tools are others: once in a while that is believed."""
        key = (user, server_id)
        self._told[key] += 1
        # One that says so for ever is asked before each call, and not besides.
        if key not in self._looks and self._told[key] <= _MOST_LOOKS:
            self._looks[key] = asyncio.create_task(self._looked(user, server_id))

    async def _looked(self, user: str, server_id: str) -> None:
        try:
            await asyncio.sleep(_SECONDS_BEFORE_A_LOOK)
            await self.look(user, server_id)
        except FootlightsError:
            return  # it is noted, and the next call says so too
        finally:
            self._looks.pop((user, server_id), None)

    async def drop(self, user: str, server_id: str) -> None:
        """End a server and forget that it was there."""
        self._told.pop((user, server_id), None)
        if look := self._looks.pop((user, server_id), None):
            look.cancel()
        if link := self._links.pop((user, server_id), None):
            await link.close()


def slow(name: str, seconds: float) -> ToolServerFailed:
    """It took too long."""
    return ToolServerFailed(
        f"the MCP server {name} did not answer within {seconds:g} s and was ended"
    )
