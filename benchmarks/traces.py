"""The list of traces over 100,000 turns: what a page of it takes, in each order and with each filter; and how
soon a trace of 10,000 spans is laid out; what tracing adds to a turn, beside OpenTelemetry's SDK."""

import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import Engine, text

from core.store.engine import insert, make_engine, migrate, writing
from core.store.tables import conversations, trace_heads, turns
from core.store.trace_list import TraceList, TraceQuery
from core.trace import Trace
from core.traces.tree import laid_out
from core.types import Span, TurnRequest

TURNS, SPANS, ME = 100_000, 10_000, "local"
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_ENDS = ("done", "done", "done", "stopped", "failed")


def main() -> None:
    """Milliseconds, the median of 15 of each; PostgreSQL when BENCH_DATABASE_URL names an empty one."""
    with tempfile.TemporaryDirectory() as folder:
        url = os.environ.get("BENCH_DATABASE_URL") or f"sqlite:///{Path(folder) / 'x.db'}"
        engine = make_engine(url)
        migrate(engine)
        fill(engine)
        print(f"{engine.dialect.name}, {TURNS:,} turns, p50 of a page of 50")
        _pages(TraceList(engine))
        engine.dispose()
    spans = [span(n) for n in range(SPANS)]
    print(f"  {SPANS:,} spans laid out: {_p50(lambda: laid_out(spans)):.0f} ms")
    _overhead()


def _overhead() -> None:
    """The spans of a turn with tools, ten of them, opened and closed; what is written is off this path.
    In time of the thread's own, so that a busy machine changes nothing."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("bench")

    def ours() -> None:
        trace = Trace(str(uuid4()))
        with trace.span("turn", "turn") as turn:
            for number in range(9):
                with trace.span("ask", "model", parent=turn, step=number) as span:
                    span.set(input_tokens=900, output_tokens=80, finish="stop")
        trace.take()

    def theirs() -> None:
        with tracer.start_as_current_span("turn"):
            for number in range(9):
                with tracer.start_as_current_span("ask", attributes={"step": number}) as span:
                    span.set_attributes(
                        {"input_tokens": 900, "output_tokens": 80, "finish": "stop"}
                    )

    (mine, worst), (other, _) = _turns(ours), _turns(theirs)
    provider.shutdown()
    print(
        f"  a turn of 10 spans: median {mine:.3f} ms, p95 {worst:.3f} ms ({10_000 / mine:,.0f} spans/s);"
        f" OpenTelemetry {other:.3f} ms, ours/theirs {mine / other:.2f}"
    )


def _turns(traced: Callable[[], None]) -> tuple[float, float]:
    times = []
    for _ in range(2_000):
        began = time.thread_time()
        traced()
        times.append((time.thread_time() - began) * 1000)
    return median(times), sorted(times)[int(len(times) * 0.95)]


def _pages(traces: TraceList) -> None:
    asked = {
        "newest": TraceQuery(),
        "slowest": TraceQuery(order="seconds"),
        "dearest": TraceQuery(order="spent"),
        "most tokens": TraceQuery(order="tokens"),
        "most steps": TraceQuery(order="steps"),
        "failed": TraceQuery(status="failed"),
        "one model, slowest": TraceQuery(model="openai:gpt-3", order="seconds"),
        "a word, often": TraceQuery(words="lamp"),
        "a word, once": TraceQuery(words="99999"),
        "a word, never": TraceQuery(words="theremin"),
    }
    for name, query in asked.items():
        page, count = (
            _p50(lambda q=query: traces.page(ME, q)),
            _p50(lambda q=query: traces.count(ME, q)),
        )
        print(f"  {name:20} page {page:6.1f} ms   count {count:6.1f} ms")
    middle = traces.page(ME, TraceQuery(order="seconds"), (TURNS / 2, "z")).after
    print(
        f"  {'from the middle':20} page {_p50(lambda: traces.page(ME, TraceQuery(order='seconds'), middle)):6.1f} ms"
    )
    print(f"  {'the models':20} {_p50(lambda: traces.models(ME)):11.1f} ms")


def _p50(work: Callable[[], object]) -> float:
    took = []
    for _ in range(15):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return median(took) * 1000


def fill(engine: Engine) -> None:
    """A hundred thousand finished turns with their rows in the list."""
    talk = {"user_id": ME, "id": "c", "title": "", "searched": "", "renamed": False}
    with writing(engine) as connection:
        row = insert(connection, conversations)
        connection.execute(row.values(**talk, created_at=_BEGIN, updated_at=_BEGIN))
        for first in range(0, TURNS, 5_000):
            numbers = range(first, first + 5_000)
            connection.execute(insert(connection, turns), [_turn(n) for n in numbers])
            connection.execute(insert(connection, trace_heads), [_head(n) for n in numbers])
        connection.execute(text("ANALYZE"))


def _turn(n: int) -> dict[str, Any]:
    return {
        "user_id": ME, "id": f"t{n:06}", "conversation_id": "c", "status": _ENDS[n % 5],
        "created_at": _BEGIN + timedelta(minutes=n), "request": TurnRequest(_question(n)),
        "searched": "", "model": f"openai:gpt-{n % 7}", "prompt_version": "answer@1",
        "answer": "An answer. " * 40, "reasoning": "", "sources": (), "citations": (),
        "stop_reason": "finished", "owner": "p", "lease_until": _BEGIN, "fence": 0,
        "stop_requested": False,
    }  # fmt: skip


def _head(n: int) -> dict[str, Any]:
    model, end = f"openai:gpt-{n % 7}", _ENDS[n % 5]
    return {
        "user_id": ME, "turn_id": f"t{n:06}", "created_at": _BEGIN + timedelta(minutes=n),
        "question": _question(n), "searched": f"{_question(n)}\n{model}\n{end}", "model": model,
        "status": end, "ending": "finished", "seconds": float(n * 7919 % TURNS), "steps": n % 23,
        "tokens": n * 31 % 9_999, "spent": Decimal(n * 17 % 5_003) / 10**6, "bytes": 9_000,
        "verdicts": {"supported": n % 4}, "doubted": int(n % 50 == 0),
    }  # fmt: skip


def _question(n: int) -> str:
    return f"what does the desk say of {'lamp' if n % 3 else 'cable'} number {n}, and why is it so?"


def span(n: int) -> Span:
    """One of a tree in which each span has four below it."""
    parent = None if n == 0 else f"s{(n - 1) // 4}"
    begins = n * 1_000
    return Span(
        "t",
        f"s{n}",
        parent,
        "look",
        "tool",
        begins,
        begins + 900_000,
        attributes={"step": n // 100},
    )
