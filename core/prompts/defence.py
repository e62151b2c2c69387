"""What stands between retrieved text and the instructions around it.

A fence says to the model where quoted text begins and ends. Its boundary is random per render, so
that no text can hold it, and what only looks like a fence is made to look like something else.
Nothing else relies on a model heeding it.
"""

import re
import secrets
import string

from core.prompts.layers import MARK, USUAL, Layers
from core.prompts.neutral import FENCE_LETTERS, neutralise

# Controls but tab and line ends, soft hyphen, fillers, zero-width and bidirectional marks, byte
# order marks, interlinear annotations, variation selectors and tags: what a reader does not see.
_INVISIBLE = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# One joiner between two letters of another script, one emoji selector behind a symbol, a joiner
# behind that, and the tags of the three flags that have some are orthography: Persian, Hindi and
# emoji need them. Selectors of ideographs go: one could carry a byte behind each.
_SYMBOL = r"[#*0-9\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]"
_VISIBLE = r"[^\x00-\x7f" + _INVISIBLE + "]"
_JOINER = rf"(?:(?<={_VISIBLE})|(?<={_SYMBOL}\ufe0f))[\u200c\u200d](?={_VISIBLE})"
_SELECTOR = rf"(?<={_SYMBOL})[\ufe0e\ufe0f]"
_FLAGS = "|".join(
    "".join(chr(0xE0000 + ord(letter)) for letter in place) for place in ("gbeng", "gbsct", "gbwls")
)
_FLAG = rf"(?<=\U0001f3f4)(?:{_FLAGS})\U000e007f"
_GAP = re.compile(r"[^\S\n]+")  # line ends stay: a table or a list lives by them
_SUSPECT = re.compile(f"[{_INVISIBLE}]")  # a tenth of the time of what follows
_HIDDEN = re.compile(f"(?P<kept>{_JOINER}|{_SELECTOR}|{_FLAG})|[{_INVISIBLE}]")


def strip_invisible(text: str) -> tuple[str, int]:
    """The text without the characters that no reader sees, and how many they were."""
    if not _SUSPECT.search(text):
        return text, 0
    removed = 0

    def keep(match: re.Match[str]) -> str:
        nonlocal removed
        if match["kept"]:
            return match[0]
        removed += 1
        return ""

    return _HIDDEN.sub(keep, text), removed


class Fence:
    """A pair of lines that no text can close, because their boundary is drawn at random for it."""

    def __init__(self, boundary: str | None = None, layers: Layers = USUAL) -> None:
        self.layers = layers
        self.boundary = boundary or "".join(
            secrets.choice(string.ascii_lowercase) for _ in range(FENCE_LETTERS)
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
        removed = 0
        if self.layers.visible:
            text, removed = strip_invisible(text)
        if self.layers.neutral:
            text = neutralise(text)
        # The boundary is in it by a chance of one in 2 ** 51; then it goes, with what that leaves,
        # whatever the layers: no switch may let a value close its fence.
        while self.boundary in text.lower():
            text = re.sub(self.boundary, "", text, flags=re.IGNORECASE)
        return (_GAP.sub(MARK, text) if self.layers.marked else text), removed

    def fence(self, text: str) -> str:
        """The text, cleaned, between its two lines."""
        return f"{self.begin}\n{self.clean(text)[0]}\n{self.end}"
