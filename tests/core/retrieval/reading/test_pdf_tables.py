"""Tables that a PDF draws with lines or filled cells are read as rows, at their place in the page."""

import io
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reportlab.lib import colors
from reportlab.pdfbase.pdfdoc import PDFArray
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

from core.retrieval.reading.draft import Draft, ReadLimits
from core.retrieval.reading.extract import extract
from core.retrieval.reading.formats import pdf
from core.retrieval.reading.letters import letters
from core.retrieval.reading.painter import paint
from core.retrieval.reading.reader import assemble
from core.types import Extracted
from tests.core.retrieval.reading import files
from tests.core.retrieval.reading.test_picture import canvas

PRICES = [["Ticket", "Mon", "Tue"], ["Adult", "12", "15"], ["Child", "", "8"], ["Senior", "9", ""]]
ROWS = """\
| Ticket | Mon | Tue |
| --- | --- | --- |
| Adult | 12 | 15 |
| Child |  | 8 |
| Senior | 9 |"""
LINES = ("GRID", (0, 0), (-1, -1), 0.5, colors.black)


def table(cells: Sequence[Sequence[Any]] = PRICES, *style: Any, **given_: Any) -> Table:
    return Table([list(row) for row in cells], style=style or (LINES,), **given_)


def paged(*flow: Any) -> bytes:
    """A PDF in which these stand below each other; a str is a paragraph."""
    from reportlab.lib.styles import getSampleStyleSheet

    style = getSampleStyleSheet()["Normal"]
    out = io.BytesIO()
    document = SimpleDocTemplate(out, invariant=1)
    document.build([Paragraph(part, style) if isinstance(part, str) else part for part in flow])
    return out.getvalue()


def drawn(sheet: Any, x: float, y: float, what: Table) -> None:
    what.wrapOn(sheet, 400, 400)
    what.drawOn(sheet, x, y)


def read(folder: Path, content: bytes) -> Extracted:
    """In this process: a child for each of so many small files would take the time of the test."""
    draft = Draft(ReadLimits(), lambda done, total: None)
    pdf.read(files.write(folder, "a.pdf", content), draft)
    return assemble(draft)


def test_a_table_is_read_as_rows_with_its_empty_cells(tmp_path: Path) -> None:
    path = files.write(tmp_path, "a.pdf", paged("Above.", table(), "Below."))
    assert extract(path, "pdf").text == f"Above.\n\n{ROWS}\n\nBelow."


@pytest.mark.parametrize(
    "style",
    [
        [("INNERGRID", (0, 0), (-1, -1), 0.5, colors.black)],
        [LINES, ("BACKGROUND", (0, 0), (-1, 0), colors.lightblue)],
        [
            ("BACKGROUND", (x, y), (x, y), (colors.lightgrey, colors.pink)[(x + y) % 2])
            for x in range(3)
            for y in range(4)
        ],
        [("LINEBELOW", (0, 0), (-1, 0), 1, colors.black), ("LINEAFTER", (0, 0), (-2, -1), 1, 0)],
    ],
    ids=["lines inside only", "a filled head", "filled cells without a line", "a ruled head only"],
)
def test_a_table_is_known_however_it_is_drawn(tmp_path: Path, style: list[Any]) -> None:
    content = paged("Above.", table(PRICES, *style), "Below.")
    assert read(tmp_path, content).text == f"Above.\n\n{ROWS}\n\nBelow."


def test_a_merged_cell_stands_in_the_first_of_its_places(tmp_path: Path) -> None:
    cells = [["Prices", "", ""], ["Ticket", "Mon", "Tue"], ["Adult", "12", "15"], ["", "13", "16"]]
    spans = ("SPAN", (0, 0), (-1, 0)), ("SPAN", (0, 2), (0, 3))
    assert read(tmp_path, paged(table(cells, LINES, *spans))).text == (
        "| Prices |  |  |\n| --- | --- | --- |\n"
        "| Ticket | Mon | Tue |\n| Adult | 12 | 15 |\n|  | 13 | 16 |"
    )


def test_a_cell_of_two_lines_is_one_line(tmp_path: Path) -> None:
    cells = [["Ticket", "Price"], ["Adult with\na dog", "12 |\na day"], ["Pre-\nschool", "-"]]
    assert read(tmp_path, paged(table(cells, LINES, ("VALIGN", (0, 0), (-1, -1), "TOP")))).text == (
        "| Ticket | Price |\n| --- | --- |\n| Adult with a dog | 12 \\| a day |\n| Preschool | - |"
    )


def test_a_hyphen_at_the_end_of_a_row_divides_no_word(tmp_path: Path) -> None:
    content = paged(table([["Ticket", "For"], ["Day", "pre-"], ["school", "all"]]))
    assert read(tmp_path, content).text.endswith("| Day | pre- |\n| school | all |")


def test_two_tables_of_a_page_stay_apart_and_in_order(tmp_path: Path) -> None:
    content = paged("One.", table(), "Two.", table(), "Three.")
    assert read(tmp_path, content).text == f"One.\n\n{ROWS}\n\nTwo.\n\n{ROWS}\n\nThree."


def test_pages_keep_their_numbers_and_places(tmp_path: Path) -> None:
    from reportlab.platypus import PageBreak

    content = paged("First.", table(), PageBreak(), "Second.", PageBreak(), table())
    extracted = read(tmp_path, content)
    pages = [extracted.text[page.start : page.end] for page in extracted.pages]
    assert pages == [f"First.\n\n{ROWS}", "Second.", ROWS]


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_a_table_is_read_on_a_turned_page_and_when_it_lies_on_its_side(
    tmp_path: Path, angle: int
) -> None:
    def draw(sheet: Any) -> None:
        sheet.translate(300, 400)
        sheet.rotate(angle)
        drawn(sheet, -100, -50, table())

    def turned(sheet: Any) -> None:
        sheet.setPageRotation(angle)
        draw(sheet)

    assert read(tmp_path, canvas(draw)).text == ROWS
    assert read(tmp_path, canvas(turned)).text == ROWS


def test_a_table_in_a_form_within_a_form_is_read(tmp_path: Path) -> None:
    def draw(sheet: Any) -> None:
        sheet.beginForm("inner", 0, 0, 600, 800)
        drawn(sheet, 20, 30, table())
        sheet.endForm(Matrix=PDFArray([1, 0, 0, 1, 5, 5]))
        sheet.beginForm("outer", 0, 0, 600, 800)
        sheet.translate(10, 10)
        sheet.doForm("inner")
        sheet.endForm()
        sheet.translate(100, 500)
        sheet.scale(1.2, 1.2)
        sheet.doForm("outer")

    assert read(tmp_path, canvas(draw)).text == ROWS


def test_a_table_in_one_of_two_columns_leaves_the_other_as_it_is(tmp_path: Path) -> None:
    def draw(sheet: Any) -> None:
        for n in range(6):
            sheet.drawString(50, 700 - 14 * n, f"left {n}")
        drawn(sheet, 300, 630, table())
        sheet.drawString(300, 600, "right below")

    left = "\n".join(f"left {n}" for n in range(6))
    assert read(tmp_path, canvas(draw)).text == f"{left}\n\n{ROWS}\n\nright below"


def pieces(sheet: Any) -> None:
    """As Word draws: thin filled rectangles, and one more at each crossing."""
    for x, y in product((300, 360, 420), (600, 620, 640)):
        sheet.rect(x, y, 0.5, 0.5, stroke=0, fill=1)
    for x, y in product((300, 360), (600, 620, 640)):
        sheet.rect(x + 0.5, y, 59.5, 0.5, stroke=0, fill=1)
    for x, y in product((300, 360, 420), (600, 620)):
        sheet.rect(x, y + 0.5, 0.5, 19.5, stroke=0, fill=1)


def spaced(sheet: Any) -> None:
    """As a browser draws: a frame for each cell, with space between them, and one for all."""
    sheet.rect(298, 598, 124, 44)
    for x, y in product((300, 361), (600, 621)):
        sheet.rect(x, y, 59, 19)


def marked(sheet: Any) -> None:
    """With something filled within a cell."""
    sheet.setFillGray(0.9)
    sheet.rect(304, 623, 40, 14, stroke=0, fill=1)
    sheet.setFillGray(0)
    sheet.grid([300, 360, 420], [600, 620, 640])


@pytest.mark.parametrize("draw", [pieces, spaced, marked])
def test_lines_in_pieces_and_frames_within_frames_are_one_table(
    tmp_path: Path, draw: Callable[[Any], None]
) -> None:
    def both(sheet: Any) -> None:
        draw(sheet)
        for x, y, text in [(306, 626, "Ticket"), (365, 626, "Price"), (365, 606, "12")]:
            sheet.drawString(x, y, text)

    assert read(tmp_path, canvas(both)).text == "| Ticket | Price |\n| --- | --- |\n|  | 12 |"


def test_a_row_that_is_cited_is_found_on_its_page(tmp_path: Path) -> None:
    path = files.write(tmp_path, "a.pdf", paged("Above.", table(), "Below."))
    text = extract(path, "pdf").text
    row = "| Adult | 12 | 15 |"
    said, _ = paint(path, 1, 0, len(letters(text[: text.index(row)])), letters(row))
    assert len(said["boxes"]) == 3


def kept(text: str) -> Counter[str]:
    """The letters of a text; what rows are written with is none."""
    return Counter(re.sub(r"[\s|\\]", "", re.sub(r"(?m)^\|( --- \|)+$", "", text)))


CELL = st.sampled_from(["", "a", "Bolt M4", "two\nlines", "12.5 %", "a longer text", "x | y", "-"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(
    st.integers(2, 4).flatmap(
        lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1)
    ),
    st.integers(0, 1_000),
)
def test_no_letter_is_lost_or_doubled(tmp_path: Path, cells: list[list[str]], seed: int) -> None:
    chance = random.Random(seed)
    width = chance.choice([None, [30] * len(cells[0])])
    spans = [("SPAN", (0, 0), (chance.randrange(2), chance.randrange(min(2, len(cells)))))]
    style = chance.choice([[LINES], [LINES, *spans], [("BOX", (0, 0), (-1, -1), 1, 0)]])
    content = paged("Above.", table(cells, *style, colWidths=width), "Below.")
    path = files.write(tmp_path, "a.pdf", content)
    plain = Draft(ReadLimits(seconds=0), lambda done, total: None)
    pdf.read(path, plain)
    assert kept(read(tmp_path, content).text) == kept(plain.pages[0])
