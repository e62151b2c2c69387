"""Files of every kind, made on the spot for the tests of the readers."""

import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def write(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def pdf(*pages: Sequence[str], password: str | None = None) -> bytes:
    """A PDF whose pages have these lines, from the top."""
    from reportlab.pdfgen import canvas

    out = io.BytesIO()
    sheet = canvas.Canvas(out, encrypt=password, invariant=1)
    for lines in pages:
        for number, line in enumerate(lines):
            sheet.drawString(72, 760 - 14 * number, line)
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def scanned_pdf(pages: int = 2) -> bytes:
    """A PDF that has pictures of pages and no text."""
    from PIL import Image
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen import canvas

    out = io.BytesIO()
    sheet = canvas.Canvas(out, invariant=1)
    for shade in range(pages):
        picture = ImageReader(Image.new("RGB", (60, 80), (shade, 90, 90)))
        sheet.drawImage(picture, 0, 0, 500, 700)
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def saved(document: Any) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def docx(build: Callable[[Any], None]) -> bytes:
    import docx as python_docx

    document = python_docx.Document()
    build(document)
    return saved(document)


def pptx(build: Callable[[Any], None]) -> bytes:
    import pptx as python_pptx

    deck = python_pptx.Presentation()
    build(deck)
    return saved(deck)


def xlsx(sheets: dict[str, Sequence[Sequence[Any]]]) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    return saved(book)


def repacked(original: bytes, change: dict[str, Callable[[bytes], bytes]]) -> bytes:
    """The zip archive with some of its members changed; a name that is new is added."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(original)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        names = old.namelist()
        for name in [*names, *(name for name in change if name not in names)]:
            data = old.read(name) if name in names else b""
            new.writestr(name, change[name](data) if name in change else data)
    return out.getvalue()


def filled(document: Any) -> None:
    """A Word document with headings, text and a table in between."""
    document.add_heading("Guide", 1)
    document.add_paragraph("Before the table.")
    table = document.add_table(rows=2, cols=2)
    for row, texts in zip(table.rows, [("Part", "Price"), ("Bolt | M4", "0.20")], strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    document.add_paragraph("After the table.")
    document.add_heading("Install", 2)
    document.add_paragraph("first", style="List Bullet")
    document.add_paragraph("second", style="List Bullet")
