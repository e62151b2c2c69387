"""Tables that a page of a PDF draws with lines or filled cells, as rows between pipes."""

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from core.retrieval.reading.formats import pdf_marks, pipes
from core.retrieval.reading.formats.pdf_columns import stacks, tables
from core.retrieval.reading.formats.pdf_grid import Box, Cell, Grid, grids
from core.retrieval.reading.formats.pdf_marks import Letter

_MOST_LETTERS = 30_000
_MOST_TABLES = 50  # on one page
_LONGEST = 800  # characters in a cell; more than that is a column of text in a frame
_OVER = 1.0  # points by which a letter may stand over the side of its cell
_SAME_HEIGHT = 4.0  # points
_HYPHEN_AT_THE_END = re.compile("[\x02\ufffe]$")
_DIVIDED = re.compile("(?<=\\w)[\u2010\u00ad]\n(?=\\w)")


@dataclass(slots=True)
class _Line:
    """A line of a cell: its number among those of the table as the file has them, its height, its text."""

    number: int
    y: float
    text: str


def with_tables(page: Any, words: Any, text: str) -> str:
    """The text of the page with its tables as rows, each where it begins, no letter lost or doubled;
    what is not certain to be a table stays as it was."""
    if len(text) > _MOST_LETTERS or not (paths := pdf_marks.drawn(page)):
        return text
    turn = pdf_marks.turn(words)
    across, down = pdf_marks.lines(paths, turn)
    found = grids(across, down)
    piled = stacks(across, found)
    written = list(pdf_marks.letters(words, turn)) if found or piled else []
    if _paired(character for character, box in written if box) != "".join(text.split()):
        return text  # there is no grid, or some of the text stands outside of the page
    boxes = [box for _, box in written if box]
    found += [grid for stack in piled for grid in tables(stack, boxes)]
    return text if len(found) > _MOST_TABLES else _paired(_written(found, written)) or text


def _paired(characters: Iterable[str]) -> str:
    """PDFium gives the halves of a character beyond the first 65,536 one by one."""
    halves = "".join(characters).encode("utf-16-le", "surrogatepass")
    return halves.decode("utf-16-le", "ignore")


def _written(found: list[Grid], written: list[Letter]) -> str:
    """The text of the page with what stands in the grids as rows; nothing when none of them is a table."""
    owners: list[int | None] = []
    for _, box in written:
        if box:
            inside = (number for number, grid in enumerate(found) if grid.at(*_middle(box)))
            owners.append(next(inside, None))
        else:  # a space belongs to the letter before it
            owners.append(owners[-1] if owners else None)
    rows = [_table(grid, number, written, owners) for number, grid in enumerate(found)]
    if not any(rows):
        return ""
    parts: list[list[str]] = [[]]
    begun: set[int] = set()
    for number, (character, _) in zip(owners, written, strict=True):
        if number is None or not rows[number]:
            parts[-1].append(character)
        elif number not in begun:
            begun.add(number)
            parts += [[rows[number]], []]
    return "\n\n".join(filter(None, ("".join(part).strip() for part in parts)))


def _table(grid: Grid, number: int, written: list[Letter], owners: list[int | None]) -> str:
    """What stands in the grid as rows; nothing when it is not certain to be a table."""
    mine = [n for n, owner in enumerate(owners) if owner == number]
    for n in range(mine[0], mine[-1]) if mine else ():
        box = written[n][1]
        if box and owners[n] is None and grid.spans(_middle(box)[1]):
            return ""  # it is drawn together with the text beside it
    cells = _cells(grid, [written[n] for n in mine])
    if not _is_table(grid, cells):
        return ""
    rows: list[list[str]] = []
    for row in range(grid.rows):
        more = _rows([cells.get((row, column), []) for column in range(grid.columns)])
        if max(len(text) for texts in more for text in texts) > _LONGEST:
            return ""
        rows += more
    return pipes.table(rows)


def _cells(grid: Grid, written: list[Letter]) -> dict[Cell, list[_Line]]:
    """The lines of each cell; nothing when a word runs over the side of its cell."""
    cells: dict[Cell, list[_Line]] = {}
    cell, right, is_new, lines = None, -math.inf, True, 0
    for character, box in written:
        if box is None:
            is_new, right = is_new or character in "\r\n", -math.inf
            if cell:
                cells[cell][-1].text += " "
            continue
        before, (x, y) = cell, _middle(box)
        cell = grid.at(x, y)
        over = min(_OVER, x - box[0])
        touches = cell != before and abs(box[0] - right) < _OVER
        stands_over = grid.at(box[0] + over, y) != cell or grid.at(box[2] - over, y) != cell
        if not cell or touches or stands_over:
            return {}
        if is_new or cell != before:
            lines += 1
            cells.setdefault(cell, []).append(_Line(lines, y, ""))
        cells[cell][-1].text += character
        right, is_new = box[2], False
    return cells


def _is_table(grid: Grid, cells: dict[Cell, list[_Line]]) -> bool:
    """Text in several rows and columns, and in most cells of a row."""
    rows = Counter(row for row, _ in cells)
    every = Counter(row for row, _ in set(grid.cells.values()))
    is_a_row_full = any(count > max(1, every[row] / 2) for row, count in rows.items())
    return is_a_row_full and len(rows) > 1 and len({column for _, column in cells}) > 1


def _rows(band: list[list[_Line]]) -> list[list[str]]:
    """The row between two lines across; or the rows, when the file comes back to a cell after others:
    it has all lines of one cell before it goes on to the next one of the row."""
    each = [(line.number, column, line) for column, lines in enumerate(band) for line in lines]
    visited = [column for column, _ in groupby(column for _, column, _ in sorted(each))]
    if len(visited) == len(set(visited)):
        return [[_text(lines) for lines in band]]
    rows: list[list[list[_Line]]] = []
    before, lowest = len(band), -math.inf
    for _, column, line in sorted(each):
        is_below = column != before and line.y > lowest + _SAME_HEIGHT
        if column < before or is_below:
            rows.append([[] for _ in band])
            lowest = line.y
        rows[-1][column].append(line)
        before, lowest = column, max(lowest, line.y)
    return [[_text(lines) for lines in row] for row in rows]


def _text(lines: Iterable[_Line]) -> str:
    # PDFium's mark for a hyphen at the end of a line, which in a table may be the end of a cell.
    text = "\n".join(_HYPHEN_AT_THE_END.sub("-", line.text.strip()) for line in lines)
    return _DIVIDED.sub("\x02", text).replace("\n", " ")


def _middle(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
