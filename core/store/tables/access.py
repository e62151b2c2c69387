"""Who comes in, and with what: links and their visitors, sign-ins, people, the keys of programs."""

from typing import Any

from sqlalchemy import Boolean, Column, Index, Integer, Table, UniqueConstraint, text

from core.store.columns import Dollars, Json, Moment, Words
from core.store.tables.schema import belongs, filled, key, metadata

# A link is what its token opens; of the token there is only the hash. Its cap is that of scope `link`.
links = Table(
    "links",
    metadata,
    key("user_id"),
    key("id"),
    filled("kind", Words),
    filled("token_hash", Words),
    filled("title", Words),
    filled("description", Words),
    filled("questions", Json(tuple[str, ...])),
    filled("created_at", Moment),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
    filled("paused", Boolean),
    filled("passphrase", Words),
    filled("model", Words),
    filled("prompt", Words),
    filled("documents", Json(tuple[str, ...])),
    filled("tools", Json(tuple[str, ...])),
    filled("messages", Integer),
    filled("max_tokens", Integer),
    Column("visitor_cap", Dollars),
    filled("shows_cost", Boolean),
    Column("snapshot", Json(dict[str, Any])),
    filled("refused", Integer),
    Column("last_used_at", Moment),
    Index("ix_links_recent", "user_id", "created_at", "id"),
    UniqueConstraint("token_hash", name="uq_links_token_hash"),
)

# Whoever came in by a link, and the one conversation that he holds there.
visitors = Table(
    "visitors",
    metadata,
    key("user_id"),
    key("link_id"),
    key("id"),
    filled("secret_hash", Words),
    filled("conversation_id", Words),
    filled("turn_id", Words),
    filled("asked", Integer),
    filled("created_at", Moment),
    filled("last_seen_at", Moment),
    belongs(("user_id", "link_id"), "links"),
    UniqueConstraint("secret_hash", name="uq_visitors_secret_hash"),
)

# With what the owner comes in from elsewhere: tokens (`kind` "token") and browsers ("browser").
sign_ins = Table(
    "sign_ins",
    metadata,
    key("user_id"),
    key("id"),
    filled("kind", Words),
    filled("secret_hash", Words),
    filled("created_at", Moment),
    filled("expires_at", Moment),
    Column("last_used_at", Moment),
    # The address that a provider vouched for; "" where a token was shown.
    Column("email", Words, nullable=False, server_default=text("''")),
    UniqueConstraint("secret_hash", name="uq_sign_ins_secret_hash"),
)

# Whoever has signed in at the provider.
people = Table(
    "people",
    metadata,
    key("user_id"),
    filled("email", Words),
    filled("name", Words),
    filled("first_seen_at", Moment),
    filled("last_seen_at", Moment),
    Column("removed_at", Moment),
)

# The keys with which programs ask; of the secret there is only the hash.
api_keys = Table(
    "api_keys",
    metadata,
    key("user_id"),
    key("id"),
    filled("name", Words),
    filled("prefix", Words),
    filled("secret_hash", Words),
    filled("created_at", Moment),
    Column("last_used_at", Moment),
    Column("revoked_at", Moment),
    # The one look-up without a user: whoever shows a secret does not say whose it is.
    UniqueConstraint("secret_hash", name="uq_api_keys_secret_hash"),
)
