"""Reads the chunks of a chat completion, whoever sends them: OpenAI, Ollama, vLLM, llama.cpp."""

from collections.abc import Mapping
from typing import Any, NoReturn

from core.events import FinishReason, ModelDone, ModelEvent, Progress
from core.llm.counts import number, reported
from core.llm.faults import Faults, kind_of
from core.llm.said import Said
from core.types import ModelRequest, Usage

_FINISH: Mapping[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "content_filter": "content_filter",
    "refusal": "refusal",
}
# Servers write these where the answer was given up, so they are no finish at all.
_BROKEN = frozenset({"error", "abort", "cancelled"})


class ChatChunks:
    """Turns the chunks of one stream (plain JSON) into events; holds no connection and no clock."""

    def __init__(self, provider: str, request: ModelRequest, faults: Faults) -> None:
        self._provider = provider
        self._faults = faults
        self._model = request.model
        self._said = Said(provider, request.max_tokens)
        self._finish: str | None = None
        self._refusal = ""
        self._usage: Usage | None = None

    @property
    def finished(self) -> bool:
        """Whether the model said why it ended; what follows can only be its usage."""
        return self._finish is not None

    def feed(self, chunk: object) -> list[ModelEvent]:
        """The events of one chunk; raises what an error chunk amounts to."""
        if not isinstance(chunk, Mapping):
            raise self._faults.make("cut", "it sent something that is not in the protocol")
        if chunk.get("error"):
            self.complain(chunk["error"])
        if isinstance(chunk.get("model"), str) and chunk["model"]:
            self._model = chunk["model"]
        if isinstance(chunk.get("usage"), Mapping):
            self._usage = _usage(chunk["usage"])
        events = _progress(chunk.get("prompt_progress"))
        choices = chunk.get("choices")
        # One answer was asked for; a vendor that sends more would mix them up.
        if isinstance(choices, list) and choices and isinstance(choices[0], Mapping):
            events += self._choice(choices[0])
        return events

    def end(self) -> list[ModelEvent]:
        """The last events of a stream that is over; raises StreamCut when the model gave no reason."""
        reason = self._finish
        if reason is None:
            raise self._faults.make("cut", "it ended without saying that it was done")
        if reason in _BROKEN:
            raise self._faults.make("cut", f"it ended with {reason!r}")
        finish = "refusal" if self._refusal else _FINISH.get(reason, "stop")
        detail = self._refusal or ("" if reason in _FINISH else f"finish reason: {reason}")
        return [
            *self._said.rest(),
            ModelDone(finish, self._usage, self._model, self._faults.redact(detail)),
        ]

    def complain(self, error: object) -> NoReturn:
        """Raise what an error object of the wire amounts to."""
        if not isinstance(error, Mapping):
            raise self._faults.make("busy", error)
        names = tuple(str(error.get(key)) for key in ("code", "type") if error.get(key) is not None)
        message = str(error.get("message") or "")
        raise self._faults.make(kind_of(None, names, message), message)

    def _choice(self, choice: Mapping[str, Any]) -> list[ModelEvent]:
        if isinstance(choice.get("finish_reason"), str) and choice["finish_reason"]:
            self._finish = choice["finish_reason"]
        delta = choice.get("delta")
        if not isinstance(delta, Mapping):
            return []
        if isinstance(delta.get("refusal"), str):
            self._refusal += delta["refusal"]
        thought = delta.get("reasoning_content") or delta.get("reasoning")
        return [*self._said.reasoning(thought), *self._said.text(delta.get("content"))]


def _usage(body: Mapping[str, Any]) -> Usage | None:
    read, total = number(body, "prompt_tokens"), number(body, "total_tokens")
    written = number(body, "completion_tokens")
    if written is None and read is not None and total is not None:
        written = total - read
    return reported(
        read,
        written,
        cached=number(body, "prompt_tokens_details", "cached_tokens"),
        cache_write=number(body, "prompt_tokens_details", "cache_write_tokens"),
        reasoning=number(body, "completion_tokens_details", "reasoning_tokens"),
    )


def _progress(body: object) -> list[ModelEvent]:
    done, total = number(body, "processed"), number(body, "total")
    if done is None or total is None or total <= 0:
        return []
    done = min(max(done, 0), total)
    return [Progress("reading", f"reading the prompt: {done * 100 // total} %", done, total)]
