"""What stands between retrieved text and the instructions around it.

A fence says to the model where quoted text begins and ends. Its boundary is random per render, so
that no text can hold it, and what only looks like a fence is made to look like something else.
Nothing else relies on a model heeding it.
"""

import re
import secrets
import string

# 26 ** 11 is more than 51 random bits. Letters alone are the cheapest boundary in tokens.
_LETTERS = 11

# Controls but tab and line ends, soft hyphen, fillers, zero-width and bidirectional marks, byte
# order marks, interlinear annotations, variation selectors and tags: what a reader does not see.
_INVISIBLE = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# One joiner between two letters of another script, or one emoji selector behind a symbol, is
# orthography: Persian, Hindi and emoji need them.
_JOINER = r"(?<=[^\x00-\x7f" + _INVISIBLE + r"])[\u200c\u200d](?=[^\x00-\x7f" + _INVISIBLE + "])"
_SELECTOR = r"(?<=[#*0-9\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff])[\ufe0e\ufe0f]"
_HIDDEN = re.compile(f"(?P<kept>{_JOINER}|{_SELECTOR})|[{_INVISIBLE}]")

_CHAT_TOKEN = re.compile(r"<\|(?=[^<>|\n]{1,40}\|>)")
_ALONE = re.compile(r"(?m)^([ \t]*)(<<(?=[^\W\d_]{4,}[ \t]*$)|[^\W\d_]{4,}>>(?=[ \t]*$))")
_SAME_LENGTH = re.compile(
    rf"<<(?=[a-zA-Z]{{{_LETTERS}}}(?![a-zA-Z]))|(?<![a-zA-Z])[a-zA-Z]{{{_LETTERS}}}>>"
)


def strip_invisible(text: str) -> tuple[str, int]:
    """The text without the characters that no reader sees, and how many they were."""
    removed = 0

    def keep(match: re.Match[str]) -> str:
        nonlocal removed
        if match["kept"]:
            return match[0]
        removed += 1
        return ""

    return _HIDDEN.sub(keep, text), removed


def neutralise(text: str) -> str:
    """The text with whatever reads like a fence or a chat template's token made harmless, still legible."""
    # llama.cpp parses special tokens inside messages: <|im_end|> would really end one.
    text = _CHAT_TOKEN.sub("< |", text)
    for look_alike in (_ALONE, _SAME_LENGTH):
        text = look_alike.sub(
            lambda found: found[0].replace("<<", "< <").replace(">>", "> >"), text
        )
    return text


class Fence:
    """A pair of lines that no text can close, because their boundary is drawn at random for it."""

    def __init__(self, boundary: str | None = None) -> None:
        self.boundary = boundary or "".join(
            secrets.choice(string.ascii_lowercase) for _ in range(_LETTERS)
        )

    @classmethod
    def around(cls, text: str) -> "Fence":
        """A fence whose boundary does not occur in the text, in upper or lower case."""
        lowered = text.lower()
        while (fence := cls()).boundary in lowered:
            pass
        return fence

    @property
    def begin(self) -> str:
        """The line before the text."""
        return f"<<{self.boundary}"

    @property
    def end(self) -> str:
        """The line after the text."""
        return f"{self.boundary}>>"

    def clean(self, text: str) -> tuple[str, int]:
        """The text as it may stand inside, and how many invisible characters were removed from it."""
        visible, removed = strip_invisible(text)
        harmless = neutralise(visible)
        # The boundary is in it by a chance of one in 2 ** 51; then it goes, with what that leaves.
        while self.boundary in harmless.lower():
            harmless = re.sub(self.boundary, "", harmless, flags=re.IGNORECASE)
        return harmless, removed

    def fence(self, text: str) -> str:
        """The text, cleaned, between its two lines."""
        return f"{self.begin}\n{self.clean(text)[0]}\n{self.end}"
