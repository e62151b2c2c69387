"""A conversation to take away: as Markdown to read, as JSON to work with."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from core import figures
from core.table_fields import parse_fields
from core.tables import rows_of, to_markdown
from core.types import Conversation, Source, Turn


def plain(value: Any) -> Any:
    """The value in plain JSON terms: money as decimal strings without exponent, times in ISO 8601."""
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime() | date():
            return value.isoformat()
        case Mapping():
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
        case _:
            return value


def as_json(conversation: Conversation, turns: Sequence[Turn]) -> dict[str, Any]:
    """Everything that is known of the conversation, in plain JSON values; money as decimal strings."""
    return {**plain(conversation), "turns": plain(turns)}


def as_markdown(conversation: Conversation, turns: Sequence[Turn]) -> str:
    """Questions, answers, the passages that were cited, and what each answer took."""
    parts = [f"# {conversation.title}", f"{conversation.created_at:%d %B %Y, %H:%M} UTC"]
    for turn in turns:
        parts += [f"## {turn.request.prompt}", _answer(turn)]
        if turn.error:
            parts.append(f"*{turn.error['message']}*")
        cited = {citation.number for citation in turn.citations}
        parts += [_source(source, turn) for source in turn.sources if source.number in cited]
        parts.append(_facts(turn))
    return "\n\n".join(parts) + "\n"


def _answer(turn: Turn) -> str:
    rows = rows_of(turn.answer) if turn.request.table else []
    if rows:
        return to_markdown(parse_fields(turn.request.table), rows)
    return turn.answer or "*No answer.*"


def _source(source: Source, turn: Turn) -> str:
    hit = source.hit
    verdicts = {each.verdict for each in turn.citations if each.number == source.number}
    told = ", ".join(sorted(each.replace("_", " ") for each in verdicts - {"unchecked"}))
    quoted = "\n".join(f"> {line}" for line in hit.chunk.text.strip().splitlines())
    checked = f" ({told})" if told else ""
    return f"**[{source.number}] {hit.name}, {hit.unit} {hit.chunk.page}**{checked}\n\n{quoted}"


def _facts(turn: Turn) -> str:
    facts = [turn.model]
    if turn.status != "running":
        facts += figures.taken(turn)
    if turn.seconds is not None:
        facts.append(figures.seconds(turn.seconds))
    return f"*{' · '.join(fact for fact in facts if fact)}*"
