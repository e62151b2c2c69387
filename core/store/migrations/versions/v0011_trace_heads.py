"""What the list of traces shows, sorts and searches, in narrow rows of its own."""

import json
import unicodedata
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "v0011"
down_revision = "v0010"

_ORDERS = ("created_at", "seconds", "steps", "tokens", "spent")
_BATCH = 500
_DOUBTED = ("other_source", "not_found")


def upgrade() -> None:
    op.create_table(
        "trace_heads",
        sa.Column("user_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("turn_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("searched", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("ending", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("verdicts", sa.Text(), nullable=False),
        sa.Column("doubted", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "turn_id"],
            ["turns.user_id", "turns.id"],
            name=op.f("fk_trace_heads"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "turn_id", name=op.f("pk_trace_heads")),
    )
    for order in _ORDERS:
        op.create_index(f"ix_trace_heads_{order}", "trace_heads", ["user_id", order, "turn_id"])
    for choice in ("status", "model"):
        columns = ["user_id", choice, "created_at", "turn_id"]
        op.create_index(f"ix_trace_heads_{choice}", "trace_heads", columns)
    _fill()


def _fill() -> None:
    """A row for each turn that is there already."""
    connection, last = op.get_bind(), ("", "")
    while rows := connection.execute(sa.text(_TURNS), {"u": last[0], "t": last[1]}).all():
        connection.execute(sa.text(_ADD), [_head(row) for row in rows])
        last = (rows[-1].user_id, rows[-1].id)


def _head(row: Any) -> dict[str, Any]:
    question = str(json.loads(row.request).get("prompt", ""))
    usage, error = json.loads(row.usage or "{}"), json.loads(row.error or "{}")
    said = [each.get("verdict", "unchecked") for each in json.loads(row.citations)]
    verdicts = {verdict: said.count(verdict) for verdict in dict.fromkeys(said)}
    ending = error.get("code") or row.stop_reason
    words = "\n".join((question[:2_000], row.model, row.status, ending.replace("_", " ")))
    return {
        "user_id": row.user_id,
        "turn_id": row.id,
        "created_at": row.created_at,
        "question": question[:300],
        "searched": unicodedata.normalize("NFKC", words).casefold(),
        "model": row.model,
        "status": row.status,
        "ending": ending,
        "seconds": row.seconds or 0.0,
        "steps": row.steps,
        "tokens": usage.get("input_tokens", 0) + usage.get("output_tokens", 0),
        "spent": int(row.spent),
        "bytes": int(row.bytes),
        "verdicts": json.dumps(verdicts),
        "doubted": sum(verdicts.get(each, 0) for each in _DOUBTED),
    }


_OF = "WHERE x.user_id = turns.user_id AND x.turn_id = turns.id"
_TURNS = f"""
SELECT user_id, id, created_at, request, model, status, stop_reason, seconds, usage, error, citations,
  (SELECT count(*) FROM spans x {_OF}) AS steps,
  (SELECT coalesce(sum(cost), 0) FROM ledger x {_OF}) AS spent,
  (SELECT coalesce(sum(length(data)), 0) FROM spans x {_OF})
    + (SELECT coalesce(sum(length(data)), 0) FROM tape x {_OF}) AS bytes
FROM turns WHERE (user_id, id) > (:u, :t) ORDER BY user_id, id LIMIT {_BATCH}
"""
_ADD = """
INSERT INTO trace_heads VALUES (:user_id, :turn_id, :created_at, :question, :searched, :model, :status,
  :ending, :seconds, :steps, :tokens, :spent, :bytes, :verdicts, :doubted)
"""
