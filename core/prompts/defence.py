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
from core.unseen import strip_invisible

_GAP = re.compile(r"[^\S\n]+")  # line ends stay: a table or a list lives by them


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
