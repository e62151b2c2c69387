"""A trace to take away: as JSON to work with, and as one HTML page that plays without a server."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from string import Template
from typing import Any

from core import figures
from core.export import plain
from core.llm import names
from core.llm.exchange import sent
from core.traces.tree import Step, laid_out
from core.types import LedgerRow, Span, Turn

_HERE = Path(__file__).parent


def as_sent(attributes: Mapping[str, Any]) -> str:
    """The body of a model's request as it was sent; "" when none is noted."""
    return sent(attributes)


def whole(span: Span) -> Span:
    """The span with the body of its request put together again, where it notes one."""
    if names.SENT not in span.attributes:
        return span
    return replace(span, attributes={**span.attributes, names.SENT: as_sent(span.attributes)})


def as_json(turn: Turn, spans: Sequence[Span], rows: Sequence[LedgerRow]) -> str:
    """The turn, its spans and its ledger rows, as JSON; money as decimal strings."""
    found = {
        "turn": plain(turn),
        "spans": plain([whole(span) for span in spans]),
        "ledger": plain(rows),
    }
    return json.dumps(found, indent=2, ensure_ascii=False)


def as_html(turn: Turn, spans: Sequence[Span], rows: Sequence[LedgerRow]) -> str:
    """One page with everything in it: it asks for nothing, and no text of the trace is markup in it."""
    script = (_HERE / "trace_page.js").read_text(encoding="utf-8")
    shown = {
        "turn": {"question": turn.request.prompt[:300], "facts": _facts(turn)},
        "steps": [_step(step) for step in laid_out(spans, rows)],
    }
    page = Template((_HERE / "trace_page.html").read_text(encoding="utf-8"))
    return page.substitute(hash=_hash(script), script=script, data=_inert(shown))


def _facts(turn: Turn) -> list[str]:
    facts = [f"{turn.created_at:%d %B %Y, %H:%M} UTC", turn.model, turn.stop_reason]
    if turn.status != "running":
        facts += figures.taken(turn)
    return [fact for fact in facts if fact]


def _step(step: Step) -> dict[str, Any]:
    span = whole(step.span)
    return {
        "name": span.name,
        "kind": span.kind,
        "depth": step.depth,
        "start": span.start_ns / 1e9,
        "end": span.end_ns / 1e9,
        "status": span.status,
        "tokens": step.tokens,
        "cost": plain(step.cost),
        "attributes": plain(span.attributes),
        "events": [
            {"name": each.name, "at": each.at_ns / 1e9, "attributes": plain(each.attributes)}
            for each in span.events
        ],
    }


def _inert(value: Any) -> str:
    # Within a script element only these can end it or begin another state of the parser.
    text = json.dumps(value, ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
