"""Servers of the Model Context Protocol."""

import sqlalchemy as sa
from alembic import op

revision = "v0015"
down_revision = "v0014"


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), autoincrement=False, nullable=False)


def _moment(name: str, *, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "mcp_servers",
        *map(_text, ("user_id", "id", "name", "command", "url", "secret_names")),
        sa.Column("loopback", sa.Boolean(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        *map(_text, ("accepted", "seen", "harmless", "error")),
        _moment("created_at"),
        _moment("seen_at"),
        _moment("used_at", nullable=True),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_mcp_servers")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_mcp_servers_name")),
    )
