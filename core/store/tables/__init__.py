"""The one schema. Every primary key and every index starts with the user; a change here needs a migration."""

from core.store.tables.access import api_keys, links, people, sign_ins, visitors
from core.store.tables.choices import mcp_servers, preferences
from core.store.tables.dialogue import conversations, summaries, turn_events, turns
from core.store.tables.library import (
    changes,
    chunks,
    collection_documents,
    collections,
    counters,
    documents,
    embeddings,
    jobs,
    reembeddings,
)
from core.store.tables.money import accounts, caps, ledger, price_overrides, spend_days, spend_turns
from core.store.tables.schema import metadata
from core.store.tables.traces import approvals, spans, tape, tool_calls, trace_heads
from core.store.tables.trials import (
    golden_questions,
    golden_results,
    golden_runs,
    prompt_cases,
    prompt_results,
    range_runs,
)

__all__ = [
    "accounts",
    "api_keys",
    "approvals",
    "caps",
    "changes",
    "chunks",
    "collection_documents",
    "collections",
    "conversations",
    "counters",
    "documents",
    "embeddings",
    "golden_questions",
    "golden_results",
    "golden_runs",
    "jobs",
    "ledger",
    "links",
    "mcp_servers",
    "metadata",
    "people",
    "preferences",
    "price_overrides",
    "prompt_cases",
    "prompt_results",
    "range_runs",
    "reembeddings",
    "sign_ins",
    "spans",
    "spend_days",
    "spend_turns",
    "summaries",
    "tape",
    "tool_calls",
    "trace_heads",
    "turn_events",
    "turns",
    "visitors",
]
