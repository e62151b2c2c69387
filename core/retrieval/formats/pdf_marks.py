"""What is drawn and written on a page of a PDF: straight lines and letters, as a reader sees them."""

import ctypes
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from core.retrieval.formats.pdf_grid import Box, Line, joined

_MOST_OBJECTS = 10_000
_MOST_SEGMENTS = 12_000
_LEAST = 5.0  # points of a line that can be a side of a cell
_STRAIGHT = 0.5  # points by which it may lean
_LOOKED_AT = 400  # characters that say which way a page is to be read

Letter = tuple[str, Box | None]
"""A character and where it stands; a space stands nowhere."""
Turn = Callable[[float, float], tuple[float, float]]

# From the coordinates of the file to those of the reader, right and down, by the quarters that text is turned.
_TURNS: tuple[Turn, ...] = (
    lambda x, y: (x, -y),
    lambda x, y: (-y, -x),
    lambda x, y: (-x, y),
    lambda x, y: (y, x),
)


def drawn(page: Any) -> list[Any]:
    """What is drawn on the page; nothing when it is so much that it is a picture."""
    import pypdfium2.raw as raw

    count = raw.FPDFPage_CountObjects(page)
    if count > _MOST_OBJECTS:
        return []
    every = (raw.FPDFPage_GetObject(page, number) for number in range(count))
    paths = [one for one in every if raw.FPDFPageObj_GetType(one) == raw.FPDF_PAGEOBJ_PATH]
    return paths if sum(map(raw.FPDFPath_CountSegments, paths)) <= _MOST_SEGMENTS else []


def turn(words: Any) -> Turn:
    """How most of the text is turned."""
    import pypdfium2.raw as raw

    count = raw.FPDFText_CountChars(words)
    looked_at = range(0, count, count // _LOOKED_AT + 1)
    angles = (raw.FPDFText_GetCharAngle(words, number) for number in looked_at)
    turns = Counter(round(angle / (math.pi / 2)) % 4 for angle in angles if angle >= 0)
    return _TURNS[turns.most_common(1)[0][0] if turns else 0]


def lines(paths: list[Any], turned: Turn) -> tuple[list[Line], list[Line]]:
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


def letters(words: Any, turned: Turn) -> Iterator[Letter]:
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
