"""The child process that draws one page of a PDF: `python -m core.retrieval.reading.painter MEMORY REQUEST`.

The request is JSON; the answer on standard output is one line of JSON and then the PNG.
"""

import json
import math
import struct
import sys
import zlib
from itertools import accumulate
from pathlib import Path
from typing import Any

from core.errors import Refused
from core.processes.inside import limit_memory
from core.retrieval.reading.formats.pdf import open_pdf
from core.retrieval.reading.letters import letters, nearest

_MOST_PIXELS = 4_000_000
_HIGHEST = 4_000
_MOST_CHARACTERS = 200_000
_MOST_RECTS = 2_000
_GRID = 100_000  # steps across the page in which PDFium is asked for a place
_OUT_OF_MEMORY = 77

Rect = tuple[float, float, float, float]
"""Left, top, right and bottom in fractions of the page."""


def paint(
    path: Path, number: int, width: int, place: int, words: str
) -> tuple[dict[str, Any], bytes]:
    """Page `number` (from 1), `width` pixels wide, as PNG (none when it is 0); the boxes of the letters
    `words` that stand about `place` letters after its beginning. Raises Refused."""
    import pypdfium2 as pdfium

    document = open_pdf(path)
    document.init_forms()
    try:
        page = document[number - 1]
    except (pdfium.PdfiumError, IndexError) as error:
        raise Refused(
            f"damaged: page {number:,} cannot be opened",
            hint="Open the file in a PDF viewer, save it as a PDF again, and upload that.",
        ) from error
    scale = _scale(page, width)
    boxes = _boxes(page, place, words) if words else []
    drawn, size = (b"", (0, 0)) if not width else _png(page, scale)
    return {"width": size[0], "height": size[1], "boxes": boxes}, drawn


def _scale(page: Any, width: int) -> float:
    """Pixels for a point; fewer than asked for where the page would have too many."""
    across, down = page.get_size()
    if not (math.isfinite(across) and math.isfinite(down) and min(across, down) >= 1):
        raise Refused(
            "the page has no size that could be drawn",
            hint="Open the file in a PDF viewer, print it as a PDF, and upload that.",
        )
    most = math.sqrt(_MOST_PIXELS / (across * down))
    # PDFium rounds up: a hair less keeps what is drawn from being a pixel wider than allowed.
    return float(min((width - 0.01) / across, most, (_HIGHEST - 0.01) / max(across, down)))


def _png(page: Any, scale: float) -> tuple[bytes, tuple[int, int]]:
    bitmap = page.render(scale=scale, rev_byteorder=True)
    width, height, stride = bitmap.width, bitmap.height, bitmap.stride
    row = 3 * width
    pixels = bytes(bitmap.buffer)
    lines = b"".join(b"\0" + pixels[y * stride : y * stride + row] for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 5)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_part(*part) for part in parts), (width, height)


def _part(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _boxes(page: Any, place: int, words: str) -> list[Rect]:
    """Where the letters stand on the page, line by line."""
    import pypdfium2.raw as raw

    text = page.get_textpage()
    count = min(raw.FPDFText_CountChars(text), _MOST_CHARACTERS)
    each = [letters(_character(raw.FPDFText_GetUnicode(text, n))) for n in range(count)]
    start, end = nearest("".join(each), words, place)
    if start == end:
        return []
    reached = list(accumulate(map(len, each)))
    first = next(n for n, letter in enumerate(reached) if letter > start)
    last = next(n for n, letter in enumerate(reached) if letter >= end)
    return _joined(_rects(page, text, first, last - first + 1))


def _character(code: int) -> str:
    # A half of a pair is no letter that could be compared.
    return "" if 0xD800 <= code <= 0xDFFF or code > sys.maxunicode else chr(code)


def _rects(page: Any, text: Any, first: int, count: int) -> list[Rect]:
    import ctypes

    import pypdfium2.raw as raw

    found = []
    sides = [ctypes.c_double() for _ in range(4)]  # left, top, right, bottom
    for number in range(min(raw.FPDFText_CountRects(text, first, count), _MOST_RECTS)):
        if raw.FPDFText_GetRect(text, number, *sides):
            left, top, right, bottom = (side.value for side in sides)
            corners = [_on_page(page, left, top), _on_page(page, right, bottom)]
            (x0, x1), (y0, y1) = (sorted(values) for values in zip(*corners, strict=True))
            if x1 > x0 and y1 > y0:
                found.append((x0, y0, x1, y1))
    return found


def _on_page(page: Any, x: float, y: float) -> tuple[float, float]:
    """A place of the file as fractions of what is drawn, whatever was turned or cut off."""
    import ctypes

    import pypdfium2.raw as raw

    across, down = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page, 0, 0, _GRID, _GRID, 0, x, y, across, down)
    return tuple(min(max(side.value / _GRID, 0.0), 1.0) for side in (across, down))  # type: ignore[return-value]


def _joined(rects: list[Rect]) -> list[Rect]:
    """The pieces of one line as one box."""
    lines: list[Rect] = []
    for rect in rects:
        before = lines[-1] if lines else rect
        overlap = min(before[3], rect[3]) - max(before[1], rect[1])
        height = min(before[3] - before[1], rect[3] - rect[1])
        if lines and overlap > height / 2 and -height < rect[0] - before[2] < 3 * height:
            lines[-1] = (
                min(before[0], rect[0]),
                min(before[1], rect[1]),
                max(before[2], rect[2]),
                max(before[3], rect[3]),
            )
        else:
            lines.append(rect)
    return lines


def main(arguments: list[str]) -> int:
    """Draw the page that the request names; 77 says that memory ran out."""
    limit_memory(int(arguments[0]))
    request = json.loads(arguments[1])
    try:
        said, drawn = paint(Path(request.pop("path")), **request)
    except Refused as refused:
        said, drawn = {"refused": str(refused), "hint": refused.hint}, b""
    except MemoryError:
        return _OUT_OF_MEMORY
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + drawn)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
