"""What a model has said so far: joined where the wire cut it, and bounded."""

import re

from core.clean_text import clean
from core.errors import ModelMisbehaved
from core.events import ModelEvent, ReasoningDelta, TextDelta

_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_HIGH = re.compile("[\ud800-\udbff]\\Z")

# The longest prose in the common vocabularies is about 6 characters a token, code with deep
# indentation about 10; what is beyond 16 is a stream that does not keep to its limit.
_CHARACTERS_PER_TOKEN = 16
_CHARACTERS_FREE = 2000


class Joiner:
    """Joins a character whose two halves (a surrogate pair) came in two deltas."""

    def __init__(self) -> None:
        self._half = ""

    def feed(self, text: str) -> str:
        """What can be said of it by now."""
        if not self._half and text.isascii() and "\0" not in text:
            return text  # most pieces of most answers: nothing below could change them
        text = self._half + text
        self._half = ""
        if _HIGH.search(text):
            text, self._half = text[:-1], text[-1]
        return clean(_PAIR.sub(_whole, text))

    def rest(self) -> str:
        """The half that is left over."""
        half, self._half = self._half, ""
        return clean(half)


def _whole(pair: re.Match[str]) -> str:
    return pair.group().encode("utf-16-le", "surrogatepass").decode("utf-16-le")


class Said:
    """Turns pieces of text into deltas that JSON can hold, and ends a stream without an end."""

    def __init__(self, provider: str, max_tokens: int) -> None:
        self._provider = provider
        self._max_tokens = max_tokens
        self._room = max_tokens * _CHARACTERS_PER_TOKEN + _CHARACTERS_FREE
        self._text = Joiner()
        self._reasoning = Joiner()

    def text(self, piece: object) -> list[ModelEvent]:
        """More of the answer; whatever is not text is nothing."""
        said = self._take(self._text, piece)
        return [TextDelta(said)] if said else []

    def reasoning(self, piece: object) -> list[ModelEvent]:
        """More of what the model thinks aloud."""
        said = self._take(self._reasoning, piece)
        return [ReasoningDelta(said)] if said else []

    def arguments(self, joiner: Joiner, piece: object) -> str:
        """More of the arguments of a call, which has a joiner of its own."""
        return self._take(joiner, piece)

    def rest(self) -> list[ModelEvent]:
        """What was held back for a second half that never came."""
        thought, said = self._reasoning.rest(), self._text.rest()
        events: list[ModelEvent] = [ReasoningDelta(thought)] if thought else []
        return [*events, TextDelta(said)] if said else events

    def refusal(self, piece: object) -> str:
        """More of why the model does not answer."""
        if not isinstance(piece, str):
            return ""
        self._count(len(piece))
        return piece

    def another_call(self) -> None:
        """A call more, which takes room also when nothing is in it."""
        self._count(_CHARACTERS_PER_TOKEN)

    def _take(self, joiner: Joiner, piece: object) -> str:
        if not isinstance(piece, str) or not piece:
            return ""
        self._count(len(piece))
        return joiner.feed(piece)

    def _count(self, characters: int) -> None:
        self._room -= characters
        if self._room < 0:
            raise ModelMisbehaved(
                f"{self._provider} kept on sending far beyond the {self._max_tokens} tokens that "
                "were asked for; the stream was ended.",
                hint="Ask again, or choose another model; what was said until then is kept.",
            )
