"""A snapshot: a conversation as it was, with its cited passages as excerpts, and nothing behind it."""

from collections.abc import Sequence
from typing import Any

from core.sharing import shown
from core.store.columns import now
from core.types import Turn

_EXCERPT = 700
"""Characters around what is quoted: enough to judge a citation, not the document."""


def freeze(turns: Sequence[Turn], *, shows_cost: bool) -> dict[str, Any]:
    """What the snapshot of these turns shows, in plain JSON: finished answers and cited excerpts."""
    kept = [each for each in turns if each.answer and each.status != "running"]
    return {
        "taken_at": now().isoformat(timespec="minutes"),
        "turns": [_turn(each, shows_cost) for each in kept],
    }


def texts(snapshot: dict[str, Any]) -> list[tuple[str, str]]:
    """Every text that it shows, with where it stands, for the scan."""
    found = []
    for number, turn in enumerate(snapshot["turns"], 1):
        found += [(f"question {number}", turn["question"]), (f"answer {number}", turn["answer"])]
        found += [
            (f"answer {number}, passage {source['number']} of {source['name']}", source["text"])
            for source in turn["sources"]
        ]
    return found


def _turn(turn: Turn, shows_cost: bool) -> dict[str, Any]:
    told = shown.turn(turn, shows_cost=shows_cost)
    sources = []
    for source in told["sources"]:
        quoted = [
            (each["quote_start"], each["quote_end"])
            for each in told["citations"]
            if each["number"] == source["number"] and each["quote_end"] > each["quote_start"]
        ]
        sources.append({**source, **excerpt(source["text"], quoted)})
    kept: dict[str, Any] = {
        name: told[name] for name in ("question", "answer", "cost", "seconds") if name in told
    }
    return {**kept, "asked_at": turn.created_at.isoformat(timespec="minutes"), "sources": sources}


def excerpt(text: str, quoted: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """At most `_EXCERPT` characters around the first quotation, with where it stands in them."""
    start, end = quoted[0] if quoted else (0, 0)
    first = max(0, min(start - _EXCERPT // 3, len(text) - _EXCERPT))
    last = min(len(text), max(first + _EXCERPT, end))
    before, after = ("… " if first else ""), (" …" if last < len(text) else "")
    shift = len(before) - first
    return {
        "text": f"{before}{text[first:last]}{after}",
        "quote": [start + shift, end + shift] if quoted else [0, 0],
    }
