"""Reads the chunks of a chat completion, whoever sends them: OpenAI, Ollama, vLLM, llama.cpp."""

from typing import Any, NoReturn

from core.events import FinishReason, ModelDone, ModelEvent, Progress
from core.llm.calls import Calls
from core.llm.counts import largest, number, reported, so_far
from core.llm.faults import Faults, kind_of
from core.llm.said import Said
from core.types import ModelRequest, Usage

_FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "model_length": "length",  # Mistral
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "refusal",
}
# Servers write these where the answer was given up, so they are no finish at all.
_BROKEN = frozenset({"error", "abort", "cancelled", "insufficient_system_resource"})


class ChatChunks:
    """Turns the chunks of one stream (plain JSON) into events; holds no connection and no clock."""

    def __init__(self, provider: str, request: ModelRequest, faults: Faults) -> None:
        self._provider = provider
        self._faults = faults
        self._model = request.model
        self._said = Said(provider, request.max_tokens)
        self._calls = Calls(self._said)
        self._finish: str | None = None
        self._refusal = ""
        self._usage: Usage | None = None
        self.counted = Usage(source="estimated")

    @property
    def finished(self) -> bool:
        """Whether the model said why it ended; what follows can only be its usage."""
        return self._finish is not None

    def feed(self, chunk: object) -> list[ModelEvent]:
        """The events of one chunk; raises what an error chunk amounts to."""
        if not isinstance(chunk, dict):
            raise self._faults.make("cut", "it sent something that is not in the protocol")
        if chunk.get("error"):
            self.complain(chunk["error"])
        if chunk.get("object") == "error":  # vLLM, until 2025
            self.complain(chunk)
        if (model := chunk.get("model")) and isinstance(model, str):
            self._model = model
        if isinstance(usage := chunk.get("usage"), dict):
            self._count(usage)
        events = _progress(chunk["prompt_progress"]) if "prompt_progress" in chunk else []
        choices = chunk.get("choices")
        # One answer was asked for; a vendor that sends more would mix them up.
        if choices and isinstance(choices, list) and isinstance(choices[0], dict):
            events += self._choice(choices[0])
        return events

    def end(self) -> list[ModelEvent]:
        """The last events of a stream that is over; raises StreamCut when the model gave no reason."""
        reason = self._finish
        if reason is None:
            raise self._faults.make("cut", "it ended without saying that it was done")
        if reason in _BROKEN:
            raise self._faults.make("cut", f"it ended with {reason!r}")
        if reason not in _FINISH and self._calls.are_doubtful(reason):
            raise self._faults.make("cut", f"it called tools and ended with {reason!r}")
        finish = "refusal" if self._refusal else _FINISH.get(reason, "stop")
        finish, called = self._calls.ended(finish)
        detail = self._refusal or ("" if reason in _FINISH else f"finish reason: {reason}")
        redact = self._faults.redact
        done = ModelDone(finish, self._usage, redact(self._model), redact(detail))
        return [*self._said.rest(), *called, done]

    def complain(self, error: object) -> NoReturn:
        """Raise what an error object of the wire amounts to."""
        if not isinstance(error, dict):
            raise self._faults.make("busy", error)
        names = tuple(str(error.get(key)) for key in ("code", "type") if error.get(key) is not None)
        message = str(error.get("message") or "")
        raise self._faults.make(kind_of(None, names, message), message)

    def _count(self, usage: dict[str, Any]) -> None:
        read, written = number(usage, "prompt_tokens"), number(usage, "completion_tokens")
        if read is None and written is None:
            return  # it says nothing, and takes nothing back
        found = _usage(usage)
        if found is None and self._usage is not None:
            return  # nor does what cannot be true
        self._usage = largest(self._usage or found, found) if found else None
        written = found.output_tokens if found else written
        stored = number(usage, "prompt_tokens_details", "cache_write_tokens")
        self.counted = largest(self.counted, so_far(read, written, cache_write=stored))

    def _choice(self, choice: dict[str, Any]) -> list[ModelEvent]:
        # What was cut stays cut, whatever is said after it.
        open_end = self._finish is None or _FINISH.get(self._finish) in ("stop", "tool_calls")
        if open_end and (reason := choice.get("finish_reason")) and isinstance(reason, str):
            self._finish = reason
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            return []
        if refusal := delta.get("refusal"):
            self._refusal += self._said.refusal(refusal)
        events: list[ModelEvent] = []
        if thought := delta.get("reasoning_content") or delta.get("reasoning"):
            events += self._said.reasoning(thought)
        if content := delta.get("content"):
            events += self._content(content)
        if isinstance(calls := delta.get("tool_calls"), list):
            for call in calls:
                events += self._call(call)
        return events

    def _content(self, content: object) -> list[ModelEvent]:
        if not isinstance(content, list):
            return self._said.text(content)
        events: list[ModelEvent] = []
        for part in content:  # Mistral's models that think send parts
            match part:
                case {"type": "text", "text": text}:
                    events += self._said.text(text)
                case {"type": "thinking", "thinking": [*thoughts]}:
                    for thought in thoughts:
                        events += self._said.reasoning(
                            thought.get("text") if isinstance(thought, dict) else None
                        )
                case _:
                    pass
        return events

    def _call(self, call: object) -> list[ModelEvent]:
        if not isinstance(call, dict):
            return []
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        return self._calls.feed(
            call.get("index") if isinstance(call.get("index"), int) else 0,
            id=call.get("id"),
            name=function.get("name"),
            arguments=function.get("arguments"),
        )


def _usage(body: dict[str, Any]) -> Usage | None:
    read, total = number(body, "prompt_tokens"), number(body, "total_tokens")
    written = number(body, "completion_tokens")
    thought = number(body, "completion_tokens_details", "reasoning_tokens")
    beside = None if read is None or total is None else total - read
    # Gemini and xAI count what was thought beside the answer, and bill both.
    if written is None or beside == written + (thought or 0):
        written = beside
    return reported(
        read,
        written,
        cached=number(body, "prompt_tokens_details", "cached_tokens"),
        cache_write=number(body, "prompt_tokens_details", "cache_write_tokens"),
        reasoning=thought,
    )


def _progress(body: object) -> list[ModelEvent]:
    done, total = number(body, "processed"), number(body, "total")
    if done is None or total is None or total <= 0:
        return []
    done = min(max(done, 0), total)
    return [Progress("reading", f"reading the prompt: {done * 100 // total} %", done, total)]
