"""Rich text (RTF), without its form."""

import re
from pathlib import Path

from core.retrieval.reading.draft import Draft

_FOOTNOTE = re.compile(r"\{\\footnote\b(?:\\ftnalt\b)?")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_LONGEST = 20_000  # characters of a note


def read(path: Path, draft: Draft) -> None:
    """The text with its paragraphs."""
    from striprtf.striprtf import rtf_to_text

    # Latin-1 keeps every byte; the file itself says what each of them means.
    text = rtf_to_text(_noted(path.read_bytes().decode("latin-1")), errors="replace")
    # A character beyond 65,535, an emoji for one, is written as two halves.
    draft.add(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _noted(source: str) -> str:
    """The file with its footnotes as text in brackets, where they are referred to; the library drops them."""
    parts, at = [], 0
    for found in _FOOTNOTE.finditer(source):
        if found.start() >= at and (end := _end(source, found.end())):
            note = source[found.end() : end]
            parts += [source[at : found.start()], "{ (Footnote: ", note, ")}"]
            at = end + 1
    return "".join([*parts, source[at:]])


def _end(source: str, start: int) -> int:
    """Where the group ends that is open at this place; 0 when it is longer than a note."""
    depth = 1
    for brace in _BRACE.finditer(source, start, start + _LONGEST):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if not depth:
            return brace.start()
    return 0
