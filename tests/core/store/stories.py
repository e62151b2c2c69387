"""What the tests of the store write: small, real values."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sqlalchemy import Engine

from core.events import ModelDone, StreamEvent, TextDelta, TurnDone, dump
from core.store.documents import Documents
from core.store.engine import make_engine
from core.store.turn_ends import TurnEnd
from core.store.turns import Turns
from core.types import Chunk, Document, Span, TurnRequest

ME, YOU = "me", "you"
DONE = TurnDone("finished", "finished", "scripted:scripted", None, "0", 1.0, 0.1)


def ask(
    turns: Turns,
    turn_id: str = "t1",
    prompt: str = "What is a gaffer?",
    *,
    user: str = ME,
    conversation: str = "c1",
    owner: str = "p1",
) -> bool:
    """Start a turn."""
    return turns.start(user, turn_id, conversation, TurnRequest(prompt), prompt, owner)


def say(turns: Turns, turn_id: str, *words: str, user: str = ME, first: int = 1) -> None:
    """Append words as events."""
    turns.append(
        [(user, turn_id, seq, dump(TextDelta(word))) for seq, word in enumerate(words, first)]
    )


def end(
    turns: Turns,
    turn_id: str = "t1",
    *,
    user: str = ME,
    owner: str = "p1",
    status: Any = "done",
    seq: int = 99,
    event: StreamEvent = DONE,
    fence: int | None = None,
    **changed: Any,
) -> bool:
    """Finish a turn."""
    values: dict[str, Any] = {
        "answer": "The chief electrician.",
        "stop_reason": "finished",
        "first_token_seconds": 0.1,
        "seconds": 1.0,
    }
    how = TurnEnd(status, (seq, dump(event)), **{**values, **changed})
    return turns.finish(user, turn_id, owner, how, fence)


@contextmanager
def away(engine: Engine) -> Iterator[None]:
    """The server of PostgreSQL lets nobody into the database meanwhile, and has sent everybody out."""
    name = engine.url.database
    server = make_engine(engine.url.set(database="postgres").render_as_string(hide_password=False))

    def allow(connections: bool) -> None:
        with server.connect().execution_options(isolation_level="AUTOCOMMIT") as plain:
            plain.exec_driver_sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {connections}')
            plain.exec_driver_sql(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            )

    allow(False)
    try:
        yield
    finally:
        allow(True)
        server.dispose()


def span(span_id: str = "s1", start_ns: int = 1) -> Span:
    """A span with what a model call leaves."""
    return Span(
        "0" * 32, span_id, None, "answer", "model", start_ns, start_ns + 5, attributes={"a": [1]}
    )


def upload(
    engine: Engine, document_id: str = "d1", *, user: str = ME, data: str = "a"
) -> tuple[Document, bool]:
    """Queue a document."""
    return Documents(engine).add(
        user,
        document_id,
        f"{document_id}.pdf",
        (data * 64)[:64],
        10,
        "pdf",
        job_id=f"j-{document_id}",
    )


def index(
    engine: Engine, document_id: str = "d1", *, user: str = ME, texts: tuple[str, ...] = ("one",)
) -> bool:
    """Finish a document with these passages."""
    rows = [
        (
            abs(hash((user, document_id, seq))) | 2**62,
            Chunk(seq, said, 0, len(said), 1, "Head", 3),
            np.full(4, seq, np.float32).tobytes(),
        )
        for seq, said in enumerate(texts)
    ]
    return Documents(engine).finish(
        user, document_id, rows, space="test/4", pages=1, unit="page", seconds={"reading": 0.5}
    )


__all__ = ["DONE", "ME", "YOU", "ModelDone", "ask", "end", "index", "say", "span", "upload"]
