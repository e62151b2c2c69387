"""Reads the events of OpenAI's Responses API."""

from typing import Any

from core.events import FinishReason, ModelDone, ModelEvent
from core.llm.calls import Calls
from core.llm.counts import largest, number, reported, so_far
from core.llm.faults import Faults, kind_of
from core.llm.said import Said
from core.types import ModelRequest, Usage

_INCOMPLETE: dict[str, FinishReason] = {
    "max_output_tokens": "length",
    "content_filter": "content_filter",
}


class ResponseEvents:
    """Turns the events of one stream (plain JSON) into ours; holds no connection and no clock.

    The vendor's SDK raises nothing for `error`, `response.failed` and `response.incomplete`.
    """

    def __init__(self, provider: str, request: ModelRequest, faults: Faults) -> None:
        self._faults = faults
        self._model = request.model
        self._said = Said(provider, request.max_tokens)
        self._calls = Calls(self._said)
        self._heard: set[object] = set()
        self._finish: FinishReason | None = None
        self._detail = ""
        self._refusal = ""
        self._usage: Usage | None = None
        self.counted = Usage(source="estimated")

    @property
    def finished(self) -> bool:
        """Whether the response is completed or incomplete; nothing follows."""
        return self._finish is not None

    def feed(self, chunk: object) -> list[ModelEvent]:
        """The events of one event; raises what a failure amounts to; ignores what is new to us."""
        if not isinstance(chunk, dict):
            raise self._faults.make("cut", "it sent something that is not in the protocol")
        match chunk.get("type"):
            case "response.output_text.delta":
                self._heard.add(_place(chunk))
                return self._said.text(chunk.get("delta"))
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                return self._said.reasoning(chunk.get("delta"))
            case "response.refusal.delta":
                self._heard.add(_place(chunk))
                self._refusal += self._said.refusal(chunk.get("delta"))
            case "response.output_item.added" | "response.function_call_arguments.delta":
                return self._call(chunk)
            case "response.function_call_arguments.done" if _place(chunk) not in self._heard:
                return self._call({**chunk, "delta": chunk.get("arguments")})
            case "response.output_item.done":
                return self._whole(chunk)
            case _:
                return self._state(chunk)
        return []

    def end(self) -> list[ModelEvent]:
        """The last events of a stream that is over; raises StreamCut when it was not completed."""
        if self._finish is None:
            raise self._faults.make("cut", "it ended without saying that it was done")
        finish, called = self._calls.ended("refusal" if self._refusal else self._finish)
        redact = self._faults.redact
        detail = redact(self._refusal or self._detail)
        done = ModelDone(finish, self._usage, redact(self._model), detail)
        return [*self._said.rest(), *called, done]

    def _call(self, chunk: dict[str, Any]) -> list[ModelEvent]:
        index, item = chunk.get("output_index"), chunk.get("item")
        if not isinstance(item, dict):
            if not chunk.get("delta"):
                return []  # nothing is called by it
            self._heard.add(_place(chunk))
            return self._calls.feed(index, arguments=chunk.get("delta"))
        if item.get("type") != "function_call":
            return []
        # The arguments of an item that is added whole come with it.
        arguments = item.get("arguments") or None
        if arguments:
            self._heard.add(_place(chunk))
        return self._calls.feed(
            index, id=item.get("call_id"), name=item.get("name"), arguments=arguments
        )

    def _whole(self, chunk: dict[str, Any]) -> list[ModelEvent]:
        """What is in an item that is done, when none of it came in pieces: so servers do that do not
        stream inside of an item."""
        place = _place(chunk)
        if place in self._heard or None in self._heard:
            return []
        self._heard.add(place)
        match chunk.get("item"):
            case {"type": "function_call"}:
                return self._call(chunk)
            case {"type": "message", "content": [*parts]}:
                return [event for part in parts for event in self._part(part)]
            case _:
                return []

    def _part(self, part: object) -> list[ModelEvent]:
        match part:
            case {"type": "output_text", "text": text}:
                return self._said.text(text)
            case {"type": "refusal", "refusal": refusal}:
                self._refusal += self._said.refusal(refusal)
        return []

    def _unheard(self, response: dict[str, Any]) -> list[ModelEvent]:
        """The whole answer, when nothing of it came before its end."""
        if self._heard:
            return []
        output = response.get("output")
        items = enumerate(output if isinstance(output, list) else ())
        return [
            event
            for index, item in items
            for event in self._whole({"output_index": index, "item": item})
        ]

    def _state(self, chunk: dict[str, Any]) -> list[ModelEvent]:
        response = chunk.get("response")
        response = response if isinstance(response, dict) else {}
        if isinstance(usage := response.get("usage"), dict):
            self._count(usage)
        match chunk.get("type"):
            case "error":
                raise self._complaint(chunk)
            case "response.failed":
                raise self._complaint(response.get("error"))
            case "response.cancelled":
                raise self._faults.make("cut", "the response was cancelled")
            case "response.completed":
                self._finish = "stop"
            case "response.incomplete":
                details = response.get("incomplete_details")
                reason = str(details.get("reason") if isinstance(details, dict) else "unknown")
                self._finish = _INCOMPLETE.get(reason, "length")
                self._detail = "" if reason in _INCOMPLETE else f"incomplete: {reason}"
            case _:
                pass
        if isinstance(model := response.get("model"), str) and model:
            self._model = model
        return [] if self._finish is None else self._unheard(response)

    def _count(self, usage: dict[str, Any]) -> None:
        if found := _usage(usage):
            self._usage = largest(self._usage or found, found)
        self.counted = largest(self.counted, _so_far(usage))

    def _complaint(self, error: object) -> Exception:
        # Some events hold what is wrong in `error`, some are it.
        inner = (error.get("error") or error) if isinstance(error, dict) else {}
        inner = inner if isinstance(inner, dict) else {}
        names = tuple(str(inner[key]) for key in ("code", "type") if inner.get(key) is not None)
        message = str(inner.get("message") or "")
        return self._faults.make(kind_of(None, names, message), message)


def _place(chunk: dict[str, Any]) -> object:
    index = chunk.get("output_index")
    return index if isinstance(index, int | str) else None


def _usage(body: dict[str, Any]) -> Usage | None:
    return reported(
        number(body, "input_tokens"),
        number(body, "output_tokens"),
        cached=number(body, "input_tokens_details", "cached_tokens"),
        cache_write=number(body, "input_tokens_details", "cache_write_tokens"),
        reasoning=number(body, "output_tokens_details", "reasoning_tokens"),
    )


def _so_far(body: dict[str, Any]) -> Usage:
    stored = number(body, "input_tokens_details", "cache_write_tokens")
    read, written = number(body, "input_tokens"), number(body, "output_tokens")
    return so_far(read, written, cache_write=stored)
