"""What happened and when, in the shape of OpenTelemetry."""

from dataclasses import dataclass, field
from typing import Any, Literal

SpanKind = Literal[
    "turn", "prompt", "retrieval", "window", "call", "model", "tool", "citations", "wait"
]
"""A `call` holds the waits and the attempts (each a `model`) of one call that was not answered at once."""


@dataclass(frozen=True, slots=True)
class SpanEvent:
    """Something that happened at a moment inside a span."""

    name: str
    at_ns: int
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """One timed piece of a turn, in the shape of an OpenTelemetry span; times in ns since the epoch."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    kind: SpanKind
    start_ns: int
    end_ns: int
    status: Literal["ok", "error", "stopped"] = "ok"
    attributes: dict[str, Any] = field(default_factory=dict)
    events: tuple[SpanEvent, ...] = ()
