"""A passage of a document with the words that an answer rests on."""

import re
from html import escape

_WRAP = re.compile(r"(?<=[^\n]{60})\n(?=[^\n|>#*\-•\d])")
"""A line break after a long line is where the page was full; as long as the space that stands for it."""


def passage(text: str, start: int = 0, end: int = 0, name: str = "Passage") -> str:
    """HTML of the text with characters [start, end) marked; nothing is marked when they are equal.

    `name` tells it from others for whoever hears the page. White space is kept, but for the line
    breaks of a full page, which a narrower place would double.
    """
    text = _WRAP.sub(" ", text)
    start = min(max(start, 0), len(text))
    end = min(max(end, start), len(text))
    before, cited, after = text[:start], text[start:end], text[end:]
    marked = f"<mark>{escape(cited)}</mark>" if cited else ""
    return (
        f'<div class="fl-passage" role="region" aria-label="{escape(name)}" tabindex="0">'
        f"{escape(before)}{marked}{escape(after)}</div>"
    )
