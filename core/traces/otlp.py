"""Traces for a collector: every span of a finished turn, as OTLP over HTTP, in batches off the hot path."""

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.export import plain
from core.llm import names
from core.types import Span, SpanKind

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

_QUEUE = 50_000
_SECONDS = 5.0
_FLUSH_MS = 2_000
_OPERATIONS: dict[SpanKind, str] = {
    "turn": "invoke_agent",
    "model": "chat",
    "tool": "execute_tool",
    "retrieval": "retrieval",
}
_TOOL = {
    "call_id": names.TOOL_CALL_ID,
    "arguments": names.TOOL_ARGUMENTS,
    "result": names.TOOL_RESULT,
}
# What went over the wire says the same once more, in each vendor's words.
_AT_HOME = frozenset({names.SENT, names.SENT_LENGTH, names.RECEIVED, names.RECEIVED_PIECES})


class Outlet:
    """Sends spans to a collector; one that is slow, dead or wrong delays nothing and fails nothing.

    `endpoint` is the whole address, as `http://127.0.0.1:4318/v1/traces`; `headers` is `name=value`,
    with commas between them.
    """

    def __init__(self, endpoint: str, headers: str = "") -> None:
        self._endpoint = endpoint
        self._headers = parse_headers(headers)
        self._processor: BatchSpanProcessor | None = None
        self._building = threading.Lock()

    def send(self, spans: Sequence[Span]) -> None:
        """Queue the spans; those that the queue has no room for are dropped."""
        processor = self._open()
        for span in spans:
            processor.on_end(_readable(span))

    def close(self) -> None:
        """Send what is queued, for two seconds at most."""
        if self._processor:
            self._processor.force_flush(_FLUSH_MS)
            closing = threading.Thread(target=self._processor.shutdown, daemon=True)
            closing.start()
            closing.join(_FLUSH_MS / 1000)

    def _open(self) -> "BatchSpanProcessor":
        with self._building:
            if self._processor is None:
                # Half a second of imports that only who exports pays, and only after a first answer.
                from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
                from opentelemetry.sdk.trace.export import BatchSpanProcessor

                # A collector that is away would fill the log with its tracebacks.
                logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
                exporter = OTLPSpanExporter(
                    endpoint=self._endpoint, headers=self._headers, timeout=_SECONDS
                )
                self._processor = BatchSpanProcessor(
                    exporter, max_queue_size=_QUEUE, schedule_delay_millis=500
                )
            return self._processor


def parse_headers(text: str) -> dict[str, str]:
    """`a=b, c=d` as a mapping; what has no `=` is left out."""
    pairs = (each.partition("=") for each in text.split(","))
    return {name.strip().lower(): value.strip() for name, sign, value in pairs if sign}


def attributes(span: Span) -> dict[str, Any]:
    """The attributes as OpenTelemetry names them for generative AI, ours behind `footlights.`; every
    value is a plain one or JSON."""
    found: dict[str, Any] = {f"{names.OURS}kind": span.kind}
    if operation := _OPERATIONS.get(span.kind):
        found[names.OPERATION] = operation
    else:
        found[names.OPENINFERENCE_KIND] = "CHAIN"
    if span.kind == "tool":
        found[names.TOOL_NAME] = span.name
    for name, value in span.attributes.items():
        if name in _AT_HOME:
            continue
        found[_named(name, span.kind)] = _flat(name, value)
    return found


def _named(name: str, kind: SpanKind) -> str:
    if kind == "tool" and name in _TOOL:
        return _TOOL[name]
    if kind == "model" and name in (names.REQUEST, names.RESPONSE):
        return names.INPUT_MESSAGES if name == names.REQUEST else names.OUTPUT_MESSAGES
    return name if name.startswith("gen_ai.") or name == names.ERROR else f"{names.OURS}{name}"


def _flat(name: str, value: Any) -> Any:
    if name == names.REQUEST and isinstance(value, list | tuple):
        return json.dumps([_message(each) for each in value])
    if name == names.RESPONSE:
        return json.dumps([_message({"role": "assistant", "content": value})])
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        return list(value)
    return json.dumps(plain(value))


def _message(said: Mapping[str, Any]) -> dict[str, Any]:
    part = {"type": "text", "content": str(said.get("content", ""))}
    return {"role": str(said.get("role", "user")), "parts": [part]}


def _readable(span: Span) -> "ReadableSpan":
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import SpanContext, TraceFlags
    from opentelemetry.trace.status import Status, StatusCode

    def context(span_id: str) -> SpanContext:
        flags = TraceFlags(TraceFlags.SAMPLED)
        return SpanContext(int(span.trace_id, 16), int(span_id, 16), False, flags)

    failed = span.status == "error"
    said = str(span.attributes.get("error") or span.attributes.get(names.ERROR) or "")
    return ReadableSpan(
        span.name,
        context=context(span.span_id),
        parent=context(span.parent_id) if span.parent_id else None,
        resource=Resource({"service.name": "footlights"}),
        attributes=attributes(span),
        events=[
            Event(each.name, {n: _flat("", v) for n, v in each.attributes.items()}, each.at_ns)
            for each in span.events
        ],
        status=Status(StatusCode.ERROR, said) if failed else Status(StatusCode.OK),
        start_time=span.start_ns,
        end_time=span.end_ns,
    )
