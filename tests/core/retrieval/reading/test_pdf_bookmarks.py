"""Bookmarks of a PDF are the headings of what stands below them."""

import io
from pathlib import Path
from typing import Any

from core.retrieval.chunk import Chunker
from core.retrieval.reading.extract import extract
from core.types import Extracted
from tests.core.retrieval.reading import files

PAGES = (
    ["Cover"],
    ["see glass", "1 Lamps", "They are bright.", "1.1 Of Glass", "It breaks."],
    ["Still glass.", "2 Rope", "It holds."],
)
MARKS = (("Lamps", 2, 0), ("Of glass", 2, 1), ("Nowhere\u200b said", 3, 1), ("Rope", 3, 0), ("Cover", 1, 0))  # fmt: skip


def read(folder: Path) -> Extracted:
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    sheet: Any = Canvas(out, invariant=1)
    for number, lines in enumerate(PAGES, 1):
        for title, on, _ in MARKS:
            if on == number:
                sheet.bookmarkPage(title)
        for place, line in enumerate(lines):
            sheet.drawString(72, 760 - 14 * place, line)
        sheet.showPage()
    for title, _, level in MARKS:
        sheet.addOutlineEntry(title, title, level)
    sheet.save()
    return extract(files.write(folder, "b10b", out.getvalue()), "pdf")


def test_bookmarks_are_headings_where_their_words_stand(tmp_path: Path) -> None:
    extracted = read(tmp_path)
    assert [
        (h.level, h.title, extracted.text[h.start :].partition("\n")[0]) for h in extracted.headings
    ] == [
        (1, "Lamps", "1 Lamps"),
        (2, "Of glass", "1.1 Of Glass"),
        (2, "Nowhere said", "Still glass."),
        (1, "Rope", "2 Rope"),
    ]


def test_a_passage_of_a_pdf_says_what_it_stands_under(tmp_path: Path, chunker: Chunker) -> None:
    chunks = chunker.chunks(read(tmp_path))
    assert [(chunk.page, chunk.heading) for chunk in chunks] == [
        (1, ""),
        (2, ""),
        (3, "Lamps > Nowhere said"),
    ]
