"""Tables that a PDF draws with lines or filled cells are read as rows, at their place in the page."""

import io
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reportlab.lib import colors
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

from core.retrieval.draft import Draft, ReadLimits
from core.retrieval.extract import extract
from core.retrieval.formats import pdf
from core.retrieval.letters import letters
from core.retrieval.painter import paint
from core.retrieval.reader import assemble
from core.types import Extracted
from tests.core.retrieval import files
from tests.core.retrieval.test_hostile_files import flate
from tests.core.retrieval.test_picture import canvas

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


def test_a_table_in_one_of_two_columns_leaves_the_other_as_it_is(tmp_path: Path) -> None:
    def draw(sheet: Any) -> None:
        for n in range(6):
            sheet.drawString(50, 700 - 14 * n, f"left {n}")
        drawn(sheet, 300, 630, table())
        sheet.drawString(300, 600, "right below")

    left = "\n".join(f"left {n}" for n in range(6))
    assert read(tmp_path, canvas(draw)).text == f"{left}\n\n{ROWS}\n\nright below"


def test_a_table_drawn_in_turn_with_the_text_beside_it_stays_text(tmp_path: Path) -> None:
    def draw(sheet: Any) -> None:
        for n, row in enumerate([["Adult", "12 EUR"], ["Child", "8 EUR"]]):
            sheet.drawString(50, 705 - 18 * n, f"left {n}")
            for column, text in enumerate(row):
                sheet.drawString(304 + 60 * column, 705 - 18 * n, text)
        sheet.grid([300, 360, 420], [700 + 18 - 18 * n for n in range(3)])

    assert read(tmp_path, canvas(draw)).text == "left 0 Adult 12 EUR\nleft 1 Child 8 EUR"


def test_a_text_that_runs_over_its_cell_is_not_torn(tmp_path: Path) -> None:
    cells = [["Ticket", "Price"], ["A very long text over its side", ""], ["Child", "8"]]
    text = read(tmp_path, paged(table(cells, colWidths=[60, 60]))).text
    assert text == "Ticket Price\nA very long text over its side\nChild 8"


def boxes(sheet: Any) -> None:
    for n, label in enumerate(["Name", "Street", "City"]):
        sheet.drawString(72, 700 - 40 * n, label)
        sheet.rect(150, 695 - 40 * n, 200, 20)
        sheet.drawString(155, 700 - 40 * n, f"value {n}")


def bars(sheet: Any) -> None:
    for y in range(6):
        sheet.line(100, 400 + 40 * y, 400, 400 + 40 * y)
        sheet.drawString(80, 397 + 40 * y, str(y))
    for n, height in enumerate([50, 120, 90, 170]):
        sheet.rect(120 + 70 * n, 400, 40, height)
        sheet.drawString(130 + 70 * n, 405 + height, str(height))


def squares(sheet: Any) -> None:
    sheet.grid(range(100, 301, 40), range(400, 601, 40))
    sheet.drawString(105, 505, "peak")


def frames(sheet: Any) -> None:
    sheet.grid([50, 300, 550], [100, 400, 750])
    for x, y in [(60, 735), (310, 735), (60, 385), (310, 385)]:
        for n in range(24):
            sheet.drawString(x, y - 11 * n, "a column of text in a frame of lines")


@pytest.mark.parametrize("draw", [boxes, bars, squares, frames])
def test_a_drawing_is_no_table(tmp_path: Path, draw: Callable[[Any], None]) -> None:
    assert "|" not in read(tmp_path, canvas(draw)).text


@pytest.mark.parametrize(
    "lines",
    [
        b"".join(b"%d %d m %d %d l S\n" % (n % 500, n % 700, n % 490, n % 70) for n in range(20_000)),
        b"0 0 m " + b"9 9 l 500 9 l 500 700 l " * 20_000 + b"S\n",
        b"".join(b"%d 0 m %d 800 l 0 %d m 600 %d l S\n" % (n, n, n, n) for n in range(1, 600)),
        b"".join(b"%d %d 9 9 re f\n" % (n % 50 * 10, n // 50 * 10) for n in range(2_400)),
        b"1e38 0 0 1e38 0 0 cm 0 0 9e9 9e9 re f 0 0 m 1e38 1e38 l S\n",
    ],
    ids=["lines", "one path", "a mesh", "squares", "beyond all numbers"],
)  # fmt: skip
def test_a_page_of_lines_without_end_is_read_as_text(tmp_path: Path, lines: bytes) -> None:
    page = flate(b"BT /F 12 Tf 50 700 Td (hello) Tj ET q " + lines + b"Q")
    assert read(tmp_path, page).text == "hello"


def test_when_the_time_for_tables_is_over_the_rest_is_read_as_text(tmp_path: Path) -> None:
    path = files.write(tmp_path, "a.pdf", paged("Above.", table()))
    draft = Draft(ReadLimits(seconds=0), lambda done, total: None)
    pdf.read(path, draft)
    assert assemble(draft).text == "Above.\nTicket Mon Tue\nAdult 12 15\nChild\n8\nSenior\n9"


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
