"""Open and collect the spans of one turn; the trace is passed as an argument, never ambient."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from core.types import Hit, Span, SpanEvent, SpanKind

Clock = Callable[[], int]


def noted(hit: Hit) -> dict[str, Any]:
    """A passage that was found, as a span keeps it."""
    return {
        "chunk_id": str(hit.chunk_id),
        "document_id": hit.document_id,
        "document": hit.name,
        "page": hit.chunk.page,
        "score": round(hit.score, 4),
        "text": hit.chunk.text,
    }


class OpenSpan:
    """A span that is still running: add attributes and events to it."""

    def __init__(self, span_id: str, clock: Clock, parent: "OpenSpan | None" = None) -> None:
        self.span_id = span_id
        self.parent_id = parent.span_id if parent else None
        self.kept = True
        """Whether it becomes a span of the trace at all."""
        self.attributes: dict[str, Any] = {}
        self.status: Literal["ok", "error", "stopped"] = "ok"
        self._clock = clock
        self._events: list[SpanEvent] = []

    def set(self, **attributes: Any) -> None:
        """Add attributes; plain JSON values only."""
        self.attributes.update(attributes)

    def below(self, parent: "OpenSpan") -> None:
        """It is a part of this one, which is kept therefore."""
        self.parent_id, parent.kept = parent.span_id, True

    def event(self, name: str, **attributes: Any) -> None:
        """Note that something happened now."""
        self._events.append(SpanEvent(name, self._clock(), attributes))

    @property
    def events(self) -> tuple[SpanEvent, ...]:
        return tuple(self._events)


class Trace:
    """The spans of one turn; `trace_id` is the turn's id without its dashes (32 hex digits)."""

    def __init__(self, turn_id: str, *, clock: Clock = time.time_ns) -> None:
        self.trace_id = turn_id.replace("-", "")
        self._clock = clock
        self._finished: list[Span] = []

    @contextmanager
    def span(
        self, name: str, kind: SpanKind, *, parent: OpenSpan | None = None, **attributes: Any
    ) -> Iterator[OpenSpan]:
        """Time the block; an exception marks the span as failed and goes on rising."""
        opened = OpenSpan(secrets.token_hex(8), self._clock, parent)
        opened.set(**attributes)
        start = self._clock()
        try:
            yield opened
        except BaseException as error:
            if opened.status == "ok":
                # A cancelled task or a closed generator is somebody's stop, not a fault.
                stopped = not isinstance(error, Exception)
                opened.status = "stopped" if stopped else "error"
                opened.set(error_type=type(error).__name__, error=str(error)[:2000])
            raise
        finally:
            if opened.kept:
                self._finished.append(self._closed(opened, name, kind, start))

    def _closed(self, opened: OpenSpan, name: str, kind: SpanKind, start: int) -> Span:
        return Span(
            trace_id=self.trace_id,
            span_id=opened.span_id,
            parent_id=opened.parent_id,
            name=name,
            kind=kind,
            start_ns=start,
            end_ns=max(start, self._clock()),
            status=opened.status,
            attributes=opened.attributes,
            events=opened.events,
        )

    def take(self) -> tuple[Span, ...]:
        """The spans that have finished since the last call."""
        taken, self._finished = tuple(self._finished), []
        return taken
