"""Reads the events of an Anthropic message stream."""

from dataclasses import replace
from typing import Any

from core.events import FinishReason, ModelDone, ModelEvent
from core.llm.calls import Calls
from core.llm.counts import largest, number, reported, so_far
from core.llm.faults import Faults, kind_of
from core.llm.said import Said
from core.types import ModelRequest, Usage

_FINISH: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    # The vendor paused a long answer: there is more to be had by asking for the rest.
    "pause_turn": "length",
    "refusal": "refusal",
}
_WORTH_SAYING = {
    "model_context_window_exceeded": "the context window was full",
    "pause_turn": "the vendor paused the answer",
}


class MessageEvents:
    """Turns the events of one stream (plain JSON) into ours; holds no connection and no clock."""

    def __init__(self, provider: str, request: ModelRequest, faults: Faults) -> None:
        self._faults = faults
        self._model = request.model
        self._said = Said(provider, request.max_tokens)
        self._calls = Calls(self._said)
        self._stop: str | None = None
        self._refusal = ""
        # Cumulative: what a later event says replaces what an earlier one said.
        self._counts: dict[str, Any] = {}
        # Of the whole answer: what message_start counts as output is only its beginning.
        self._written: int | None = None
        self.counted = Usage(source="estimated")

    @property
    def finished(self) -> bool:
        """Whether the model said why it ended; what follows can only be the goodbye."""
        return self._stop is not None

    def feed(self, chunk: object) -> list[ModelEvent]:
        """The events of one event; raises what an error event amounts to; ignores what is new to us."""
        if not isinstance(chunk, dict):
            raise self._faults.make("cut", "it sent something that is not in the protocol")
        match chunk.get("type"):
            case "content_block_delta":
                return self._content(chunk.get("index"), _inside(chunk, "delta"))
            case "message_start":
                self._start(_inside(chunk, "message"))
            case "content_block_start":
                return self._begin(chunk.get("index"), _inside(chunk, "content_block"))
            case "message_delta":
                self._delta(_inside(chunk, "delta"), _inside(chunk, "usage"))
            case "error":
                raise self._complaint(_inside(chunk, "error"))
        return []

    def end(self) -> list[ModelEvent]:
        """The last events of a stream that is over; raises StreamCut when the model gave no reason."""
        reason = self._stop
        if reason is None:
            raise self._faults.make("cut", "it ended without saying that it was done")
        if reason not in _FINISH and self._calls.are_doubtful(reason):
            raise self._faults.make("cut", f"it called tools and ended with {reason!r}")
        unknown = "" if reason in _FINISH else f"stop reason: {reason}"
        detail = self._refusal or _WORTH_SAYING.get(reason, unknown)
        finish, called = self._calls.ended(_FINISH.get(reason, "stop"))
        redact = self._faults.redact
        done = ModelDone(finish, self._usage(), redact(self._model), redact(detail))
        return [*self._said.rest(), *called, done]

    def _start(self, message: dict[str, Any]) -> None:
        if isinstance(message.get("model"), str) and message["model"]:
            self._model = message["model"]
        self._merge(_inside(message, "usage"))

    def _begin(self, index: Any, block: dict[str, Any]) -> list[ModelEvent]:
        if block.get("type") != "tool_use":
            return self._content(index, block)
        # The input stands here whole when it does not come in pieces.
        whole = block.get("input") or None
        return self._calls.feed(index, id=block.get("id"), name=block.get("name"), arguments=whole)

    def _content(self, index: Any, part: dict[str, Any]) -> list[ModelEvent]:
        if text := part.get("text"):
            return self._said.text(text)
        if thought := part.get("thinking"):
            return self._said.reasoning(thought)
        if json := part.get("partial_json"):
            return self._calls.feed(index, arguments=json)
        return []

    def _delta(self, delta: dict[str, Any], usage: dict[str, Any]) -> None:
        if isinstance(delta.get("stop_reason"), str) and delta["stop_reason"]:
            self._stop = delta["stop_reason"]
        details = _inside(delta, "stop_details")
        self._refusal = str(details.get("explanation") or details.get("category") or self._refusal)
        self._merge(usage)
        if (written := number(usage, "output_tokens")) is not None:
            self._written = max(written, self._written or written)

    def _merge(self, usage: dict[str, Any]) -> None:
        self._counts |= {key: value for key, value in usage.items() if value is not None}
        read, stored = number(self._counts, "cache_read_input_tokens") or 0, self._stored()
        fresh = number(self._counts, "input_tokens") or 0
        whole = -1 if min(fresh, read, stored) < 0 else fresh + read + stored
        told = so_far(whole, number(self._counts, "output_tokens"), cache_write=stored)
        self.counted = largest(self.counted, told)

    def _usage(self) -> Usage | None:
        read = number(self._counts, "cache_read_input_tokens") or 0
        written = self._stored()
        fresh = number(self._counts, "input_tokens")
        if fresh is None:
            return None
        found = reported(
            # The vendor counts what was cached apart; for us input is all of it.
            -1 if min(fresh, read, written) < 0 else fresh + read + written,
            self._written,
            cached=read,
            cache_write=written,
            reasoning=number(self._counts, "output_tokens_details", "thinking_tokens"),
        )
        told = replace(self.counted, output_tokens=0, source="reported")
        return found and largest(told, found)

    def _stored(self) -> int:
        """Tokens written to the cache: the sum that is told, or that of its parts where none is."""
        whole = number(self._counts, "cache_creation_input_tokens")
        if whole is not None:
            return whole
        parts = self._counts.get("cache_creation")
        names = parts if isinstance(parts, dict) else ()
        return sum(number(parts, name) or 0 for name in names)

    def _complaint(self, error: dict[str, Any]) -> Exception:
        message = str(error.get("message") or "")
        return self._faults.make(kind_of(None, (str(error.get("type")),), message), message)


def _inside(body: dict[str, Any], key: str) -> dict[str, Any]:
    inner = body.get(key)
    return inner if isinstance(inner, dict) else {}
