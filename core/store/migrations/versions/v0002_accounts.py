"""What was spent and reserved of everything that can have a cap, and the caps.

What the ledger holds already is booked on the accounts of its day, its month and its conversation.
"""

from collections import defaultdict
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "v0002"
down_revision = "v0001"


def upgrade() -> None:
    op.add_column("ledger", sa.Column("accounts", sa.Text(), nullable=True))
    op.add_column("ledger", sa.Column("owner", sa.Text(), nullable=True))
    op.create_index(
        "ix_ledger_open",
        "ledger",
        ["user_id", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'reserved'"),
        postgresql_where=sa.text("state = 'reserved'"),
    )
    accounts = op.create_table(
        "accounts",
        sa.Column("user_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("scope", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("period", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_accounts_reserved")),
        sa.CheckConstraint("spent >= 0", name=op.f("ck_accounts_spent")),
        sa.PrimaryKeyConstraint("user_id", "scope", "subject", "period", name="pk_accounts"),
    )
    op.create_table(
        "caps",
        sa.Column("user_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("scope", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "scope", "subject", name=op.f("pk_caps")),
    )
    if rows := _booked():
        op.bulk_insert(accounts, rows)


def _booked() -> list[dict[str, object]]:
    found = op.get_bind().execute(
        sa.text("SELECT user_id, conversation_id, created_at, state, reserved, cost FROM ledger")
    )
    spent: dict[tuple[str, str, str, str], int] = defaultdict(int)
    for user, conversation, created, state, reserved, cost in found:
        day = datetime.fromtimestamp(created / 1_000_000, UTC).date().isoformat()
        # A row of before this has no list of accounts, so nothing would ever give back what it has
        # reserved: it counts as spent.
        amount = 0 if state == "released" else int(reserved or 0) if cost is None else int(cost)
        for account in (
            ("day", "", day),
            ("month", "", day[:7]),
            ("conversation", conversation, ""),
        ):
            spent[(user, *account)] += amount
    return [
        {
            "user_id": user,
            "scope": scope,
            "subject": subject,
            "period": period,
            "spent": amount,
            "reserved": 0,
        }
        for (user, scope, subject, period), amount in spent.items()
        if amount
    ]
