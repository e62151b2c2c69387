"""What a turn did on its way: its tape and spans, its calls of tools and what they asked leave for."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Float, Index, Integer, Table

from core.store.columns import Dollars, Json, Moment, Words
from core.store.tables.schema import belongs, filled, key, metadata
from core.types import Span

tape = Table(
    "tape",
    metadata,
    key("user_id"),
    key("turn_id"),
    key("seq", Integer),
    filled("step", Integer),
    filled("kind", Words),
    filled("data", Json(Any)),
    belongs(("user_id", "turn_id"), "turns"),
)

spans = Table(
    "spans",
    metadata,
    key("user_id"),
    key("turn_id"),
    key("span_id"),
    filled("start_ns", BigInteger),
    filled("data", Json(Span)),
    belongs(("user_id", "turn_id"), "turns"),
)

# What the list of traces shows, sorts and searches: narrow, since a turn's own row is wide.
# `spent` orders and no more: what is shown is the ledger's.
trace_heads = Table(
    "trace_heads",
    metadata,
    key("user_id"),
    key("turn_id"),
    filled("created_at", Moment),
    filled("question", Words),
    filled("searched", Words),
    filled("model", Words),
    filled("status", Words),
    filled("ending", Words),
    filled("seconds", Float),
    filled("steps", Integer),
    filled("tokens", BigInteger),
    filled("spent", Dollars),
    filled("bytes", BigInteger),
    filled("verdicts", Json(dict[str, int])),
    filled("doubted", Integer),
    belongs(("user_id", "turn_id"), "turns"),
    Index("ix_trace_heads_created_at", "user_id", "created_at", "turn_id"),
    Index("ix_trace_heads_seconds", "user_id", "seconds", "turn_id"),
    Index("ix_trace_heads_steps", "user_id", "steps", "turn_id"),
    Index("ix_trace_heads_tokens", "user_id", "tokens", "turn_id"),
    Index("ix_trace_heads_spent", "user_id", "spent", "turn_id"),
    Index("ix_trace_heads_status", "user_id", "status", "created_at", "turn_id"),
    Index("ix_trace_heads_model", "user_id", "model", "created_at", "turn_id"),
)

# What tools were called, for sums: the spans hold the rest.
tool_calls = Table(
    "tool_calls",
    metadata,
    key("user_id"),
    key("turn_id"),
    key("span_id"),
    filled("tool", Words),
    filled("start_ns", BigInteger),
    filled("seconds", Float),
    filled("failed", Boolean),
    belongs(("user_id", "turn_id"), "turns"),
    Index("ix_tool_calls_tool", "user_id", "tool", "start_ns"),
)

# What a tool asked to be allowed, and what was decided: "" while nobody has.
approvals = Table(
    "approvals",
    metadata,
    key("user_id"),
    key("turn_id"),
    key("call_id"),
    filled("conversation_id", Words),
    filled("tool", Words),
    filled("decision", Words),
    filled("asked_at", Moment),
    belongs(("user_id", "turn_id"), "turns"),
    Index("ix_approvals_conversation", "user_id", "conversation_id", "decision"),
)
