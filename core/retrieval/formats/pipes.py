"""Tables as lines of Markdown: cells between pipes."""

from collections.abc import Iterable, Sequence


def cell(text: str) -> str:
    """A cell on one line, its own pipes escaped."""
    return " ".join(text.split()).replace("|", "\\|")


def row(cells: Iterable[str]) -> str:
    """One line of a table; empty cells at its end are left out."""
    texts = [cell(text) for text in cells]
    while texts and not texts[-1]:
        texts.pop()
    return f"| {' | '.join(texts)} |" if texts else ""


def table(rows: Iterable[Sequence[str]]) -> str:
    """The rows with a rule under the first; a table of one column is plain paragraphs."""
    kept = [list(cells) for cells in rows if any(text.strip() for text in cells)]
    if not kept:
        return ""
    if max(map(len, kept)) == 1:
        return "\n\n".join(cells[0].strip() for cells in kept)
    lines = [row(cells) for cells in kept]
    return "\n".join([lines[0], rule(kept[0]), *lines[1:]])


def rule(head: Sequence[str]) -> str:
    """The line under the head of a table."""
    return f"| {' | '.join('---' for _ in head)} |"
