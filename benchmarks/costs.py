"""The costs page with a million rows of the ledger and a hundred large windows: what its first draw and a
change of its range ask the database, on both databases, against the same sums over the rows themselves."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, insert, select, text

from benchmarks.reservations import postgresql
from core.cheaper import caching_could_save, fewer_passages
from core.store.engine import make_engine, migrate, reading, writing
from core.store.ledger import Ledger
from core.store.spending import Spending
from core.store.tables import conversations, ledger, turns
from core.types import Budget, Chunk, Citation, Hit, Item, Slice, Source, TurnRequest, Usage

ROWS, DAYS, CALLS_A_TURN = 1_000_000, 365, 4
WINDOWS, _TOKENS = 100, 100_000
_MODELS = (
    "openai:gpt-6-luna",
    "openai:gpt-6-sol",
    "anthropic:claude-5-haiku",
    "local:smollm2-135m",
)
_TOOLS = ("", "", "", "calculator", "search_documents", "calculator + search_documents")
_LINKS = ("", "", "", "l1", "l2")
_NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
_US = 1_000_000
_MADE = import_module("core.store.migrations.versions.v0018_spend_days")


def main() -> None:
    """Seconds of the whole of what the page asks, the median of three."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        for name, url in (
            ("SQLite", f"sqlite:///{folder}/bench.db"),
            ("PostgreSQL", postgresql(Path(folder), stack)),
        ):
            engine = make_engine(url)
            migrate(engine)
            fill(engine)
            first = _median(lambda: first_draw(engine))  # noqa: B023
            month = _median(lambda: draw(engine, 30))  # noqa: B023
            year = _median(lambda: draw(engine, DAYS))  # noqa: B023
            rows = _median(lambda: _over_rows(engine))  # noqa: B023
            fill_windows(engine)
            windows = _median(lambda: cheaper(engine))  # noqa: B023
            print(
                f"{name:<10} {ROWS:,} rows   first draw {first:.3f} s   range to 30 days {month:.3f} s, "
                f"to a year {year:.3f} s   one sum over the rows {rows:.3f} s   "
                f"what caches and fewer passages would save, {WINDOWS} windows of {_TOKENS:,} tokens, "
                f"{windows:.3f} s"
            )
            engine.dispose()


def first_draw(engine: Engine) -> None:
    """What the page asks when it is opened."""
    Spending(engine).models_by_day("me", datetime(2000, 1, 1, tzinfo=UTC))
    Ledger(engine).rows("me", 500)
    draw(engine, 30)


def draw(engine: Engine, days: int, dimension: Any = "model") -> None:
    """What the page asks for a range."""
    spending, last = Spending(engine), _NOW.date()
    first = last - timedelta(days=days - 1)
    found = spending.by("me", dimension, first, last)
    spending.by_day("me", dimension, first, last, [each.key for each in found[:7]])
    spending.distribution("me", first, last)
    spending.dearest("me", first, last, 8)
    spending.agreement("me", first, last)


def cheaper(engine: Engine) -> None:
    """What the page makes of the recorded windows."""
    sent = Spending(engine).windows("me", _NOW.date() - timedelta(days=29), _NOW.date(), WINDOWS)
    caching = caching_could_save(sent, lambda ref, usage: Decimal(usage.input_tokens))
    fewer = fewer_passages(sent, lambda ref, usage: Decimal(usage.input_tokens))
    assert caching and caching.repeated and fewer and fewer.answers == WINDOWS


def fill_windows(engine: Engine) -> None:
    """The newest answers, each with a window of a long conversation and many passages."""
    with writing(engine) as connection:
        named = dict.fromkeys(("title", "searched"), "long")
        at = {"created_at": _NOW, "updated_at": _NOW, "renamed": False}
        connection.execute(insert(conversations), {"user_id": "me", "id": "c", **named, **at})
        connection.execute(insert(turns), [_turn(at) for at in range(WINDOWS)])


def _turn(at: int) -> dict[str, Any]:
    said = tuple(
        Item("You", f"{n} {'said before ' * 330}", 1_000, role="user", ref=f"m{n}")
        for n in range(40)
    )
    found = [
        Hit(n, "d", "a.pdf", Chunk(n, f"{at} {n} {'read here ' * 160}", 0, 1_600, 1), 0.5)
        for n in range(150)
    ]
    read = tuple(Item("a.pdf", hit.chunk.text, 400, ref=str(hit.chunk_id)) for hit in found)
    asked = Slice("prompt", (Item("You", f"question {at}", 4, role="user"),), 8)
    window = Budget(
        200_000, (Slice("history", said, 40_160), Slice("sources", read, 60_000), asked)
    )
    moment = _NOW - timedelta(minutes=WINDOWS - at)
    return {
        **dict.fromkeys(("searched", "reasoning", "stop_reason", "owner"), ""),
        **dict.fromkeys(("error", "first_token_seconds", "seconds", "ended_at"), None),
        "user_id": "me", "id": f"w{at:03d}", "conversation_id": "c", "status": "done",
        "created_at": moment, "request": TurnRequest("question"), "model": _MODELS[0],
        "prompt_version": "answer@1", "answer": "yes [1]",
        "sources": tuple(Source(n, hit) for n, hit in enumerate(found, 1)),
        "citations": (Citation(1, 4, 7, 0, 0, "supported"),), "budget": window,
        "usage": Usage(_TOKENS, 20), "lease_until": moment, "fence": 0, "stop_requested": False,
    }  # fmt: skip


def fill(engine: Engine, rows: int = ROWS) -> None:
    """That many settled rows over a year, and their sums as a migration makes them."""
    with writing(engine) as connection:
        for batch in _batches(rows):
            connection.execute(insert(ledger), batch)
        for dimension, column in _MADE._DIMENSIONS.items():
            statement = _MADE._SUMS.format(dimension=dimension, column=column, day=86_400 * _US)
            connection.execute(text(statement))
        connection.execute(text(_MADE._TURNS.format(day=86_400 * _US)))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _batches(rows: int) -> Iterator[list[dict[str, Any]]]:
    step = timedelta(days=DAYS) / rows
    for begin in range(0, rows, 20_000):
        yield [
            _row(at, _NOW - step * (rows - at)) for at in range(begin, min(rows, begin + 20_000))
        ]


def _row(at: int, moment: datetime) -> dict[str, Any]:
    turn = at // CALLS_A_TURN
    return {
        "user_id": "me",
        "id": f"{at:08d}",
        "turn_id": f"t{turn:08d}",
        "conversation_id": f"c{turn // 5:08d}",
        "model": _MODELS[turn * 7 % len(_MODELS)],
        "purpose": "answer" if at % CALLS_A_TURN else "condense",
        "state": "settled",
        "created_at": moment,
        "reserved": None,
        "cost": None if turn % 97 == 0 else Decimal(turn * 37 % 9_000) / 1_000_000,
        "input_tokens": 1_000 + at % 500,
        "output_tokens": 200,
        "cached_tokens": at % 300,
        "cache_write_tokens": 0,
        "reasoning_tokens": 20,
        "source": "estimated" if turn % 50 == 0 else "reported",
        "link_id": _LINKS[turn % len(_LINKS)],
        "tools": _TOOLS[at % len(_TOOLS)],
        "prompt": f"answer@{turn % 3 + 1}",
    }


def _over_rows(engine: Engine) -> None:
    query = select(ledger.c.model, func.count(), func.sum(ledger.c.cost)).where(
        ledger.c.user_id == "me",
        ledger.c.state == "settled",
        ledger.c.created_at >= _NOW - timedelta(days=DAYS),
    )
    with reading(engine) as connection:
        connection.execute(query.group_by(ledger.c.model)).all()


def _median(work: Callable[[], None]) -> float:
    def once() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return statistics.median(once() for _ in range(3))
