"""People who sign in at a provider; when each sign-in was used last, and with which address it was made."""

import sqlalchemy as sa
from alembic import op

revision = "v0019"
down_revision = "v0018"


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("user_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_people")),
    )
    op.add_column("sign_ins", sa.Column("last_used_at", sa.BigInteger(), nullable=True))
    op.add_column(
        "sign_ins",
        sa.Column("email", sa.Text(), nullable=False, server_default=sa.text("''")),
    )
