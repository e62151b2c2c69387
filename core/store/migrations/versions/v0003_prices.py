"""Prices that the user enters, and from which share on a cap warns."""

import sqlalchemy as sa
from alembic import op

revision = "v0003"
down_revision = "v0002"


def upgrade() -> None:
    op.create_table(
        "price_overrides",
        sa.Column("user_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("ref", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("input", sa.BigInteger(), nullable=False),
        sa.Column("output", sa.BigInteger(), nullable=False),
        sa.Column("cached", sa.BigInteger(), nullable=True),
        sa.Column("cache_write", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", "ref", name=op.f("pk_price_overrides")),
    )
    op.add_column(
        "caps",
        sa.Column("warn_share", sa.Float(), nullable=False, server_default=sa.text("0.8")),
    )
