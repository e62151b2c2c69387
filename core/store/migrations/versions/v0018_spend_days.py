"""The link, the tools and the prompt of every row of the ledger, and its sums by UTC day."""

import json
from collections.abc import Iterator
from itertools import groupby

import sqlalchemy as sa
from alembic import op

revision = "v0018"
down_revision = "v0015"

_BATCH = 2_000
_DAY = 86_400_000_000
_COUNTS = (
    "calls", "unpriced", "estimated",
    "input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens",
)  # fmt: skip
_TURN_SUMS = ("calls", "unpriced", "cost")
_DIMENSIONS = {
    "conversation": "conversation_id",
    "link": "link_id",
    "model": "model",
    "prompt": "prompt",
    "tool": "tools",
    "use": "purpose",
}


def upgrade() -> None:
    for name in ("link_id", "tools", "prompt"):
        empty = sa.text("''")
        op.add_column("ledger", sa.Column(name, sa.Text(), nullable=False, server_default=empty))
    op.create_table(
        "spend_days",
        sa.Column("user_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("dimension", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _COUNTS),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "dimension", "day", "name", name=op.f("pk_spend_days")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "spend_turns",
        sa.Column("user_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("turn_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _TURN_SUMS),
        sa.PrimaryKeyConstraint("user_id", "turn_id", name=op.f("pk_spend_turns")),
        sqlite_with_rowid=False,
    )
    columns = ["user_id", "day", "cost", "unpriced", "calls", "turn_id"]
    op.create_index("ix_spend_turns_day", "spend_turns", columns)
    _link()
    _name_prompts()
    _name_tools()
    for dimension, column in _DIMENSIONS.items():
        op.execute(_SUMS.format(dimension=dimension, column=column, day=_DAY))
    op.execute(_TURNS.format(day=_DAY))


def _link() -> None:
    """The link stands among the accounts that paid."""
    found = "SELECT user_id, id, accounts FROM ledger WHERE accounts LIKE '%\"link\"%'"
    set_link = sa.text("UPDATE ledger SET link_id = :link WHERE user_id = :user AND id = :id")
    connection, wanted = op.get_bind(), []
    for user, row_id, accounts in connection.execute(sa.text(found)).all():
        links = [subject for scope, subject, _ in json.loads(accounts) if scope == "link"]
        wanted += [{"user": user, "id": row_id, "link": link} for link in links[:1]]
    for at in range(0, len(wanted), _BATCH):
        connection.execute(set_link, wanted[at : at + _BATCH])


def _name_prompts() -> None:
    of = "FROM turns WHERE turns.user_id = ledger.user_id AND turns.id = ledger.turn_id"
    op.execute(
        f"UPDATE ledger SET prompt = (SELECT prompt_version {of}) WHERE EXISTS (SELECT 1 {of})"
    )


def _name_tools() -> None:
    """A call read first what the tools came to that had been called since the call before it."""
    rename = sa.text("UPDATE ledger SET tools = :tools WHERE user_id = :user AND id = :id")
    connection, wanted = op.get_bind(), []
    for (user, _), events in groupby(connection.execute(sa.text(_EVENTS)).all(), key=_turn):
        for row_id, tools in _batches((row.kind, row.name) for row in events):
            wanted.append({"user": user, "id": row_id, "tools": tools})
    for at in range(0, len(wanted), _BATCH):
        connection.execute(rename, wanted[at : at + _BATCH])


def _turn(row: "sa.Row[tuple[str, str, str, str, int]]") -> tuple[str, str]:
    return row.user_id, row.turn_id


def _batches(events: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    tools: set[str] = set()
    over = False
    for kind, name in events:
        if kind == "tool":
            tools, over = ({name} if over else tools | {name}), False
        elif tools:
            over = True
            yield name, " + ".join(sorted(tools))


_EVENTS = """
SELECT user_id, turn_id, 'call' AS kind, id AS name, created_at AS at FROM ledger
WHERE purpose = 'answer' AND (user_id, turn_id) IN (SELECT user_id, turn_id FROM tool_calls)
UNION ALL
SELECT user_id, turn_id, 'tool' AS kind, tool AS name, start_ns / 1000 AS at FROM tool_calls
ORDER BY user_id, turn_id, at, kind
"""
_SUMS = """
INSERT INTO spend_days SELECT user_id, '{dimension}', created_at / {day}, {column}, count(*),
  count(*) - count(cost), sum(CASE WHEN source = 'reported' THEN 0 ELSE 1 END), sum(input_tokens),
  sum(output_tokens), sum(cached_tokens), sum(cache_write_tokens), sum(reasoning_tokens),
  coalesce(sum(cost), 0)
FROM ledger WHERE state = 'settled' GROUP BY user_id, created_at / {day}, {column}
"""
_TURNS = """
INSERT INTO spend_turns SELECT user_id, turn_id, min(created_at) / {day}, count(*),
  count(*) - count(cost), coalesce(sum(cost), 0)
FROM ledger WHERE state = 'settled' AND turn_id <> '' GROUP BY user_id, turn_id
"""
