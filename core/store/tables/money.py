"""What was spent, and what may be: the ledger, its sums, accounts with their caps, and prices of the user's own."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Float, Index, Integer, Table, text

from core.store.columns import Dollars, Json, Moment, Words
from core.store.tables.schema import filled, key, metadata

# It refers to turns and conversations without a foreign key: what was spent outlives them.
ledger = Table(
    "ledger",
    metadata,
    key("user_id"),
    key("id"),
    filled("turn_id", Words),
    filled("conversation_id", Words),
    filled("model", Words),
    filled("purpose", Words),
    filled("state", Words),
    filled("created_at", Moment),
    Column("settled_at", Moment),
    Column("reserved", Dollars),
    Column("cost", Dollars),
    filled("input_tokens", BigInteger),
    filled("output_tokens", BigInteger),
    filled("cached_tokens", BigInteger),
    filled("cache_write_tokens", BigInteger),
    filled("reasoning_tokens", BigInteger),
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
    key("user_id"),
    key("dimension"),
    key("day", Integer),
    key("name"),
    filled("calls", BigInteger),
    filled("unpriced", BigInteger),
    filled("estimated", BigInteger),
    filled("input_tokens", BigInteger),
    filled("output_tokens", BigInteger),
    filled("cached_tokens", BigInteger),
    filled("cache_write_tokens", BigInteger),
    filled("reasoning_tokens", BigInteger),
    filled("cost", Dollars),
    sqlite_with_rowid=False,
)

# The same of each turn, which stands under the day of its first settled call.
spend_turns = Table(
    "spend_turns",
    metadata,
    key("user_id"),
    key("turn_id"),
    filled("day", Integer),
    filled("calls", BigInteger),
    filled("unpriced", BigInteger),
    filled("cost", Dollars),
    # All that the dearest and the distribution need, so that neither reads the table.
    Index("ix_spend_turns_day", "user_id", "day", "cost", "unpriced", "calls", "turn_id"),
    sqlite_with_rowid=False,
)

# What was spent and is reserved of each thing that can have a cap: the owner's day and month, a
# conversation, a key, a link, a visitor. `period` is a day, a month or "".
accounts = Table(
    "accounts",
    metadata,
    key("user_id"),
    key("scope"),
    key("subject"),
    key("period"),
    filled("spent", Dollars),
    filled("reserved", Dollars),
    CheckConstraint("spent >= 0", name="ck_accounts_spent"),
    CheckConstraint("reserved >= 0", name="ck_accounts_reserved"),
)

caps = Table(
    "caps",
    metadata,
    key("user_id"),
    key("scope"),
    key("subject"),
    filled("amount", Dollars),
    filled("set_at", Moment),
    Column("warn_share", Float, nullable=False, server_default=text("0.8")),
)

# What the user says a model costs, in dollars for a million tokens.
price_overrides = Table(
    "price_overrides",
    metadata,
    key("user_id"),
    key("ref"),
    filled("input", Dollars),
    filled("output", Dollars),
    Column("cached", Dollars),
    Column("cache_write", Dollars),
)
