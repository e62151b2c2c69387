"""What a turn's defence noticed, and the runs of the injection range."""

import sqlalchemy as sa
from alembic import op

revision = "v0010"
down_revision = "v0009"


def upgrade() -> None:
    for name in ("taint", "leak"):
        op.add_column("turns", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "range_runs",
        sa.Column("user_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_range_runs")),
    )
    op.create_index("ix_range_runs_prompt", "range_runs", ["user_id", "prompt", "created_at"])
