"""Vectors by the hash of their text, and the change of the embedder as a job."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "v0006"
down_revision = "v0005"

_AT_ONCE = 1000


def upgrade() -> None:
    op.create_table(
        "embeddings",
        sa.Column("user_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("space", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "space", "hash", name=op.f("pk_embeddings")),
    )
    op.create_table(
        "reembeddings",
        sa.Column("user_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("space", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", "space", name=op.f("pk_reembeddings")),
    )
    op.add_column(
        "chunks", sa.Column("hash", sa.Text(), nullable=False, server_default=sa.text("''"))
    )
    _move()
    op.create_index("ix_chunks_hash", "chunks", ["user_id", "hash"])
    op.drop_column("chunks", "space")
    op.drop_column("chunks", "embedding")


def _move() -> None:
    """Each vector to the hash of the text that it was made of."""
    connection = op.get_bind()
    some = sa.text(
        "SELECT user_id, id, heading, text, space, embedding FROM chunks "
        "WHERE user_id > :user OR (user_id = :user AND id > :id) ORDER BY user_id, id LIMIT :many"
    )
    name = sa.text("UPDATE chunks SET hash = :hash WHERE user_id = :user_id AND id = :id")
    keep = sa.text(
        "INSERT INTO embeddings (user_id, space, hash, vector) "
        "VALUES (:user_id, :space, :hash, :embedding) ON CONFLICT DO NOTHING"
    )
    user, last = "", -1
    while rows := connection.execute(some, {"user": user, "id": last, "many": _AT_ONCE}).all():
        named = [{**row._asdict(), "hash": _hash(row.heading, row.text)} for row in rows]
        connection.execute(name, named)
        connection.execute(keep, named)
        user, last = rows[-1].user_id, rows[-1].id


def _hash(heading: str, text: str) -> str:
    whole = f"{heading}\n{text}" if heading else text
    data = whole.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=16).hexdigest()
