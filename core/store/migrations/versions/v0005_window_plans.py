"""How the window of each conversation is filled."""

import sqlalchemy as sa
from alembic import op

revision = "v0005"
down_revision = "v0004"


def upgrade() -> None:
    op.add_column("conversations", sa.Column("plan", sa.Text(), nullable=True))
