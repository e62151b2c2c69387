"""What can be read of JSON that is still being written."""

import time
from collections.abc import Callable
from typing import Any

from pydantic_core import from_json

from core.clean_text import clean
from core.llm.json_text import Kind

_STARTS = {"object": "{", "array": "[", "any": "{["}
# A parse reads all there is, so the next one waits for a part of that: together they cost what 64
# parses of the whole cost, however many pieces it comes in.
_LEAST_NEW = 48
_PART = 64
# A slow stream is shown at least so often, as long as reading takes no more than a tenth of the time.
_TICK_SECONDS = 0.1
_PATIENCE = 10


class Partials:
    """Takes the pieces of an answer and gives back its value as far as it has come, when it changed."""

    def __init__(self, kind: Kind, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._starts = _STARTS[kind]
        self._clock = clock
        self._text = ""
        self._new: list[str] = []
        self._waiting = 0
        self._next_at = clock()
        self._begun = False
        self._last: Any = None

    def feed(self, piece: str) -> list[Any]:
        """The value, if it was time to look and it is another one than before."""
        if not self._begun:
            piece = self._from_start(piece)
        if not piece:
            return []
        self._new.append(piece)
        self._waiting += len(piece)
        due = self._waiting >= max(_LEAST_NEW, len(self._text) // _PART)
        return self._look() if due or self._clock() >= self._next_at else []

    def end(self, value: Any) -> list[Any]:
        """The value that it came to, unless it was the last one that was given back."""
        return [] if self._begun and value == self._last else [value]

    def _from_start(self, piece: str) -> str:
        found = [place for start in self._starts if (place := piece.find(start)) >= 0]
        self._begun = bool(found)
        return piece[min(found) :] if found else ""

    def _look(self) -> list[Any]:
        began = self._clock()
        self._text += clean("".join(self._new))
        self._new.clear()
        self._waiting = 0
        try:
            value = from_json(self._text, allow_partial="trailing-strings")
        except ValueError:  # not JSON so far, or not JSON at all: the end will tell
            value = self._last
        now = self._clock()
        self._next_at = now + max(_TICK_SECONDS, _PATIENCE * (now - began))
        if value == self._last:
            return []
        self._last = value
        return [value]
