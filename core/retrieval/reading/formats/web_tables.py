"""Tables of HTML: cells under the columns that they span, and what is only laid out as a table."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from core.retrieval.reading.formats import pipes

MOST_NESTED = 20
"""Tables in tables; deeper ones are read as if they were none."""
_MOST_COLUMNS, _MOST_ROWS = 100, 1_000  # that cells push aside


@dataclass(slots=True)
class Cell:
    """What stands in a cell, block by block, and how many columns and rows it spans."""

    columns: int
    rows: int
    blocks: list[str] = field(default_factory=list)
    is_laid_out: bool = False
    """Whether a heading, code or another table stands in it: then it is a place, and no value."""

    def text(self) -> str:
        """All of it on one line."""
        return " ".join(block.removeprefix("- ") for block in self.blocks)


@dataclass(slots=True)
class Table:
    """Takes cells as they open and close, and writes the rows down."""

    around: list[str] = field(default_factory=list)
    """Blocks in it that are in no cell: its caption, and what stands there against the rules."""
    rows: list[list[Cell]] = field(default_factory=list)
    cell: Cell | None = None

    def open(self, attributes: dict[str, str]) -> Cell:
        """The cell that all goes into from now on."""
        if not self.rows:
            self.rows.append([])
        spans = [_span(attributes.get(f"{kind}span", "")) for kind in ("col", "row")]
        self.cell = Cell(min(spans[0], _MOST_COLUMNS), min(spans[1], _MOST_ROWS))
        self.rows[-1].append(self.cell)
        return self.cell

    def blocks(self) -> Iterator[str]:
        """The caption, then the rows: those that hold values as a table, the others piece by piece."""
        yield from self.around
        run: list[list[Cell]] = []
        for row in self.rows:
            if any(cell.is_laid_out for cell in row):
                yield from _grid(run)
                run = []
                yield from (block for cell in row for block in cell.blocks)
            else:
                run.append(row)
        yield from _grid(run)


def _span(written: str) -> int:
    return max(1, int(written)) if written.isdecimal() and len(written) < 6 else 1


def _grid(rows: list[list[Cell]]) -> Iterator[str]:
    """The rows as a table; of one column they are no table."""
    filled = [sum(bool(cell.blocks) for cell in row) for row in rows]
    if max(filled, default=0) <= 1:
        yield from (block for row in rows for cell in row for block in cell.blocks)
        return
    yield pipes.table(_placed(rows))


def _placed(rows: list[list[Cell]]) -> Iterator[list[str]]:
    """Each row with an empty cell wherever another one spans."""
    spanned: dict[int, int] = {}  # by column, how many rows a cell still spans
    for row in rows:
        texts: list[str] = []
        for cell in row:
            while len(texts) < _MOST_COLUMNS and spanned.get(len(texts)):
                texts.append("")
            for place in range(len(texts), len(texts) + cell.columns):
                spanned[place] = max(cell.rows, spanned.get(place, 0))
            texts += [cell.text(), *[""] * (cell.columns - 1)]
        yield texts
        spanned = {place: left - 1 for place, left in spanned.items() if left > 1}
