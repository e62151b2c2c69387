"""Calls of tools, and what was allowed."""

import sqlalchemy as sa
from alembic import op

revision = "v0008"
down_revision = "v0007"


def upgrade() -> None:
    op.create_table(
        "approvals",
        sa.Column("user_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("turn_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("call_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("tool", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "turn_id"],
            ["turns.user_id", "turns.id"],
            name=op.f("fk_approvals"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "turn_id", "call_id", name=op.f("pk_approvals")),
    )
    op.create_index(
        "ix_approvals_conversation", "approvals", ["user_id", "conversation_id", "decision"]
    )
    op.create_table(
        "tool_calls",
        sa.Column("user_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("turn_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("span_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("tool", sa.Text(), nullable=False),
        sa.Column("start_ns", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "turn_id"],
            ["turns.user_id", "turns.id"],
            name=op.f("fk_tool_calls"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "turn_id", "span_id", name=op.f("pk_tool_calls")),
    )
    op.create_index("ix_tool_calls_tool", "tool_calls", ["user_id", "tool", "start_ns"])
