"""A conversation knows the API key with which a program began it."""

import json

import sqlalchemy as sa
from alembic import op

revision = "v0021"
down_revision = "v0020"


def upgrade() -> None:
    empty = sa.text("''")
    op.add_column(
        "conversations", sa.Column("key_id", sa.Text(), nullable=False, server_default=empty)
    )
    # A key's request begins a conversation of its own, and says so itself.
    found = "SELECT user_id, conversation_id, request FROM turns WHERE request LIKE '%\"key_id\"%'"
    connection = op.get_bind()
    wanted = [
        {"user": user, "id": conversation, "key": key}
        for user, conversation, request in connection.execute(sa.text(found)).all()
        if (key := json.loads(request).get("key_id"))
    ]
    if wanted:
        named = "UPDATE conversations SET key_id = :key WHERE user_id = :user AND id = :id"
        connection.execute(sa.text(named), wanted)
