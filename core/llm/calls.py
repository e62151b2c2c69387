"""Tool calls from their fragments: named once, written in pieces, several at a time."""

import json
from dataclasses import dataclass, field
from typing import Any

from core.clean_text import clean
from core.events import FinishReason, ModelEvent, ToolCallDelta, ToolCalled
from core.llm.said import Joiner, Said
from core.types import ToolCall

# By these a server says that an answer ended of itself.
_OF_ITSELF = frozenset(
    {
        "complete",
        "completed",
        "end_turn",
        "eos",
        "eos_token",
        "function_call",
        "stop",
        "stop_sequence",
        "tool_call",
        "tool_calls",
        "tool_use",
    }
)


@dataclass(slots=True)
class _Open:
    """One call as far as it has come."""

    index: int
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    joiner: Joiner = field(default_factory=Joiner)


class Calls:
    """Gathers the calls of one answer; `key` is whatever the vendor tells them apart by."""

    def __init__(self, said: Said) -> None:
        self._said = said
        self._calls: list[_Open] = []
        self._at: dict[Any, _Open] = {}
        """By key, and by key and id."""

    def feed(
        self, key: Any, *, id: object = None, name: object = None, arguments: object = None
    ) -> list[ModelEvent]:
        """The next fragment of a call. Its id and name come with the first; another id with a name at
        the same key is another call, as servers do that number none of them."""
        key = key if isinstance(key, int | str) else None
        id, name = (clean(value) if isinstance(value, str) else "" for value in (id, name))
        call = self._meant(key, id, name)
        if call is None:
            self._said.another_call()
            call = _Open(len(self._calls))
            self._calls.append(call)
        first = not (call.id or call.name)
        call.id, call.name = call.id or id, call.name or name
        self._at[key] = self._at[(key, call.id)] = call
        text = self._said.arguments(call.joiner, _as_text(arguments))
        call.arguments.append(text)
        if not text and not (first and (id or name)):
            return []
        return [ToolCallDelta(call.index, text, id if first else "", name if first else "")]

    def _meant(self, key: Any, id: str, name: str) -> _Open | None:
        """The call that a fragment belongs to; None when it begins one."""
        last = self._at.get(key)
        if last is None:
            return None
        if id and (known := self._at.get((key, id))):
            return known
        if id and last.id:
            # Without a name it goes on: some servers make up an id for each fragment.
            return None if name else last
        return None if name and last.name and name != last.name else last

    def are_doubtful(self, reason: str) -> bool:
        """Whether there are calls, and the vendor's word for why it ended does not say what became of
        them: it may have been cut, and what is whole as JSON may be half of what was meant."""
        return bool(self._calls) and reason.lower() not in _OF_ITSELF

    def ended(self, finish: FinishReason) -> tuple[FinishReason, list[ModelEvent]]:
        """How the answer ended and the calls to carry out: none of an answer that was cut or refused."""
        if finish not in ("stop", "tool_calls"):
            return finish, []
        # What was called decides: servers say "stop" with calls, and "tool_calls" without any.
        return ("tool_calls" if self._calls else "stop"), self._whole()

    def _whole(self) -> list[ModelEvent]:
        found: dict[str, ModelEvent] = {}
        # Arguments that belong to nobody may be those of a call that has none: it is not run without.
        none = "{}" if all(call.name for call in self._calls) else ""
        for call in self._calls:
            id = call.id or f"call_{call.index}"
            if id in found:  # its result could not be told from the other's
                id = f"{id}_{call.index}"
            arguments = "".join((*call.arguments, call.joiner.rest()))
            found[id] = ToolCalled(ToolCall(id, call.name, arguments or none))
        return list(found.values())


def _as_text(arguments: object) -> object:
    # Some servers send the arguments as an object instead of as its JSON; whatever else they are, they
    # are not none: the tool would run without them.
    return arguments if arguments is None or isinstance(arguments, str) else json.dumps(arguments)
