"""What a PDF draws that is not certain to be a table is read as text, however much of it there is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.retrieval.reading.draft import Draft, ReadLimits
from core.retrieval.reading.formats import pdf
from core.retrieval.reading.formats.pdf_columns import stacks, tables
from core.retrieval.reading.formats.pdf_grid import grids, joined
from core.retrieval.reading.reader import assemble
from tests.core.retrieval.reading import files
from tests.core.retrieval.reading.test_hostile_files import flate
from tests.core.retrieval.reading.test_pdf_tables import paged, read, table
from tests.core.retrieval.reading.test_picture import canvas


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


NUMBER = st.integers(0, 6).map(lambda n: n * 20.0) | st.floats()
LINES = st.lists(st.tuples(NUMBER, NUMBER, NUMBER), max_size=12)


@given(LINES, LINES, st.lists(st.tuples(NUMBER, NUMBER, NUMBER, NUMBER), max_size=8))
def test_any_lines_make_whole_cells_or_no_grid(across: Any, down: Any, boxes: Any) -> None:
    lines = joined(across, down)
    between = [grid for stack in stacks(lines[0], []) for grid in tables(stack, boxes)]
    for grid in [*grids(*lines), *between]:
        places = {(row, column) for row in range(grid.rows) for column in range(grid.columns)}
        assert set(grid.cells) == places
        assert all(grid.cells[cell] == cell <= place for place, cell in grid.cells.items())
