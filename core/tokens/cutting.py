"""What a number of tokens leaves of a text: its beginning, its end or both, and never half a character."""

from string import ascii_letters
from typing import Literal

import regex
from tiktoken import Encoding

Keep = Literal["head", "tail", "both"]

_GAP = " … "
_CLUSTER = regex.compile(r"\X")
_LOOK = 200
"""So many characters around a cut are looked at: what one sees as a single character is far shorter."""


def left(encoding: Encoding, text: str, tokens: list[int], size: int, keep: Keep) -> str:
    """The text of `size` of its tokens. What one sees as a character stays whole or goes, even when it is
    made of several (an emoji with its colour, a letter with its accents)."""
    match keep:
        case "head":
            return _head(encoding, text, tokens[:size])
        case "tail":
            return _tail(encoding, text, tokens[len(tokens) - size :])
        case "both":
            tail = size // 2
            head = _head(encoding, text, tokens[: size - tail])
            return f"{head}{_GAP}{_tail(encoding, text, tokens[len(tokens) - tail :])}"


def _head(encoding: Encoding, text: str, tokens: list[int]) -> str:
    at = len(_read(encoding, tokens))
    return text[: max((cut for cut in _cuts(text, at) if cut <= at), default=at)]


def _tail(encoding: Encoding, text: str, tokens: list[int]) -> str:
    at = len(text) - len(_read(encoding, tokens))
    return text[min((cut for cut in _cuts(text, at) if cut >= at), default=at) :]


def _read(encoding: Encoding, tokens: list[int]) -> str:
    # A token may end or begin inside a code point: what is incomplete is left out.
    return encoding.decode_bytes(tokens).decode(errors="ignore")


def _cuts(text: str, at: int) -> list[int]:
    """The places near this one where no character is cut; none where one runs on for too long."""
    start = max(0, at - _LOOK)
    # A Latin letter begins a character, whatever stands before it: from there on all is known.
    start = next((n for n in range(at - 1, start, -1) if text[n] in ascii_letters), start)
    near = text[start : at + _LOOK]
    cuts = [start, *(start + found.end() for found in _CLUSTER.finditer(near))]
    if start + len(near) < len(text):
        cuts.pop()  # it looks like one only because what was looked at ends there
    return cuts if len(cuts) > 1 else []
