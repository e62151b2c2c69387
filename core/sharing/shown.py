"""What a visitor is shown of a turn: words, cited passages and an ending; nothing of what is behind it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.events import (
    AnswerReplaced,
    CitationsChecked,
    ContextReady,
    NothingFound,
    PassagesFound,
    Progress,
    StepStarted,
    StreamEvent,
    TextDelta,
    ToolCalled,
    TurnDone,
    TurnFailed,
)
from core.turns.live import Recorded
from core.types import Calls, Citation, Source, Turn

Told = dict[str, Any]
"""One event as plain JSON, with its `type`."""

_WAITS = {
    "indexing": "The documents are still being read",
    "loading": "The model is being loaded",
    "retrying": "The model is asked again",
}
SPENT = "This demo has used up its budget."
_FAILED = "The answer could not be finished."
ENDED = "This demo has ended"
THANKS = (
    "Thank you for looking in. What you asked is no longer shown here. "
    "For a new link, ask whoever sent you this one."
)
"""A good end, the same for every reason: nobody is told why."""
CLOSED: Told = {
    "type": "turn_failed",
    "code": "not_open",
    "message": f"{ENDED}.",
    "hint": "Ask whoever sent you the link for a new one.",
}


@dataclass(slots=True)
class Shower:
    """Follows one turn from its first event and says what a visitor is told of it."""

    shows_cost: bool
    sources: tuple[Source, ...] = ()
    done: bool = field(default=False)

    def told(self, records: Iterable[Recorded], after: int) -> list[tuple[int, Told]]:
        """What is told of these events, with their numbers, as far as they are behind `after`."""
        found = []
        for record in records:
            said = self._told(record.event)
            if said is not None and record.seq > after:
                found.append((record.seq, said))
        return found

    def _told(self, event: StreamEvent) -> Told | None:
        match event:
            case TextDelta(text):
                return {"type": "text_delta", "text": text}
            case AnswerReplaced(text):
                return {"type": "answer_replaced", "text": text}
            case StepStarted():  # what was said before a tool is no part of the answer
                return {"type": "answer_replaced", "text": ""}
            case ToolCalled(call):
                return {"type": "progress", "note": f"Using {call.name}"}
            case Progress(stage=stage):
                return {"type": "progress", "note": _WAITS.get(stage, "Thinking")}
            case NothingFound():
                return {"type": "nothing_found"}
            case TurnDone() | TurnFailed():
                return self._ending(event)
            case _:
                return self._passages(event)

    def _passages(self, event: StreamEvent) -> Told | None:
        match event:
            case ContextReady(sources=sources) | PassagesFound(sources=sources):
                self.sources = sources
                return {"type": "progress", "note": f"Reading {_counted(len(sources))}"}
            case CitationsChecked(citations):
                return {
                    "type": "citations_checked",
                    "citations": [citation(each) for each in citations],
                    "sources": excerpts(self.sources, citations),
                }
            case _:
                return None  # the window, tool results and reasoning stay behind

    def _ending(self, event: TurnDone | TurnFailed) -> Told:
        self.done = True
        if isinstance(event, TurnFailed):
            return failure(event.code)
        told: Told = {"type": "turn_done", "stop_reason": event.stop_reason}
        if self.shows_cost:
            told |= {"cost": event.cost, "seconds": event.seconds, **_tokens(event.calls)}
        return told


def failure(code: str) -> Told:
    """An error as a visitor is told of it: what it means for him, not what went wrong inside."""
    if code == "budget_exceeded":
        hint = "Ask whoever sent you the link for more."
        return {"type": "turn_failed", "code": code, "message": SPENT, "hint": hint}
    hint = "Ask again in a moment."
    return {"type": "turn_failed", "code": "failed", "message": _FAILED, "hint": hint}


def turn(found: Turn, *, shows_cost: bool) -> Told:
    """One question with its answer and the passages that it cites."""
    told: Told = {
        "question": found.request.prompt,
        "answer": found.answer,
        "status": found.status,
        "citations": [citation(each) for each in found.citations],
        "sources": excerpts(found.sources, found.citations),
        "error": failure(found.error["code"]) if found.error else None,
    }
    if shows_cost and found.status != "running":
        cost = None if found.cost is None else f"{found.cost:f}"
        told |= {"cost": cost, "seconds": found.seconds, **_tokens(found.calls)}
    return told


def citation(each: Citation) -> Told:
    """Where the answer cites which passage, and the words there that it rests on."""
    return {
        "number": each.number,
        "start": each.start,
        "end": each.end,
        "quote_start": each.quote_start,
        "quote_end": each.quote_end,
        "verdict": each.verdict,
    }


def excerpts(sources: Sequence[Source], citations: Sequence[Citation]) -> list[Told]:
    """The cited passages by their numbers, without any id."""
    cited = {each.number for each in citations}
    return [
        {
            "number": source.number,
            "name": source.hit.name,
            "place": f"{source.hit.unit} {source.hit.chunk.page}",
            "text": source.hit.chunk.text,
        }
        for source in sources
        if source.number in cited
    ]


def _tokens(calls: Calls) -> Told:
    """Of all that the cost pays for, not of the last call alone."""
    if not calls.count:
        return {}
    return {"input_tokens": calls.input_tokens, "output_tokens": calls.output_tokens}


def _counted(passages: int) -> str:
    return "one passage" if passages == 1 else f"{passages} passages"
