"""A ledger of before the sums by day: its rows are told apart and summed when the database is brought up."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

import core.store.engine
from core.store.engine import make_engine, migrate, reading, writing

OLD = (
    # id, turn, created, state, cost, source, accounts
    ("r1", "t1", 1_000, "settled", 5, "reported", '[["day","","1970-01-01"],["link","l1",""]]'),
    ("r2", "t1", 3_000, "settled", 7, "estimated", '[["day","","1970-01-01"],["link","l1",""]]'),
    ("r3", "t1", 9_000, "settled", None, None, '[["day","","1970-01-01"]]'),
    ("r4", "t2", 86_400_000_000, "settled", 2, "reported", "[]"),
    ("r5", "t2", 86_400_000_000, "reserved", None, None, "[]"),
)
TOOLS = (("s1", "search", 2_000_000), ("s2", "calculator", 2_500_000), ("s3", "search", 8_000_000))


def test_old_rows_get_their_link_their_tools_and_their_sums(empty_url: str) -> None:
    engine = make_engine(empty_url)
    before(engine, "v0015")
    with writing(engine) as connection:
        for row in OLD:
            connection.execute(text(_ROW), dict(zip("iutsdef", row, strict=True)))
        connection.execute(text(_TALK))
        connection.execute(text(_TURN))
        for span, tool, at in TOOLS:
            connection.execute(text(_TOOL), {"s": span, "n": tool, "at": at})
    migrate(engine)
    with reading(engine) as connection:
        rows = connection.execute(text("SELECT id, link_id, tools, prompt FROM ledger ORDER BY id"))
        assert [tuple(row) for row in rows] == [
            ("r1", "l1", "", "answer@1"),
            ("r2", "l1", "calculator + search", "answer@1"),
            ("r3", "", "search", "answer@1"),
            ("r4", "", "", ""),
            ("r5", "", "", ""),
        ]
        sums = text(
            "SELECT day, name, calls, unpriced, estimated, cost FROM spend_days "
            "WHERE dimension = 'link' ORDER BY day, name"
        )
        assert [tuple(row) for row in connection.execute(sums)] == [
            (0, "", 1, 1, 1, 0),
            (0, "l1", 2, 0, 1, 12),
            (1, "", 1, 0, 0, 2),
        ]
        turns = text("SELECT turn_id, day, calls, unpriced, cost FROM spend_turns ORDER BY turn_id")
        assert [tuple(row) for row in connection.execute(turns)] == [
            ("t1", 0, 3, 1, 12),
            ("t2", 1, 1, 0, 2),
        ]
    engine.dispose()


def before(engine: Engine, revision: str) -> None:
    """The database as it was at that revision."""
    config = Config()
    folder = Path(core.store.engine.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


_ROW = """
INSERT INTO ledger (user_id, id, turn_id, conversation_id, model, purpose, state, created_at, cost,
  source, accounts, input_tokens, output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens)
VALUES ('me', :i, :u, 'c1', 'm', 'answer', :s, :t, :d, :e, :f, 1, 1, 0, 0, 0)
"""
_TALK = """
INSERT INTO conversations (user_id, id, title, searched, renamed, created_at, updated_at)
VALUES ('me', 'c1', 'x', 'x', false, 1, 1)
"""
_TURN = """
INSERT INTO turns (user_id, id, conversation_id, status, created_at, request, searched, model,
  prompt_version, answer, reasoning, sources, citations, stop_reason, owner, lease_until, fence,
  stop_requested)
VALUES ('me', 't1', 'c1', 'done', 1, '{}', '', 'm', 'answer@1', '', '', '[]', '[]', '', '', 1, 1, false)
"""
_TOOL = "INSERT INTO tool_calls VALUES ('me', 't1', :s, :n, :at, 1, false)"
