"""The MCP servers of each user, with what was accepted of them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, delete, func, select, update

from core.errors import Conflict, NotFound, Refused
from core.store.columns import now
from core.store.engine import insert, reading, writing
from core.store.tables import mcp_servers
from core.types.mcp import McpOffer, McpServer

MOST_SERVERS = 20
_COLUMNS = [mcp_servers.c[name] for name in McpServer.__slots__]
_LONGEST_ERROR = 1_000


class McpRows:
    """What is kept of the servers; their secrets are kept elsewhere."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, user: str, server_id: str) -> McpServer:
        """One of them. Raises NotFound."""
        with reading(self._engine) as connection:
            row = connection.execute(select(*_COLUMNS).where(_this(user, server_id))).one_or_none()
        if row is None:
            raise NotFound("there is no such MCP server")
        return McpServer(**row._asdict())

    def keep(self, user: str, server: McpServer) -> None:
        """Keep a new one. Raises Conflict when there is one of this name, Refused when there are too many."""
        row = {name: getattr(server, name) for name in McpServer.__slots__}
        mine = mcp_servers.c.user_id == user
        with writing(self._engine) as connection:
            query = select(func.count()).select_from(mcp_servers)
            if (connection.scalar(query.where(mine)) or 0) >= MOST_SERVERS:
                raise Refused(
                    f"there are {MOST_SERVERS} MCP servers already",
                    hint="Remove one of them first.",
                )
            made = insert(connection, mcp_servers).values(user_id=user, **row)
            done = connection.execute(made.on_conflict_do_nothing())
            if not done.rowcount:
                raise Conflict(
                    f"there is an MCP server called {server.name} already",
                    hint="Give this one another name, or remove the other.",
                )

    def remove(self, user: str, server_id: str) -> None:
        """Forget one. Raises NotFound."""
        with writing(self._engine) as connection:
            if not connection.execute(delete(mcp_servers).where(_this(user, server_id))).rowcount:
                raise NotFound("there is no such MCP server")

    def switch(self, user: str, server_id: str, is_on: bool) -> None:
        """Switch one on or off. Raises NotFound."""
        self._set(user, server_id, is_on=is_on)

    def mark(self, user: str, server_id: str, names: Sequence[str]) -> None:
        """Its tools of these names change nothing, as the owner says. Raises NotFound."""
        self._set(user, server_id, harmless=tuple(names))

    def see(self, user: str, server_id: str, found: tuple[McpOffer, ...]) -> None:
        """It offers this now. Raises NotFound."""
        self._set(user, server_id, seen=found, seen_at=now(), error="")

    def accept(self, user: str, server_id: str, found: tuple[McpOffer, ...]) -> None:
        """The owner has looked at this, which is what it offers now. Those whose description changed are
        harmless no longer. Raises NotFound, and Conflict when it offers something else by now."""
        with writing(self._engine) as connection:
            query = select(*_COLUMNS).where(_this(user, server_id))
            row = connection.execute(query).one_or_none()
            if row is None:
                raise NotFound("there is no such MCP server")
            if row.seen != found:
                raise Conflict(
                    "the server changed its tools again", hint="Look at the difference once more."
                )
            same = {(each.name, each.pin) for each in row.accepted}
            kept = {each.name for each in found if (each.name, each.pin) in same}
            harmless = tuple(name for name in row.harmless if name in kept)
            connection.execute(
                update(mcp_servers)
                .where(_this(user, server_id))
                .values(accepted=found, harmless=harmless)
            )

    def note_use(self, user: str, server_id: str) -> None:
        """One of its tools was called and answered."""
        self._set(user, server_id, used_at=now(), error="")

    def note_error(self, user: str, server_id: str, reason: str) -> None:
        """It failed, and why."""
        self._set(user, server_id, error=reason[:_LONGEST_ERROR])

    def _set(self, user: str, server_id: str, **values: Any) -> None:
        with writing(self._engine) as connection:
            query = update(mcp_servers).where(_this(user, server_id)).values(**values)
            if not connection.execute(query).rowcount:
                raise NotFound("there is no such MCP server")

    # Last, because its name hides the type from the annotations below it.
    def list(self, user: str) -> tuple[McpServer, ...]:
        """Every server, by name."""
        query = select(*_COLUMNS).where(mcp_servers.c.user_id == user).order_by(mcp_servers.c.name)
        with reading(self._engine) as connection:
            return tuple(McpServer(**row._asdict()) for row in connection.execute(query))


def _this(user: str, server_id: str):  # type: ignore[no-untyped-def]
    return (mcp_servers.c.user_id == user) & (mcp_servers.c.id == server_id)
