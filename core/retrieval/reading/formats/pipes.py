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
    kept = [cells for cells in rows if any(text.strip() for text in cells)]
    if not kept:
        return ""
    if max(map(len, kept)) == 1:
        return "\n\n".join(cells[0].strip() for cells in kept)
    head = [*kept[0], *[""] * (_width(kept) - len(kept[0]))]
    first = f"| {' | '.join(map(cell, head))} |"
    return "\n".join([first, f"|{' --- |' * len(head)}", *map(row, kept[1:])])


def inner(rows: Iterable[Sequence[str]]) -> str:
    """A table in a cell of another one, on one line: its cells between commas, its rows between semicolons."""
    lines = [", ".join(filter(None, (text.strip() for text in cells))) for cells in rows]
    return "; ".join(filter(None, lines))


def _width(rows: Sequence[Sequence[str]]) -> int:
    """How many columns are used: empty ones at the end are none."""
    return max(max(n for n, text in enumerate(cells, 1) if text.strip()) for cells in rows)
