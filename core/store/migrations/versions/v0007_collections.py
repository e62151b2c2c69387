"""Collections of documents, and golden questions with the results of their runs."""

import sqlalchemy as sa
from alembic import op

revision = "v0007"
down_revision = "v0006"


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), autoincrement=False, nullable=False)


def _belongs(child: str, parent: str, name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id", child],
        [f"{parent}.user_id", f"{parent}.id"],
        name=op.f(f"fk_{name}"),
        ondelete="CASCADE",
    )


def upgrade() -> None:
    op.create_table(
        "collections",
        _text("user_id"),
        _text("id"),
        _text("name"),
        _text("searched"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_collections")),
    )
    op.create_index("ix_collections_name", "collections", ["user_id", "searched"], unique=True)
    op.create_table(
        "collection_documents",
        _text("user_id"),
        _text("collection_id"),
        _text("document_id"),
        sa.PrimaryKeyConstraint(
            "user_id", "collection_id", "document_id", name=op.f("pk_collection_documents")
        ),
        _belongs("collection_id", "collections", "collection_documents_collection"),
        _belongs("document_id", "documents", "collection_documents_document"),
    )
    op.create_index(
        "ix_collection_documents_document", "collection_documents", ["user_id", "document_id"]
    )
    _golden()


def _golden() -> None:
    op.create_table(
        "golden_questions",
        _text("user_id"),
        _text("id"),
        _text("question"),
        _text("collection_id"),
        _text("right"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_golden_questions")),
    )
    op.create_table(
        "golden_runs",
        _text("user_id"),
        _text("id"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        _text("space"),
        _text("scope"),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_golden_runs")),
    )
    op.create_index("ix_golden_runs_recent", "golden_runs", ["user_id", "created_at", "id"])
    op.create_table(
        "golden_results",
        _text("user_id"),
        _text("run_id"),
        _text("golden_id"),
        _text("ranks"),
        sa.PrimaryKeyConstraint("user_id", "run_id", "golden_id", name=op.f("pk_golden_results")),
        _belongs("run_id", "golden_runs", "golden_results_run"),
        _belongs("golden_id", "golden_questions", "golden_results_golden"),
    )
    op.create_index("ix_golden_results_golden", "golden_results", ["user_id", "golden_id"])
