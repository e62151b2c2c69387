"""What is read: documents, their passages and vectors, the jobs that make them, and collections."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, text

from core.store.columns import Json, Moment, Words
from core.store.tables.schema import belongs, filled, key, metadata

documents = Table(
    "documents",
    metadata,
    key("user_id"),
    key("id"),
    filled("name", Words),
    filled("sha256", Words),
    filled("bytes", BigInteger),
    filled("kind", Words),
    filled("status", Words),
    filled("created_at", Moment),
    filled("reason", Words),
    filled("done", Integer),
    filled("total", Integer),
    filled("unit", Words),
    filled("pages", Integer),
    filled("empty_pages", Json(tuple[int, ...])),
    filled("passages", Integer),
    filled("tokens", BigInteger),
    filled("hidden_characters", Integer),
    filled("seconds", Json(dict[str, float])),
    Column("indexed_at", Moment),
    Index("ix_documents_sha256", "user_id", "sha256", unique=True),
    Index("ix_documents_recent", "user_id", "created_at", "id"),
)

chunks = Table(
    "chunks",
    metadata,
    key("user_id"),
    key("id", BigInteger),
    filled("document_id", Words),
    filled("seq", Integer),
    filled("text", Words),
    filled("start", Integer),
    filled("end", Integer),
    filled("page", Integer),
    filled("heading", Words),
    filled("tokens", Integer),
    Column("hash", Words, nullable=False, server_default=text("''")),
    belongs(("user_id", "document_id"), "documents"),
    Index("ix_chunks_document", "user_id", "document_id", "seq", unique=True),
    Index("ix_chunks_hash", "user_id", "hash"),
)

# What was embedded, by the hash of its text: passages with the same text share a vector.
embeddings = Table(
    "embeddings",
    metadata,
    key("user_id"),
    key("space"),
    key("hash"),
    filled("vector", LargeBinary),
)

# Passages that are to be embedded in another space; the row goes when it is done or given up.
reembeddings = Table(
    "reembeddings",
    metadata,
    key("user_id"),
    key("space"),
    filled("created_at", Moment),
    filled("done", Integer),
    filled("total", Integer),
    filled("failure", Words),
    filled("hint", Words),
    Column("owner", Words),
    Column("lease_until", Moment),
)

# What an index must do to follow the rows: the last word on each document, numbered without gaps.
changes = Table(
    "changes",
    metadata,
    key("user_id"),
    key("document_id"),
    filled("seq", BigInteger),
    filled("op", Words),
)

# Numbers that are drawn under a row lock, so that they are committed in their order.
counters = Table("counters", metadata, key("user_id"), key("name"), filled("value", BigInteger))

jobs = Table(
    "jobs",
    metadata,
    key("user_id"),
    key("id"),
    filled("document_id", Words),
    filled("created_at", Moment),
    filled("attempts", Integer),
    Column("owner", Words),
    Column("lease_until", Moment),
    belongs(("user_id", "document_id"), "documents"),
    Index("ix_jobs_document", "user_id", "document_id"),
)

collections = Table(
    "collections",
    metadata,
    key("user_id"),
    key("id"),
    filled("name", Words),
    filled("searched", Words),
    filled("created_at", Moment),
    Index("ix_collections_name", "user_id", "searched", unique=True),
)

collection_documents = Table(
    "collection_documents",
    metadata,
    key("user_id"),
    key("collection_id"),
    key("document_id"),
    belongs(("user_id", "collection_id"), "collections", "fk_collection_documents_collection"),
    belongs(("user_id", "document_id"), "documents", "fk_collection_documents_document"),
    Index("ix_collection_documents_document", "user_id", "document_id"),
)
