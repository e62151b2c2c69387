"""The layers of the defence: a prompt may switch most of them for its own answers, and the injection
range takes each away to see what it is worth."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Layers:
    """What is done to retrieved text before it is sent; the words of each field say what it does."""

    fence: bool = True
    """Its beginning and end are lines with a boundary that is random per rendering."""
    neutral: bool = True
    """What only looks like a fence, a role or a chat template's token is made to look different."""
    visible: bool = True
    """Characters that no reader sees are removed."""
    marked: bool = False
    """Its words are joined by a mark instead of spaces (datamarking)."""
    canary: bool = True
    """The system prompt holds a random word that no answer may have."""
    detector: bool = True
    """Each passage is scored, and flagged when it reads like an instruction."""


USUAL = Layers()
"""What every answer is made with; docs/defence.md has the figures by which it was chosen."""
BARE = Layers(**{each.name: False for each in fields(Layers)})
"""Nothing at all, to compare with."""

MARK = "^"
MARKED_NOTE = f"In quoted text the words are joined by {MARK} instead of spaces. Write your answer with spaces."
