"""An answer in OpenAI's form: a completion, or the chunks of one."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from core.api.gateway_errors import WireError, of
from core.events import (
    CitationsChecked,
    ContextReady,
    Ending,
    FellBack,
    StopReason,
    StreamEvent,
    TextDelta,
    TurnDone,
    TurnFailed,
)
from core.types import Citation, Source, Usage

DONE = b"data: [DONE]\n\n"
_FINISH: dict[StopReason, str] = {
    "finished": "stop",
    "length": "length",
    "refused": "content_filter",
}
# Whoever follows a turn is told how it ended; this is for the one whose turn was deleted meanwhile.
_LOST = TurnFailed("internal", "the turn ended without an ending", "Ask again.")
_STOPPED = TurnFailed(
    "stopped", "the turn was stopped before it was finished", "What was said is kept in Footlights."
)


@dataclass
class Answer:
    """What a turn has said so far."""

    turn_id: str
    model: str
    created: int = field(default_factory=lambda: int(time.time()))
    text: list[str] = field(default_factory=list)
    sources: tuple[Source, ...] = ()
    citations: tuple[Citation, ...] = ()
    ending: Ending | None = None

    def note(self, event: StreamEvent) -> None:
        """Take the event in."""
        match event:
            case TextDelta(text):
                self.text.append(text)
            case ContextReady():
                self.sources, self.model = event.sources, event.model
            case FellBack(to=to):
                self.model = to
            case CitationsChecked(citations):
                self.citations = citations
            case TurnDone() | TurnFailed():
                self.ending = event
            case _:
                pass  # reasoning, waits and tools have no place in this form

    def done(self) -> TurnDone:
        """The ending of an answer that is whole; WireError for any other."""
        ending = self.ending or _LOST
        if isinstance(ending, TurnDone) and ending.stop_reason == "stopped":
            ending = _STOPPED
        if isinstance(ending, TurnFailed):
            raise of(ending)
        return ending


def completion(answer: Answer) -> dict[str, Any]:
    """The whole answer as one object; WireError when there is none."""
    done = answer.done()
    said = {
        "role": "assistant",
        "content": "".join(answer.text),
        "refusal": None,
        "footlights": _extras(answer, done),
    }
    choice = {"index": 0, "message": said, "logprobs": None, "finish_reason": _finish(done)}
    return {**_head(answer, "chat.completion"), "choices": [choice], "usage": _usage(done.usage)}


def opening(answer: Answer, include_usage: bool) -> bytes:
    """The first chunk: who speaks."""
    return _chunk(answer, {"role": "assistant", "content": ""}, include_usage)


def words(answer: Answer, text: str, include_usage: bool) -> bytes:
    """A chunk with more of the answer."""
    return _chunk(answer, {"content": text}, include_usage)


def ending(answer: Answer, include_usage: bool) -> list[bytes]:
    """The last chunks, each with our own field; the error alone when there is no whole answer."""
    try:
        done = answer.done()
    except WireError as error:
        return [failure(error)]
    extras = {"footlights": _extras(answer, done)}
    last = [_chunk(answer, {}, include_usage, finish=_finish(done), **extras)]
    if include_usage:
        usage: dict[str, Any] = {"choices": [], "usage": _usage(done.usage), **extras}
        last.append(_data({**_head(answer, "chat.completion.chunk"), **usage}))
    return [*last, DONE]


def failure(error: WireError) -> bytes:
    """An error in mid-stream; the SDK raises it as an APIError."""
    return _data(error.body())


def _chunk(
    answer: Answer,
    delta: dict[str, str],
    include_usage: bool,
    finish: str | None = None,
    **more: Any,
) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    usage: dict[str, None] = {"usage": None} if include_usage else {}
    head = _head(answer, "chat.completion.chunk")
    return _data({**head, "choices": [choice], **usage, **more})


def _head(answer: Answer, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{answer.turn_id}",
        "object": kind,
        "created": answer.created,
        "model": answer.model,
    }


def _finish(done: TurnDone) -> str:
    return _FINISH.get(done.stop_reason, "stop")


def _usage(usage: Usage | None) -> dict[str, Any] | None:
    if usage is None:
        return None
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def _extras(answer: Answer, done: TurnDone) -> dict[str, Any]:
    sources = {source.number: source for source in answer.sources}
    return {
        "turn_id": answer.turn_id,
        "citations": [
            _citation(citation, sources[citation.number])
            for citation in answer.citations
            if citation.number in sources
        ],
        "cost_usd": done.cost,
    }


def _citation(citation: Citation, source: Source) -> dict[str, Any]:
    chunk = source.hit.chunk
    return {
        "number": citation.number,
        "document_id": source.hit.document_id,
        "name": source.hit.name,
        "page": chunk.page,
        "start": citation.start,
        "end": citation.end,
        "quote": chunk.text[citation.quote_start : citation.quote_end],
        "verdict": citation.verdict,
        "found_in": citation.found_in,
    }


def _data(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, separators=(",", ":")).encode() + b"\n\n"
