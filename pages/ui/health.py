"""How a document is: what was read, what was not, and how far it has come, in words."""

from collections.abc import Sequence

from core.types import Document
from pages.ui import say
from pages.ui.markdown import label

KINDS = {
    "pdf": "PDF",
    "docx": "Word",
    "pptx": "PowerPoint",
    "xlsx": "Excel",
    "csv": "CSV",
    "html": "web page",
    "md": "Markdown",
    "txt": "text",
}
_READ_IN = {"pdf": "page", "pptx": "slide", "xlsx": "sheet"}
_STAGES = {"reading": "read", "chunking": "cut", "embedding": "embedded"}
_NAMED = 6


def line(document: Document) -> str:
    """One line about an indexed document: pages, empty pages by number, passages, tokens, time by stage."""
    parts = [counted(document.pages, document.unit)]
    if document.empty_pages:
        parts.append(f"**{empty(document)}**")
    parts += [counted(document.passages, "passage"), say.tokens(document.tokens), times(document)]
    return " · ".join(parts)


def empty(document: Document) -> str:
    """Which pages have no text, by their numbers."""
    numbers = document.empty_pages
    named = listed([str(number) for number in numbers[:_NAMED]], len(numbers) - _NAMED)
    plural = "" if len(numbers) == 1 else "s"
    return f"{document.unit}{plural} {named} without text"


def times(document: Document) -> str:
    """How long each stage took."""
    spans = [
        f"{word} in {say.seconds(document.seconds[stage])}"
        for stage, word in _STAGES.items()
        if stage in document.seconds
    ]
    return ", ".join(spans)


def progress(document: Document) -> tuple[float, str]:
    """How far a document has come: a share of its present stage, and the words with the counts."""
    name = f"**{label(document.name)}**"
    share = document.done / document.total if document.total else 0.0
    many = f"{document.done:,} of {document.total:,}"
    match document.status:
        case "reading":
            unit = _READ_IN.get(document.kind, "part")
            words = f"reading {many} {unit}s" if document.total else "opening the file"
        case "chunking":
            share, words = 0.0, "cutting the text into passages"
        case "embedding":
            words = f"embedding {many} passages" if document.total else "embedding"
        case _:
            words = "waits for its turn"
    return min(1.0, share), f"{name} · {words}"


def counted(count: int, unit: str) -> str:
    """A number with its unit in the right number: 1 page, 2 pages."""
    return f"{count:,} {unit}{'' if count == 1 else 's'}"


def listed(words: Sequence[str], more: int = 0) -> str:
    """The words as a list in a sentence, and how many are not named."""
    if more > 0:
        return f"{', '.join(words)} and {more} more"
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
