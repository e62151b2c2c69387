"""The one schema. Every primary key and every index starts with the user; a change here needs a migration."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    text,
)

from core.attacks import RangeRun
from core.cases import Check, Outcome, Verdict
from core.mcp_values import McpOffer
from core.store.columns import Dollars, Json, Moment, Words
from core.types import Budget, Citation, Right, Source, Span, TurnRequest, Usage, WindowPlan

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s",
        "ix": "ix_%(table_name)s",
    }
)


def _key(name: str, kind: Any = Words) -> Column[Any]:
    return Column(name, kind, primary_key=True, nullable=False, autoincrement=False)


def _set(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _belongs(child: tuple[str, str], parent: str, name: str | None = None) -> ForeignKeyConstraint:
    """What belongs to a parent goes with it; of two parents each constraint has a name."""
    keys = [f"{parent}.user_id", f"{parent}.id"]
    return ForeignKeyConstraint(child, keys, name=name, ondelete="CASCADE")


# --- conversations and their turns ------------------------------------------------------------

conversations = Table(
    "conversations",
    metadata,
    _key("user_id"),
    _key("id"),
    _set("title", Words),
    _set("searched", Words),
    _set("renamed", Boolean),
    _set("created_at", Moment),
    _set("updated_at", Moment),
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
    _key("user_id"),
    _key("id"),
    _set("conversation_id", Words),
    _set("text", Words),
    _set("turns", Json(tuple[str, ...])),
    _set("depth", Integer),
    _set("model", Words),
    _set("prompt_version", Words),
    _set("created_at", Moment),
    Column("undone_at", Moment),
    _belongs(("user_id", "conversation_id"), "conversations"),
    Index("ix_summaries_conversation", "user_id", "conversation_id", "created_at", "id"),
)

turns = Table(
    "turns",
    metadata,
    _key("user_id"),
    _key("id"),
    _set("conversation_id", Words),
    _set("status", Words),
    _set("created_at", Moment),
    _set("request", Json(TurnRequest)),
    _set("searched", Words),
    _set("model", Words),
    _set("prompt_version", Words),
    _set("answer", Words),
    _set("reasoning", Words),
    _set("sources", Json(tuple[Source, ...])),
    _set("citations", Json(tuple[Citation, ...])),
    Column("budget", Json(Budget)),
    Column("usage", Json(Usage)),
    _set("stop_reason", Words),
    Column("error", Json(dict[str, str])),
    Column("first_token_seconds", Float),
    Column("seconds", Float),
    Column("ended_at", Moment),
    _set("owner", Words),
    _set("lease_until", Moment),
    _set("fence", Integer),
    _set("stop_requested", Boolean),
    Column("taint", Words, nullable=False, server_default=text("''")),
    Column("leak", Words, nullable=False, server_default=text("''")),
    _belongs(("user_id", "conversation_id"), "conversations"),
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
    _key("user_id"),
    _key("turn_id"),
    _key("seq", Integer),
    _set("data", Words),
    _belongs(("user_id", "turn_id"), "turns"),
    sqlite_with_rowid=False,
)

tape = Table(
    "tape",
    metadata,
    _key("user_id"),
    _key("turn_id"),
    _key("seq", Integer),
    _set("step", Integer),
    _set("kind", Words),
    _set("data", Json(Any)),
    _belongs(("user_id", "turn_id"), "turns"),
)

spans = Table(
    "spans",
    metadata,
    _key("user_id"),
    _key("turn_id"),
    _key("span_id"),
    _set("start_ns", BigInteger),
    _set("data", Json(Span)),
    _belongs(("user_id", "turn_id"), "turns"),
)

# What the list of traces shows, sorts and searches: narrow, since a turn's own row is wide.
# `spent` orders and no more: what is shown is the ledger's.
trace_heads = Table(
    "trace_heads",
    metadata,
    _key("user_id"),
    _key("turn_id"),
    _set("created_at", Moment),
    _set("question", Words),
    _set("searched", Words),
    _set("model", Words),
    _set("status", Words),
    _set("ending", Words),
    _set("seconds", Float),
    _set("steps", Integer),
    _set("tokens", BigInteger),
    _set("spent", Dollars),
    _set("bytes", BigInteger),
    _set("verdicts", Json(dict[str, int])),
    _set("doubted", Integer),
    _belongs(("user_id", "turn_id"), "turns"),
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
    _key("user_id"),
    _key("turn_id"),
    _key("span_id"),
    _set("tool", Words),
    _set("start_ns", BigInteger),
    _set("seconds", Float),
    _set("failed", Boolean),
    _belongs(("user_id", "turn_id"), "turns"),
    Index("ix_tool_calls_tool", "user_id", "tool", "start_ns"),
)

# What a tool asked to be allowed, and what was decided: "" while nobody has.
approvals = Table(
    "approvals",
    metadata,
    _key("user_id"),
    _key("turn_id"),
    _key("call_id"),
    _set("conversation_id", Words),
    _set("tool", Words),
    _set("decision", Words),
    _set("asked_at", Moment),
    _belongs(("user_id", "turn_id"), "turns"),
    Index("ix_approvals_conversation", "user_id", "conversation_id", "decision"),
)

# --- documents --------------------------------------------------------------------------------

documents = Table(
    "documents",
    metadata,
    _key("user_id"),
    _key("id"),
    _set("name", Words),
    _set("sha256", Words),
    _set("bytes", BigInteger),
    _set("kind", Words),
    _set("status", Words),
    _set("created_at", Moment),
    _set("reason", Words),
    _set("done", Integer),
    _set("total", Integer),
    _set("unit", Words),
    _set("pages", Integer),
    _set("empty_pages", Json(tuple[int, ...])),
    _set("passages", Integer),
    _set("tokens", BigInteger),
    _set("hidden_characters", Integer),
    _set("seconds", Json(dict[str, float])),
    Column("indexed_at", Moment),
    Index("ix_documents_sha256", "user_id", "sha256", unique=True),
    Index("ix_documents_recent", "user_id", "created_at", "id"),
)

chunks = Table(
    "chunks",
    metadata,
    _key("user_id"),
    _key("id", BigInteger),
    _set("document_id", Words),
    _set("seq", Integer),
    _set("text", Words),
    _set("start", Integer),
    _set("end", Integer),
    _set("page", Integer),
    _set("heading", Words),
    _set("tokens", Integer),
    Column("hash", Words, nullable=False, server_default=text("''")),
    _belongs(("user_id", "document_id"), "documents"),
    Index("ix_chunks_document", "user_id", "document_id", "seq", unique=True),
    Index("ix_chunks_hash", "user_id", "hash"),
)

# What was embedded, by the hash of its text: passages with the same text share a vector.
embeddings = Table(
    "embeddings",
    metadata,
    _key("user_id"),
    _key("space"),
    _key("hash"),
    _set("vector", LargeBinary),
)

# Passages that are to be embedded in another space; the row goes when it is done or given up.
reembeddings = Table(
    "reembeddings",
    metadata,
    _key("user_id"),
    _key("space"),
    _set("created_at", Moment),
    _set("done", Integer),
    _set("total", Integer),
    _set("failure", Words),
    _set("hint", Words),
    Column("owner", Words),
    Column("lease_until", Moment),
)

# What an index must do to follow the rows: the last word on each document, numbered without gaps.
changes = Table(
    "changes",
    metadata,
    _key("user_id"),
    _key("document_id"),
    _set("seq", BigInteger),
    _set("op", Words),
)

# Numbers that are drawn under a row lock, so that they are committed in their order.
counters = Table("counters", metadata, _key("user_id"), _key("name"), _set("value", BigInteger))

jobs = Table(
    "jobs",
    metadata,
    _key("user_id"),
    _key("id"),
    _set("document_id", Words),
    _set("created_at", Moment),
    _set("attempts", Integer),
    Column("owner", Words),
    Column("lease_until", Moment),
    _belongs(("user_id", "document_id"), "documents"),
    Index("ix_jobs_document", "user_id", "document_id"),
)

# --- collections and golden questions ---------------------------------------------------------

collections = Table(
    "collections",
    metadata,
    _key("user_id"),
    _key("id"),
    _set("name", Words),
    _set("searched", Words),
    _set("created_at", Moment),
    Index("ix_collections_name", "user_id", "searched", unique=True),
)

collection_documents = Table(
    "collection_documents",
    metadata,
    _key("user_id"),
    _key("collection_id"),
    _key("document_id"),
    _belongs(("user_id", "collection_id"), "collections", "fk_collection_documents_collection"),
    _belongs(("user_id", "document_id"), "documents", "fk_collection_documents_document"),
    Index("ix_collection_documents_document", "user_id", "document_id"),
)

# It names its passages by their words and the hash of their file, so it outlives both rows of them.
golden_questions = Table(
    "golden_questions",
    metadata,
    _key("user_id"),
    _key("id"),
    _set("question", Words),
    _set("collection_id", Words),
    _set("right", Json(tuple[Right, ...])),
    _set("created_at", Moment),
)

golden_runs = Table(
    "golden_runs",
    metadata,
    _key("user_id"),
    _key("id"),
    _set("created_at", Moment),
    _set("seq", BigInteger),
    _set("space", Words),
    _set("scope", Words),
    Index("ix_golden_runs_recent", "user_id", "created_at", "id"),
)

golden_results = Table(
    "golden_results",
    metadata,
    _key("user_id"),
    _key("run_id"),
    _key("golden_id"),
    _set("ranks", Json(tuple[int, ...])),
    _belongs(("user_id", "run_id"), "golden_runs", "fk_golden_results_run"),
    _belongs(("user_id", "golden_id"), "golden_questions", "fk_golden_results_golden"),
    Index("ix_golden_results_golden", "user_id", "golden_id"),
)

# --- prompts ----------------------------------------------------------------------------------

prompt_cases = Table(
    "prompt_cases",
    metadata,
    _key("user_id"),
    _key("id"),
    _set("prompt", Words),
    _set("name", Words),
    _set("inputs", Json(dict[str, Any])),
    _set("checks", Json(tuple[Check, ...])),
    _set("created_at", Moment),
    Index("ix_prompt_cases_name", "user_id", "prompt", "name", unique=True),
)

# Of an outcome the money is in columns of its own, so that no sum of it is ever a float.
prompt_results = Table(
    "prompt_results",
    metadata,
    _key("user_id"),
    _key("id"),
    _set("case_id", Words),
    _set("digest", Words),
    _set("prompt", Words),
    _set("version", Words),
    _set("template", Words),
    _set("model", Words),
    _set("judge", Words),
    _set("outcome", Json(Outcome)),
    _set("verdicts", Json(tuple[Verdict, ...])),
    Column("cost", Dollars),
    Column("judge_cost", Dollars),
    _set("created_at", Moment),
    _belongs(("user_id", "case_id"), "prompt_cases"),
    Index("ix_prompt_results_case", "user_id", "case_id", "template", "model"),
)

# --- money ------------------------------------------------------------------------------------

# It refers to turns and conversations without a foreign key: what was spent outlives them.
ledger = Table(
    "ledger",
    metadata,
    _key("user_id"),
    _key("id"),
    _set("turn_id", Words),
    _set("conversation_id", Words),
    _set("model", Words),
    _set("purpose", Words),
    _set("state", Words),
    _set("created_at", Moment),
    Column("settled_at", Moment),
    Column("reserved", Dollars),
    Column("cost", Dollars),
    _set("input_tokens", BigInteger),
    _set("output_tokens", BigInteger),
    _set("cached_tokens", BigInteger),
    _set("cache_write_tokens", BigInteger),
    _set("reasoning_tokens", BigInteger),
    Column("source", Words),
    Column("accounts", Json(tuple[tuple[str, str, str], ...])),
    Column("owner", Words),
    # What the money is told apart by, as it was when the row was reserved; "" where there is none.
    Column("link_id", Words, nullable=False, server_default=text("''")),
    Column("tools", Words, nullable=False, server_default=text("''")),
    Column("prompt", Words, nullable=False, server_default=text("''")),
    Index("ix_ledger_turn", "user_id", "turn_id"),
    Index("ix_ledger_recent", "user_id", "created_at", "id"),
)
# What is still open, for whoever looks after dead processes.
Index(
    "ix_ledger_open",
    ledger.c.user_id,
    ledger.c.id,
    sqlite_where=ledger.c.state == "reserved",
)

# The settled rows of the ledger summed by UTC day, and by each thing they are told apart by, moved in
# the ledger's transactions. `cost` sums the known prices; `unpriced` of the `calls` have none.
spend_days = Table(
    "spend_days",
    metadata,
    _key("user_id"),
    _key("dimension"),
    _key("day", Integer),
    _key("name"),
    _set("calls", BigInteger),
    _set("unpriced", BigInteger),
    _set("estimated", BigInteger),
    _set("input_tokens", BigInteger),
    _set("output_tokens", BigInteger),
    _set("cached_tokens", BigInteger),
    _set("cache_write_tokens", BigInteger),
    _set("reasoning_tokens", BigInteger),
    _set("cost", Dollars),
    sqlite_with_rowid=False,
)

# The same of each turn, which stands under the day of its first settled call.
spend_turns = Table(
    "spend_turns",
    metadata,
    _key("user_id"),
    _key("turn_id"),
    _set("day", Integer),
    _set("calls", BigInteger),
    _set("unpriced", BigInteger),
    _set("cost", Dollars),
    # All that the dearest and the distribution need, so that neither reads the table.
    Index("ix_spend_turns_day", "user_id", "day", "cost", "unpriced", "calls", "turn_id"),
    sqlite_with_rowid=False,
)

# What was spent and is reserved of each thing that can have a cap: the owner's day and month, a
# conversation, a key, a link, a visitor. `period` is a day, a month or "".
accounts = Table(
    "accounts",
    metadata,
    _key("user_id"),
    _key("scope"),
    _key("subject"),
    _key("period"),
    _set("spent", Dollars),
    _set("reserved", Dollars),
    CheckConstraint("spent >= 0", name="ck_accounts_spent"),
    CheckConstraint("reserved >= 0", name="ck_accounts_reserved"),
)

caps = Table(
    "caps",
    metadata,
    _key("user_id"),
    _key("scope"),
    _key("subject"),
    _set("amount", Dollars),
    _set("set_at", Moment),
    Column("warn_share", Float, nullable=False, server_default=text("0.8")),
)

# What the user says a model costs, in dollars for a million tokens.
price_overrides = Table(
    "price_overrides",
    metadata,
    _key("user_id"),
    _key("ref"),
    _set("input", Dollars),
    _set("output", Dollars),
    Column("cached", Dollars),
    Column("cache_write", Dollars),
)

# The keys with which programs ask; of the secret there is only the hash.
api_keys = Table(
    "api_keys",
    metadata,
    _key("user_id"),
    _key("id"),
    _set("name", Words),
    _set("prefix", Words),
    _set("secret_hash", Words),
    _set("created_at", Moment),
    Column("last_used_at", Moment),
    Column("revoked_at", Moment),
    # The one look-up without a user: whoever shows a secret does not say whose it is.
    UniqueConstraint("secret_hash", name="uq_api_keys_secret_hash"),
)

# --- sharing ----------------------------------------------------------------------------------

# A link is what its token opens; of the token there is only the hash. Its cap is that of scope `link`.
links = Table(
    "links",
    metadata,
    _key("user_id"),
    _key("id"),
    _set("kind", Words),
    _set("token_hash", Words),
    _set("title", Words),
    _set("description", Words),
    _set("questions", Json(tuple[str, ...])),
    _set("created_at", Moment),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
    _set("paused", Boolean),
    _set("passphrase", Words),
    _set("model", Words),
    _set("prompt", Words),
    _set("documents", Json(tuple[str, ...])),
    _set("tools", Json(tuple[str, ...])),
    _set("messages", Integer),
    _set("max_tokens", Integer),
    Column("visitor_cap", Dollars),
    _set("shows_cost", Boolean),
    Column("snapshot", Json(dict[str, Any])),
    _set("refused", Integer),
    Column("last_used_at", Moment),
    Index("ix_links_recent", "user_id", "created_at", "id"),
    UniqueConstraint("token_hash", name="uq_links_token_hash"),
)

# Whoever came in by a link, and the one conversation that he holds there.
visitors = Table(
    "visitors",
    metadata,
    _key("user_id"),
    _key("link_id"),
    _key("id"),
    _set("secret_hash", Words),
    _set("conversation_id", Words),
    _set("turn_id", Words),
    _set("asked", Integer),
    _set("created_at", Moment),
    _set("last_seen_at", Moment),
    _belongs(("user_id", "link_id"), "links"),
    UniqueConstraint("secret_hash", name="uq_visitors_secret_hash"),
)

# With what the owner comes in from elsewhere: tokens (`kind` "token") and browsers ("browser").
sign_ins = Table(
    "sign_ins",
    metadata,
    _key("user_id"),
    _key("id"),
    _set("kind", Words),
    _set("secret_hash", Words),
    _set("created_at", Moment),
    _set("expires_at", Moment),
    Column("last_used_at", Moment),
    # The address that a provider vouched for; "" where a token was shown.
    Column("email", Words, nullable=False, server_default=text("''")),
    UniqueConstraint("secret_hash", name="uq_sign_ins_secret_hash"),
)

# Whoever has signed in at the provider.
people = Table(
    "people",
    metadata,
    _key("user_id"),
    _set("email", Words),
    _set("name", Words),
    _set("first_seen_at", Moment),
    _set("last_seen_at", Moment),
    Column("removed_at", Moment),
)

# What the user has chosen on a page, by its name.
preferences = Table(
    "preferences",
    metadata,
    _key("user_id"),
    _key("name"),
    _set("value", Words),
)

# Runs of the injection range, each whole: it is read as one and has no other use.
range_runs = Table(
    "range_runs",
    metadata,
    _key("user_id"),
    _key("id"),
    _set("prompt", Words),
    _set("created_at", Moment),
    _set("run", Json(RangeRun)),
    Index("ix_range_runs_prompt", "user_id", "prompt", "created_at"),
)

# Servers of the Model Context Protocol: how they are reached, what they offered when it was accepted, and
# what now. Of their secrets only the names stand here.
mcp_servers = Table(
    "mcp_servers",
    metadata,
    _key("user_id"),
    _key("id"),
    _set("name", Words),
    _set("command", Json(tuple[str, ...])),
    _set("url", Words),
    _set("secret_names", Json(tuple[str, ...])),
    _set("loopback", Boolean),
    _set("is_on", Boolean),
    _set("accepted", Json(tuple[McpOffer, ...])),
    _set("seen", Json(tuple[McpOffer, ...])),
    _set("harmless", Json(tuple[str, ...])),
    _set("error", Words),
    _set("created_at", Moment),
    _set("seen_at", Moment),
    Column("used_at", Moment),
    UniqueConstraint("user_id", "name", name="uq_mcp_servers_name"),
)
