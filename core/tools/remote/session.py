"""A session with an MCP server, in plain values. It takes a second to import: import it in a thread."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from mcp import Client, MCPError
from mcp.client.subscriptions import ListenNotSupportedError
from mcp_types import (
    CONNECTION_CLOSED,
    CallToolRequest,
    CallToolRequestParams,
    Implementation,
    ToolListChangedNotification,
)
from pydantic import TypeAdapter, ValidationError

from core.tools.remote.http import over_http
from core.tools.remote.pipe import Pipe, Way
from core.tools.remote.stdio import over_pipes

log = logging.getLogger(__name__)
MOST_PAGES = 20
_PLAIN: TypeAdapter[Any] = TypeAdapter(dict[str, Any])
_OVER = "Session terminated"


class Session:
    """What is asked of a server; nothing that it asks of us is answered but with a refusal."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def tools(self, most: int) -> list[dict[str, Any]]:
        """What the server says of its tools: name, description and schema of at most so many."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._client.list_tools(cursor=cursor)
            found += [
                {"name": each.name, "description": each.description, "schema": each.input_schema}
                for each in page.tools
            ]
            cursor = page.next_cursor
            if cursor is None or len(found) >= most:
                break
        return found[:most]

    async def call(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The result of a call as it was sent. Its own schema for results is not heeded: a hostile one
        can take for ever to be checked."""
        asked = CallToolRequest(
            params=CallToolRequestParams(name=name, arguments=dict(arguments), _meta=None)
        )
        result: dict[str, Any] = await self._client.session.send_request(asked, _PLAIN)
        return result


@asynccontextmanager
async def session(way: Way, pipe: Pipe, changed: Callable[[], None]) -> AsyncIterator[Session]:
    """A session that lasts as long as the block; `changed` is told when the server says that its list of
    tools is another one."""

    async def heard(message: Any) -> None:
        if isinstance(message, ToolListChangedNotification):
            changed()

    transport = over_pipes(way, pipe) if way.command else over_http(way, pipe)
    about = Implementation(name="footlights", version="0.1.0")
    async with Client(transport, message_handler=heard, cache=None, client_info=about) as client:
        listening = asyncio.create_task(_listen(client, changed))
        try:
            yield Session(client)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def _listen(client: Client, changed: Callable[[], None]) -> None:
    """Hear of changes from servers of the newer protocol; the older ones tell them by themselves."""
    said = client.server_capabilities.tools
    if not (said and said.list_changed):
        return
    try:
        async with client.listen(tools_list_changed=True) as changes:
            async for _ in changes:
                changed()
    except (ListenNotSupportedError, MCPError, TimeoutError) as error:
        log.debug("no changes are heard of: %s", type(error).__name__)


def words(error: BaseException) -> str:
    """What is wrong, in words that hold nothing of ours."""
    match error:
        case MCPError():
            return f"it answered with an error: {error}"
        case ValidationError():
            return "it sent what is not in the protocol"
        case OSError():
            return "it cannot be reached"
    module = type(error).__module__.partition(".")[0]
    return "it cannot be reached" if module in ("httpx2", "httpcore2") else "it failed"


def is_over(error: BaseException) -> bool:
    """Whether the session is of no use after this."""
    if not isinstance(error, MCPError):
        return True
    return error.code == CONNECTION_CLOSED or _OVER in str(error)
