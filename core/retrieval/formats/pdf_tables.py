"""Tables that a page of a PDF draws with lines or filled cells, as rows between pipes."""

import ctypes
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from core.retrieval.formats import pipes
from core.retrieval.formats.pdf_grid import Cell, Grid, Line, grids

_MOST_OBJECTS = 10_000
_MOST_SEGMENTS = 12_000
_MOST_LETTERS = 30_000
_LEAST = 5.0  # points of a line that can be a side of a cell
_STRAIGHT = 0.5  # points by which it may lean
_LOOKED_AT = 400  # characters that say which way a page is to be read
_LONGEST = 800  # characters in a cell; more than that is a column of text in a frame
_OVER = 1.0  # points by which a letter may stand over the side of its cell

Box = tuple[float, float, float, float]
"""Left, top, right and bottom; down is more."""
Letter = tuple[str, Box | None]
"""A character and where it stands; a space stands nowhere."""
Turn = Callable[[float, float], tuple[float, float]]

_SAME_HEIGHT = 4.0  # points
_FEW_BANDS = 3  # a head, a body and a foot
_HYPHEN_AT_THE_END = re.compile("[\x02\ufffe]$")

# From the coordinates of the file to those of the reader, right and down, by the quarters that text is turned.
_TURNS: tuple[Turn, ...] = (
    lambda x, y: (x, -y),
    lambda x, y: (-y, -x),
    lambda x, y: (-x, y),
    lambda x, y: (y, x),
)


@dataclass(slots=True)
class _Line:
    y: float
    text: str


def with_tables(page: Any, words: Any, text: str) -> str:
    """The text of the page with its tables as rows, each where it begins, no letter lost or doubled;
    what is not certain to be a table stays as it was."""
    if len(text) > _MOST_LETTERS or not (paths := _paths(page)):
        return text
    turn = _turn(words)
    across, down = _lines(paths, turn)
    found = grids(across, down)
    letters = list(_letters(words, turn)) if found else []
    if "".join(character for character, box in letters if box) != "".join(text.split()):
        return text  # there is no grid, or some of the text stands outside of the page
    return _written(found, letters) or text


def _paths(page: Any) -> list[Any]:
    """What is drawn on the page; nothing when it is so much that it is a picture."""
    import pypdfium2.raw as raw

    count = raw.FPDFPage_CountObjects(page)
    if count > _MOST_OBJECTS:
        return []
    every = (raw.FPDFPage_GetObject(page, number) for number in range(count))
    paths = [one for one in every if raw.FPDFPageObj_GetType(one) == raw.FPDF_PAGEOBJ_PATH]
    return paths if sum(map(raw.FPDFPath_CountSegments, paths)) <= _MOST_SEGMENTS else []


def _turn(words: Any) -> Turn:
    """How most of the text is turned."""
    import pypdfium2.raw as raw

    count = raw.FPDFText_CountChars(words)
    looked_at = range(0, count, count // _LOOKED_AT + 1)
    angles = (raw.FPDFText_GetCharAngle(words, number) for number in looked_at)
    turns = Counter(round(angle / (math.pi / 2)) % 4 for angle in angles if angle >= 0)
    return _TURNS[turns.most_common(1)[0][0] if turns else 0]


def _lines(paths: list[Any], turn: Turn) -> tuple[list[Line], list[Line]]:
    """The straight lines across and down, among them the sides of filled cells."""
    across, down = [], []
    for path in paths:
        for start, end in _strokes(path):
            (x0, y0), (x1, y1) = turn(*start), turn(*end)
            if abs(y1 - y0) <= _STRAIGHT and abs(x1 - x0) >= _LEAST:
                across.append((y0, min(x0, x1), max(x0, x1)))
            elif abs(x1 - x0) <= _STRAIGHT and abs(y1 - y0) >= _LEAST:
                down.append((x0, min(y0, y1), max(y0, y1)))
    return across, down


def _strokes(path: Any) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    import pypdfium2.raw as raw

    matrix, x, y = raw.FS_MATRIX(), ctypes.c_float(), ctypes.c_float()
    raw.FPDFPageObj_GetMatrix(path, matrix)
    first = last = (0.0, 0.0)
    for number in range(raw.FPDFPath_CountSegments(path)):
        segment = raw.FPDFPath_GetPathSegment(path, number)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        point = (
            matrix.a * x.value + matrix.c * y.value + matrix.e,
            matrix.b * x.value + matrix.d * y.value + matrix.f,
        )
        match raw.FPDFPathSegment_GetType(segment):
            case raw.FPDF_SEGMENT_MOVETO:
                first = point
            case raw.FPDF_SEGMENT_LINETO:
                yield last, point
        if raw.FPDFPathSegment_GetClose(segment):
            yield point, first
        last = point


def _letters(words: Any, turn: Turn) -> Iterator[Letter]:
    import pypdfium2.raw as raw

    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    for number in range(raw.FPDFText_CountChars(words)):
        code = raw.FPDFText_GetUnicode(words, number)
        character = chr(code) if 0 < code <= sys.maxunicode else " "
        if character.isspace():
            yield character, None
        else:
            raw.FPDFText_GetCharBox(words, number, left, right, bottom, top)
            corners = turn(left.value, bottom.value), turn(right.value, top.value)
            (x0, x1), (y0, y1) = (sorted(both) for both in zip(*corners, strict=True))
            yield character, (x0, y0, x1, y1)


def _written(found: list[Grid], letters: list[Letter]) -> str:
    """The text of the page with what stands in the grids as rows; nothing when none of them is a table."""
    owners: list[int | None] = []
    for _, box in letters:
        if box:
            inside = (number for number, grid in enumerate(found) if grid.at(*_middle(box)))
            owners.append(next(inside, None))
        else:  # a space belongs to the letter before it
            owners.append(owners[-1] if owners else None)
    tables = [_table(grid, number, letters, owners) for number, grid in enumerate(found)]
    if not any(tables):
        return ""
    parts: list[list[str]] = [[]]
    begun: set[int] = set()
    for number, (character, _) in zip(owners, letters, strict=True):
        if number is None or not tables[number]:
            parts[-1].append(character)
        elif number not in begun:
            begun.add(number)
            parts += [[tables[number]], []]
    return "\n\n".join(filter(None, ("".join(part).strip() for part in parts)))


def _table(grid: Grid, number: int, letters: list[Letter], owners: list[int | None]) -> str:
    """What stands in the grid as rows; nothing when it is not certain to be a table."""
    mine = [n for n, owner in enumerate(owners) if owner == number]
    for n in range(mine[0], mine[-1]) if mine else ():
        box = letters[n][1]
        if box and owners[n] is None and grid.spans(_middle(box)[1]):
            return ""  # it is drawn together with the text beside it
    cells = _cells(grid, [letters[n] for n in mine])
    if not _is_table(grid, cells):
        return ""
    rows, columns = range(grid.rows), range(grid.columns)
    bands = [[cells.get((row, column), []) for column in columns] for row in rows]
    return pipes.table(row for n, band in enumerate(bands) for row in _rows(band, n, grid.rows))


def _cells(grid: Grid, letters: list[Letter]) -> dict[Cell, list[_Line]]:
    """The lines of each cell; nothing when a word runs over the side of its cell."""
    cells: dict[Cell, list[_Line]] = {}
    cell, right, is_new = None, -math.inf, True
    for character, box in letters:
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
            cells.setdefault(cell, []).append(_Line(y, ""))
        cells[cell][-1].text += character
        right, is_new = box[2], False
    return cells


def _is_table(grid: Grid, cells: dict[Cell, list[_Line]]) -> bool:
    """Text in several rows and columns, in most cells of a row, and in none of them a page of it."""
    rows = Counter(row for row, _ in cells)
    every = Counter(row for row, _ in set(grid.cells.values()))
    longest = max((sum(len(line.text) for line in lines) for lines in cells.values()), default=0)
    return (
        len(rows) > 1
        and len({column for _, column in cells}) > 1
        and any(count > max(1, every[row] / 2) for row, count in rows.items())
        and longest <= _LONGEST
    )


def _rows(band: list[list[_Line]], number: int, bands: int) -> Iterator[list[str]]:
    """The row between two lines; or several, when only the head is ruled and the lines of all cells
    stand at the same heights."""
    heights: list[float] = []
    for y in sorted(line.y for lines in band for line in lines):
        if not heights or y - heights[-1] > _SAME_HEIGHT:
            heights.append(y)
    rows = [
        [_text(line for line in lines if 0 <= line.y - height <= _SAME_HEIGHT) for lines in band]
        for height in heights
    ]
    is_apart = number and bands <= _FEW_BANDS and len(rows) >= bands
    if is_apart and all(sum(map(bool, row)) * 2 > len(row) for row in rows):
        yield from rows
    else:
        yield [_text(lines) for lines in band]


def _text(lines: Iterable[_Line]) -> str:
    # PDFium's mark for a hyphen at the end of a line, which in a table may be the end of a cell.
    return " ".join(_HYPHEN_AT_THE_END.sub("-", line.text.strip()) for line in lines)


def _middle(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
