"""What a user has set up: what was chosen on a page, and the servers that tools come from."""

from sqlalchemy import Boolean, Column, Table, UniqueConstraint

from core.store.columns import Json, Moment, Words
from core.store.tables.schema import filled, key, metadata
from core.types.mcp import McpOffer

# What the user has chosen on a page, by its name.
preferences = Table(
    "preferences",
    metadata,
    key("user_id"),
    key("name"),
    filled("value", Words),
)

# Servers of the Model Context Protocol: how they are reached, what they offered when it was accepted, and
# what now. Of their secrets only the names stand here.
mcp_servers = Table(
    "mcp_servers",
    metadata,
    key("user_id"),
    key("id"),
    filled("name", Words),
    filled("command", Json(tuple[str, ...])),
    filled("url", Words),
    filled("secret_names", Json(tuple[str, ...])),
    filled("loopback", Boolean),
    filled("is_on", Boolean),
    filled("accepted", Json(tuple[McpOffer, ...])),
    filled("seen", Json(tuple[McpOffer, ...])),
    filled("harmless", Json(tuple[str, ...])),
    filled("error", Words),
    filled("created_at", Moment),
    filled("seen_at", Moment),
    Column("used_at", Moment),
    UniqueConstraint("user_id", "name", name="uq_mcp_servers_name"),
)
