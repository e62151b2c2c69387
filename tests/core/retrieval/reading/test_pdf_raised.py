"""Digits that a PDF raises behind a number are no digits of that number."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.retrieval.reading.extract import extract
from tests.core.retrieval.reading import files


def read(folder: Path, draw: Callable[[Any], None]) -> str:
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    sheet = Canvas(out, pagesize=(600, 800), invariant=1)
    draw(sheet)
    sheet.save()
    return extract(files.write(folder, "b10b", out.getvalue()), "pdf").text


def line(sheet: Any, y: int, *parts: tuple[str, float]) -> None:
    """Parts of a line, each raised by so much; what is raised is smaller."""
    text = sheet.beginText(72, y)
    for words, rise in parts:
        text.setFont("Helvetica", 7 if rise else 12)
        text.setRise(rise)
        text.textOut(words)
    sheet.drawText(text)


def test_powers_and_marks_of_footnotes_are_told_from_the_number_before_them(tmp_path: Path) -> None:
    def draw(sheet: Any) -> None:
        line(
            sheet,
            700,
            ("About 10", 0),
            ("6", 4),
            (" lamps or 10", 0),
            ("-12", 4),
            (" in 2024", 0),
            ("1", 4),
            (".", 0),
        )
        line(
            sheet,
            680,
            ("In 1,500", 0),
            ("23", 4),
            (" rooms, at 4711 and 20-30, H", 0),
            ("2", -2),
            ("O", 0),
        )

    assert read(tmp_path, draw) == (
        "About 10^6 lamps or 10^-12 in 2024^1.\nIn 1,500^23 rooms, at 4711 and 20-30, H2O"
    )


def test_what_is_written_both_ways_on_one_page_stays_as_it_is(tmp_path: Path) -> None:
    def draw(sheet: Any) -> None:
        line(sheet, 700, ("10", 0), ("6", 4), (" is more than 106", 0))

    assert read(tmp_path, draw) == "106 is more than 106"


def test_digits_of_a_line_that_climbs_are_not_raised(tmp_path: Path) -> None:
    def draw(sheet: Any) -> None:
        sheet.rotate(90)
        sheet.drawString(100, -100, "In 2011 and 0.1 of 71")

    assert read(tmp_path, draw) == "In 2011 and 0.1 of 71"


def test_what_is_raised_stays_in_its_line_where_the_reader_of_pdf_files_breaks_it(
    tmp_path: Path,
) -> None:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate

    out = io.BytesIO()
    style = getSampleStyleSheet()["Normal"]
    lines = [
        "About 10<super>6</super> cells grew on 25 m<super>2</super> in 2024<super>1</super>, and",
        "7", "8", "were left.",
    ]  # fmt: skip
    SimpleDocTemplate(out).build([Paragraph(line, style) for line in lines])
    text = extract(files.write(tmp_path, "b10b", out.getvalue()), "pdf").text
    assert text == "About 10^6 cells grew on 25 m2 in 2024^1, and\n7\n8\nwere left."
