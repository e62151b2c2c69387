"""MCP servers: added, looked at, switched and removed by their owner; their tools as tools of ours."""

import asyncio
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from core.caller import LOCAL_USER
from core.errors import Conflict, FootlightsError, NotYours, Refused, ToolServerFailed
from core.keys import Keys
from core.mcp.calls import CALL_SECONDS, McpCalls, slow
from core.mcp.wish import McpWish
from core.store.columns import now
from core.store.ids import new_id
from core.store.mcp_servers import McpRows
from core.tools.remote.link import Link
from core.tools.remote.offers import called, pin_of
from core.tools.remote.pipe import Way
from core.tools.tool import Tool
from core.types.mcp import McpOffer, McpServer

_MOST_SHAPES = 1_000


class McpServers:
    """The servers of each user. What is asynchronous runs on one loop; the rest may be asked anywhere.

    `shape` makes of a JSON schema what checks arguments, and `clean` takes out of a text what may not
    stand in a window. Secrets are kept in the file `secrets`, readable by its owner alone.
    """

    def __init__(
        self,
        rows: McpRows,
        secrets: Path,
        *,
        shape: Callable[[Any], Any],
        clean: Callable[[str], str],
    ) -> None:
        self._rows = rows
        self._secrets = Keys(secrets, {})
        self._shape = shape
        self._clean = clean
        self._calls = McpCalls(rows, self._secrets, clean, self._checked)
        self._shapes: dict[str, Any] = {}

    # --- what the owner does ------------------------------------------------------------------

    async def test(self, wish: McpWish) -> tuple[McpOffer, ...]:
        """Run or ask the server once, and tell its tools; nothing is kept. Raises Refused and
        ToolServerFailed, the last words of the server among its hints."""
        link = Link(wish.way(), self._clean, lambda: None)
        try:
            async with asyncio.timeout(CALL_SECONDS):
                return tuple(map(self._checked, await link.offers()))
        except TimeoutError as error:
            raise slow(wish.name, CALL_SECONDS) from error
        except ToolServerFailed as error:
            raise _with_words(error, link.words) from error
        finally:
            await link.close()

    async def add(self, user: str, wish: McpWish, pin: str) -> McpServer:
        """Keep the server with the tools that a test has told; `pin` is `pin_of` what was looked at.
        Raises Refused, Conflict, ToolServerFailed, and NotYours for anybody but the owner."""
        if user != LOCAL_USER:
            raise NotYours("MCP servers are added by the owner of the app")
        found = await self.test(wish)
        if pin_of(found) != pin:
            raise Conflict("the server offers other tools by now", hint="Test it again.")
        way = wish.way()
        moment = now()
        server = McpServer(
            new_id(),
            way.name,
            way.command,
            way.url,
            tuple(way.secrets),
            way.loopback,
            True,
            accepted=found,
            seen=found,
            harmless=(),
            error="",
            created_at=moment,
            seen_at=moment,
        )
        await asyncio.to_thread(self._keep, user, server, way)
        return server

    def _keep(self, user: str, server: McpServer, way: Way) -> None:
        # Before the row, so that no server is ever asked without its secrets.
        if way.secrets:
            self._secrets.put(f"{user}/{server.id}", json.dumps(dict(way.secrets)))
        try:
            self._rows.keep(user, server)
        except FootlightsError:
            self._secrets.put(f"{user}/{server.id}", None)
            raise

    def get(self, user: str, server_id: str) -> McpServer:
        """One server. Raises NotFound."""
        return self._rows.get(user, server_id)

    async def look(self, user: str, server_id: str) -> McpServer:
        """Ask the server for its tools now. Raises NotFound and ToolServerFailed."""
        return await self._calls.look(user, server_id)

    def accept(self, user: str, server_id: str, pin: str) -> None:
        """The owner has looked at what the server offers now, whose `pin_of` this is; from now on it may be
        called. Raises NotFound, and Conflict when it offers something else by now."""
        found = self._rows.get(user, server_id).seen
        if pin_of(found) != pin:
            raise Conflict(
                "the server changed its tools again", hint="Look at the difference once more."
            )
        self._rows.accept(user, server_id, found)

    def mark(self, user: str, server_id: str, name: str, harmless: bool) -> None:
        """Whether one of its tools changes nothing, as the owner says. Raises NotFound and Refused."""
        server = self._rows.get(user, server_id)
        if name not in {each.name for each in server.accepted}:
            raise Refused(f"{server.name} has no tool {name[:64]!r} that was accepted")
        others = tuple(each for each in server.harmless if each != name)
        self._rows.mark(user, server_id, (*others, name) if harmless else others)

    async def switch(self, user: str, server_id: str, is_on: bool) -> None:
        """Switch one on or off; off, its process is ended. Raises NotFound."""
        await asyncio.to_thread(self._rows.switch, user, server_id, is_on)
        await self._calls.drop(user, server_id)

    async def remove(self, user: str, server_id: str) -> None:
        """Forget one, with its secrets. Raises NotFound."""
        await asyncio.to_thread(self._rows.remove, user, server_id)
        await asyncio.to_thread(self._secrets.put, f"{user}/{server_id}", None)
        await self._calls.drop(user, server_id)

    async def close(self) -> None:
        """End every server."""
        await self._calls.close()

    # --- tools --------------------------------------------------------------------------------

    def tools(self, user: str) -> Sequence[Tool]:
        """The tools that can be called now: accepted, unchanged, of servers that are on."""
        servers = [each for each in self._rows.list(user) if each.is_on]
        made = [self._tool(user, each, offer) for each in servers for offer in each.callable()]
        return tuple({tool.name: tool for tool in made}.values())

    def _tool(self, user: str, server: McpServer, offer: McpOffer) -> Tool:
        shape = self._shape_of(offer)
        harmless = offer.name in server.harmless
        says = "which you marked as harmless" if harmless else "which may change something"
        name = called(server.name, offer.name)
        return Tool(
            name=name,
            description=offer.description,
            signature=f"{name}({', '.join(offer.parameters.get('properties', {}))})",
            parameters=offer.parameters,
            check=lambda data: shape.check(data)[1],
            run=partial(self._calls.run, user, server, offer),
            access="network" if harmless else "effects",
            effects=f"asks the MCP server {server.name}, {says}",
            strict=shape.output.schema if shape.output else None,
            seconds=CALL_SECONDS,
            server=server.name,
        )

    def _shape_of(self, offer: McpOffer) -> Any:
        if len(self._shapes) > _MOST_SHAPES:
            self._shapes.clear()
        key = f"{offer.pin} {offer.name}"
        if key not in self._shapes:
            self._shapes[key] = self._shape(offer.parameters)
        return self._shapes[key]

    def _checked(self, offer: McpOffer) -> McpOffer:
        """The offer; with its problem when nothing can be checked by its schema."""
        try:
            self._shape_of(offer)
        except Refused as error:
            return McpOffer(offer.name, offer.description, {}, offer.pin, str(error))
        return offer

    # Last, because its name hides the type from the annotations below it.
    def list(self, user: str) -> tuple[McpServer, ...]:
        """Every server of the user, by name."""
        return self._rows.list(user)


def _with_words(error: ToolServerFailed, words: str) -> ToolServerFailed:
    return ToolServerFailed(str(error), hint=f"It said: {words}" if words else error.hint)
