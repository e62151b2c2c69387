"""Share links, their visitors, and what the owner signs in with from elsewhere."""

import sqlalchemy as sa
from alembic import op

revision = "v0014"
down_revision = "v0011"


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), autoincrement=False, nullable=False)


def _number(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer(), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def upgrade() -> None:
    op.add_column(
        "conversations",
        sa.Column("link_id", sa.Text(), nullable=False, server_default=sa.text("''")),
    )
    op.create_table(
        "links",
        *map(_text, ("user_id", "id", "kind", "token_hash", "title", "description", "questions")),
        _moment("created_at"),
        _moment("expires_at", nullable=True),
        _moment("revoked_at", nullable=True),
        sa.Column("paused", sa.Boolean(), nullable=False),
        *map(_text, ("passphrase", "model", "prompt", "documents", "tools")),
        _number("messages"),
        _number("max_tokens"),
        sa.Column("visitor_cap", sa.BigInteger(), nullable=True),
        sa.Column("shows_cost", sa.Boolean(), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=True),
        _number("refused"),
        _moment("last_used_at", nullable=True),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_links_token_hash")),
    )
    op.create_index("ix_links_recent", "links", ["user_id", "created_at", "id"])
    op.create_table(
        "visitors",
        *map(_text, ("user_id", "link_id", "id", "secret_hash", "conversation_id", "turn_id")),
        _number("asked"),
        _moment("created_at"),
        _moment("last_seen_at"),
        sa.PrimaryKeyConstraint("user_id", "link_id", "id", name=op.f("pk_visitors")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_visitors_secret_hash")),
        sa.ForeignKeyConstraint(
            ["user_id", "link_id"],
            ["links.user_id", "links.id"],
            name=op.f("fk_visitors"),
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "sign_ins",
        *map(_text, ("user_id", "id", "kind", "secret_hash")),
        _moment("created_at"),
        _moment("expires_at"),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_sign_ins")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_sign_ins_secret_hash")),
    )
