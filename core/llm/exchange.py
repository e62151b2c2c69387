"""What went over the wire for one call: the body as it was sent, and the first and last of what came back."""

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.clean_text import clean
from core.llm import names

MOST_SENT = 64_000
"""Characters of a body that a span keeps beside the messages that it has anyway."""
MOST_PIECE = 4_000
"""Characters of one piece of an answer; of a longer one, its two ends."""
_LAST = 3
_SHORT = 200
Hide = Callable[[str], str]


def body_text(body: Mapping[str, Any]) -> str:
    """The text of a body, as the line sends it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


class Exchange:
    """Told by whoever sends what was sent and what came; of two requests for one answer, the later
    stays. Headers never reach it."""

    def __init__(self) -> None:
        self._body: Mapping[str, Any] | None = None
        self._hide: tuple[Hide, Hide] = (str, str)
        self._first = b""
        self._last: deque[bytes] = deque(maxlen=_LAST)
        self._pieces = 0

    def sends(self, body: Mapping[str, Any], hide_sent: Hide, hide_heard: Hide) -> None:
        """This body is on its way; what hides the keys in it and in its answer."""
        self._body, self._hide = body, (hide_sent, hide_heard)
        self._first, self._pieces = b"", 0
        self._last.clear()

    def hears(self, piece: bytes) -> None:
        """One event of the stream, or the body of a refusal."""
        self._first = self._first or piece
        self._last.append(piece)
        self._pieces += 1

    def noted(self, contents: Sequence[str]) -> dict[str, Any]:
        """The attributes of the span whose messages have these contents; none when nothing was sent."""
        if self._body is None:
            return {}
        text = body_text(self._body)
        kept = list(self._last)
        if self._pieces > len(kept):
            kept.insert(0, self._first)
        return {
            names.SENT: _folded(text, contents, self._hide[0]),
            names.SENT_LENGTH: len(self._hide[0](text)),
            names.RECEIVED: [_ends(self._hide[1](clean(_text(each)))) for each in kept],
            names.RECEIVED_PIECES: self._pieces,
        }


def sent(attributes: Mapping[str, Any]) -> str:
    """The body as it was sent, from what a span notes of it; "" when it notes none."""
    messages = attributes.get(names.REQUEST) or ()
    return "".join(
        part if isinstance(part, str) else _inner(str(messages[part]["content"]))
        for part in attributes.get(names.SENT) or ()
    )


def _folded(text: str, contents: Sequence[str], hide: Hide) -> list[str | int]:
    """The text in parts: what a message of the span holds already is its number."""
    parts: list[str | int] = []
    rest, room = text, MOST_SENT
    for number, content in enumerate(contents):
        inner = _inner(content)
        if len(content) < _SHORT or hide(content) != content:
            continue
        before, there, after = rest.partition(f'"{inner}"')
        if there:
            parts += [f'{before}"', number]
            rest = f'"{after}'
    kept: list[str | int] = []
    for part in (*parts, rest):
        if isinstance(part, str):
            part = hide(part)
            kept.append(part[:room])
            room -= len(part)
            if room < 0:
                break
        else:
            kept.append(part)
    return kept


def _inner(content: str) -> str:
    """The content as it stands between the quotes of its JSON."""
    return json.dumps(content, ensure_ascii=False)[1:-1]


def _text(piece: bytes) -> str:
    return piece.decode(errors="replace")


def _ends(text: str) -> str:
    left_out = len(text) - MOST_PIECE
    if left_out <= 0:
        return text
    half = MOST_PIECE // 2
    return f"{text[:half]} … {left_out:,} characters are left out … {text[-half:]}"
