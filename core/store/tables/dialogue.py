"""What is said: conversations, their turns with every event, and what stands for older turns."""

from sqlalchemy import Boolean, Column, Float, Index, Integer, Table, text

from core.store.columns import Json, Moment, Words
from core.store.tables.schema import belongs, filled, key, metadata
from core.types import Budget, Citation, Source, TurnRequest, Usage, WindowPlan

conversations = Table(
    "conversations",
    metadata,
    key("user_id"),
    key("id"),
    filled("title", Words),
    filled("searched", Words),
    filled("renamed", Boolean),
    filled("created_at", Moment),
    filled("updated_at", Moment),
    Column("plan", Json(WindowPlan)),
    # The share link through which a visitor holds it; "" for the user's own.
    Column("link_id", Words, nullable=False, server_default=text("''")),
    # The API key with which a program began it; "" for what people asked.
    Column("key_id", Words, nullable=False, server_default=text("''")),
    Index("ix_conversations_recent", "user_id", "updated_at", "id"),
)

summaries = Table(
    "summaries",
    metadata,
    key("user_id"),
    key("id"),
    filled("conversation_id", Words),
    filled("text", Words),
    filled("turns", Json(tuple[str, ...])),
    filled("depth", Integer),
    filled("model", Words),
    filled("prompt_version", Words),
    filled("created_at", Moment),
    Column("undone_at", Moment),
    belongs(("user_id", "conversation_id"), "conversations"),
    Index("ix_summaries_conversation", "user_id", "conversation_id", "created_at", "id"),
)

turns = Table(
    "turns",
    metadata,
    key("user_id"),
    key("id"),
    filled("conversation_id", Words),
    filled("status", Words),
    filled("created_at", Moment),
    filled("request", Json(TurnRequest)),
    filled("searched", Words),
    filled("model", Words),
    filled("prompt_version", Words),
    filled("answer", Words),
    filled("reasoning", Words),
    filled("sources", Json(tuple[Source, ...])),
    filled("citations", Json(tuple[Citation, ...])),
    Column("budget", Json(Budget)),
    Column("usage", Json(Usage)),
    filled("stop_reason", Words),
    Column("error", Json(dict[str, str])),
    Column("first_token_seconds", Float),
    Column("seconds", Float),
    Column("ended_at", Moment),
    filled("owner", Words),
    filled("lease_until", Moment),
    filled("fence", Integer),
    filled("stop_requested", Boolean),
    Column("taint", Words, nullable=False, server_default=text("''")),
    Column("leak", Words, nullable=False, server_default=text("''")),
    belongs(("user_id", "conversation_id"), "conversations"),
    Index("ix_turns_recent", "user_id", "created_at", "id"),
    Index("ix_turns_conversation", "user_id", "conversation_id", "created_at", "id"),
)
# The few that run now, found at once among all that ever did. The migrations make it partial on PostgreSQL
# too: to name that dialect's option here would import the dialect, for a start on SQLite too.
Index(
    "ix_turns_running",
    turns.c.user_id,
    turns.c.created_at,
    turns.c.id,
    sqlite_where=turns.c.status == "running",
)

turn_events = Table(
    "turn_events",
    metadata,
    key("user_id"),
    key("turn_id"),
    key("seq", Integer),
    filled("data", Words),
    belongs(("user_id", "turn_id"), "turns"),
    sqlite_with_rowid=False,
)
