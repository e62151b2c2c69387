"""What is drawn and written on a page of a PDF: straight lines and letters, as a reader sees them."""

import ctypes
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from core.retrieval.reading.formats.pdf_grid import Box, Line, joined

_MOST_OBJECTS = 10_000
_MOST_SEGMENTS = 12_000
_LEAST = 5.0  # points of a line that can be a side of a cell
_STRAIGHT = 0.5  # points by which it may lean
_LOOKED_AT = 400  # characters that say which way a page is to be read

Letter = tuple[str, Box | None]
"""A character and where it stands; a space stands nowhere."""
Path = tuple[Any, Any]
"""A handle of PDFium and the matrix by which its points lie on the page."""
Turn = Callable[[float, float], tuple[float, float]]

# From the coordinates of the file to those of the reader, right and down, by the quarters that text is turned.
_TURNS: tuple[Turn, ...] = (
    lambda x, y: (x, -y),
    lambda x, y: (-y, -x),
    lambda x, y: (-x, y),
    lambda x, y: (y, x),
)


def drawn(page: Any) -> list[Path]:
    """What is drawn on the page, also within forms; nothing when it is so much that it is a picture."""
    import pypdfium2 as pdfium
    import pypdfium2.raw as raw

    paths: list[Path] = []
    holders: list[Path] = [(page, pdfium.PdfMatrix())]
    objects = 0
    while holders:
        holder, matrix = holders.pop()
        in_form = holder is not page
        count = (raw.FPDFFormObj_CountObjects if in_form else raw.FPDFPage_CountObjects)(holder)
        objects += count
        if objects > _MOST_OBJECTS:
            return []
        get = raw.FPDFFormObj_GetObject if in_form else raw.FPDFPage_GetObject
        for one in (get(holder, number) for number in range(count)):
            kind = raw.FPDFPageObj_GetType(one)
            if kind in (raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_FORM):
                (paths if kind == raw.FPDF_PAGEOBJ_PATH else holders).append(
                    (one, _placed(one, matrix))
                )
    segments = sum(raw.FPDFPath_CountSegments(path) for path, _ in paths)
    return paths if segments <= _MOST_SEGMENTS else []


def _placed(one: Any, matrix: Any) -> Any:
    """How what is in the object lies on the page, by how its holder does."""
    import pypdfium2 as pdfium
    import pypdfium2.raw as raw

    own = raw.FS_MATRIX()
    raw.FPDFPageObj_GetMatrix(one, own)
    return pdfium.PdfMatrix.from_raw(own).multiply(matrix)


def turn(words: Any) -> Turn:
    """How most of the text is turned."""
    import pypdfium2.raw as raw

    count = raw.FPDFText_CountChars(words)
    looked_at = range(0, count, count // _LOOKED_AT + 1)
    angles = (raw.FPDFText_GetCharAngle(words, number) for number in looked_at)
    turns = Counter(round(angle / (math.pi / 2)) % 4 for angle in angles if angle >= 0)
    return _TURNS[turns.most_common(1)[0][0] if turns else 0]


def lines(paths: list[Path], turned: Turn) -> tuple[list[Line], list[Line]]:
    """The straight lines across and down, each joined from its pieces; among them the sides of filled cells."""
    across, down = [], []
    for path in paths:
        for start, end in _strokes(path):
            (x0, y0), (x1, y1) = turned(*start), turned(*end)
            if abs(y1 - y0) <= _STRAIGHT and abs(x1 - x0) >= _LEAST:
                across.append((y0, min(x0, x1), max(x0, x1)))
            elif abs(x1 - x0) <= _STRAIGHT and abs(y1 - y0) >= _LEAST:
                down.append((x0, min(y0, y1), max(y0, y1)))
    return joined(across, down)


def _strokes(drawn: Path) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    import pypdfium2.raw as raw

    path, matrix = drawn
    x, y = ctypes.c_float(), ctypes.c_float()
    first = last = (0.0, 0.0)
    for number in range(raw.FPDFPath_CountSegments(path)):
        segment = raw.FPDFPath_GetPathSegment(path, number)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        point = matrix.on_point(x.value, y.value)
        match raw.FPDFPathSegment_GetType(segment):
            case raw.FPDF_SEGMENT_MOVETO:
                first = point
            case raw.FPDF_SEGMENT_LINETO:
                yield last, point
        if raw.FPDFPathSegment_GetClose(segment):
            yield point, first
        last = point


def letters(words: Any, turned: Turn) -> Iterator[Letter]:
    """The characters of the text layer in its order; halves of a pair one by one."""
    import pypdfium2.raw as raw

    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    for number in range(raw.FPDFText_CountChars(words)):
        code = raw.FPDFText_GetUnicode(words, number)
        character = chr(code) if 0 < code <= sys.maxunicode else " "
        if character.isspace():
            yield character, None
        else:
            raw.FPDFText_GetCharBox(words, number, left, right, bottom, top)
            (x0, y0), (x1, y1) = turned(left.value, top.value), turned(right.value, bottom.value)
            if x0 > x1 or y0 > y1:
                x0, x1, y0, y1 = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
            yield character, (x0, y0, x1, y1)
