"""Test cases of prompts, and what each of them came to with a version and a model."""

import sqlalchemy as sa
from alembic import op

revision = "v0009"
down_revision = "v0008"


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), autoincrement=False, nullable=False)


def upgrade() -> None:
    op.create_table(
        "prompt_cases",
        _text("user_id"),
        _text("id"),
        _text("prompt"),
        _text("name"),
        _text("inputs"),
        _text("checks"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_prompt_cases")),
    )
    op.create_index(
        "ix_prompt_cases_name", "prompt_cases", ["user_id", "prompt", "name"], unique=True
    )
    op.create_table(
        "prompt_results",
        _text("user_id"),
        _text("id"),
        _text("case_id"),
        _text("digest"),
        _text("prompt"),
        _text("version"),
        _text("template"),
        _text("model"),
        _text("judge"),
        _text("outcome"),
        _text("verdicts"),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("judge_cost", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_prompt_results")),
        sa.ForeignKeyConstraint(
            ["user_id", "case_id"],
            ["prompt_cases.user_id", "prompt_cases.id"],
            name=op.f("fk_prompt_results"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_prompt_results_case", "prompt_results", ["user_id", "case_id", "template", "model"]
    )
