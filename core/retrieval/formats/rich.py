"""Rich text (RTF), without its form."""

from pathlib import Path

from core.retrieval.draft import Draft


def read(path: Path, draft: Draft) -> None:
    """The text with its paragraphs."""
    from striprtf.striprtf import rtf_to_text

    # Latin-1 keeps every byte; the file itself says what each of them means.
    text = rtf_to_text(path.read_bytes().decode("latin-1"), errors="replace")
    # A character beyond 65,535, an emoji for one, is written as two halves.
    draft.add(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
