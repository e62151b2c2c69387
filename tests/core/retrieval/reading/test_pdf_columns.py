"""Tables of a PDF with lines between their rows only, and what looks like one, are told apart."""

from pathlib import Path
from typing import Any

import pytest
from reportlab.lib import colors
from reportlab.platypus import Spacer

from tests.core.retrieval.reading.test_pdf_tables import ROWS, paged, read, table
from tests.core.retrieval.reading.test_picture import canvas

PRICES = [["Ticket", "Mon", "Tue"], ["Adult", "12", "15"], ["Child", "", "8"], ["Senior", "9", ""]]
TOP = ("LINEABOVE", (0, 0), (-1, 0), 1, colors.black)
HEAD = ("LINEBELOW", (0, 0), (-1, 0), 1, colors.black)
EACH = ("LINEBELOW", (0, 0), (-1, -1), 0.5, colors.black)
END = ("LINEBELOW", (0, -1), (-1, -1), 1, colors.black)
BANDS = ("ROWBACKGROUNDS", (0, 0), (-1, -1), [colors.lightgrey, colors.white])


@pytest.mark.parametrize(
    "style",
    [
        [TOP, EACH],
        [EACH],
        [("INNERGRID", (0, 0), (-1, -1), 0, colors.white), ("BOX", (0, 0), (-1, -1), 1, 0), EACH],
        [TOP, HEAD, END],
        [BANDS],
    ],
    ids=["every row", "below every row", "in a frame", "the head and the end", "filled rows"],
)
def test_columns_end_where_no_row_has_a_letter(tmp_path: Path, style: list[Any]) -> None:
    content = paged("Above the table.", table(PRICES, *style), "Below the table.")
    assert read(tmp_path, content).text == f"Above the table.\n\n{ROWS}\n\nBelow the table."


def test_a_row_that_says_something_to_all_columns_ends_the_table(tmp_path: Path) -> None:
    cells = [*PRICES, ["Prices for groups are told on the phone", "", ""]]
    text = read(tmp_path, paged(table(cells, TOP, EACH, colWidths=[70, 70, 70]))).text
    assert text == f"{ROWS}\n\nPrices for groups are told on the phone"


def test_no_number_is_torn_where_a_cell_of_two_lines_stands_above_the_lines(tmp_path: Path) -> None:
    cells = [["Bolt\n3-0", "Quinn", "204.33"], *[[f"Nut {n}", "Osei", f"{n}.5"] for n in range(3)]]
    middle = ("VALIGN", (0, 0), (-1, -1), "MIDDLE"), ("LEADING", (0, 0), (-1, -1), 14)
    text = read(tmp_path, paged(table(cells, EACH, *middle))).text
    assert "204.33" in text and "| Nut 1 | Osei | 1.5 |" in text


def test_a_long_table_is_read_whose_head_and_end_alone_have_lines(tmp_path: Path) -> None:
    cells = [["Bar", "Lamps", "Kilowatts"], *([f"Bar {n}", n * 3 or "", n * 7] for n in range(30))]
    text = read(tmp_path, paged("Above.", table(cells, TOP, HEAD, END), "Below.")).text
    rows = "\n".join(f"| Bar {n} | {n * 3 or ''} | {n * 7} |" for n in range(30))
    assert text == f"Above.\n\n| Bar | Lamps | Kilowatts |\n| --- | --- | --- |\n{rows}\n\nBelow."


def test_between_lines_at_its_head_and_end_a_page_of_two_columns_is_no_table(
    tmp_path: Path,
) -> None:
    def draw(sheet: Any) -> None:
        for y in (760, 740, 80):
            sheet.line(50, y, 550, y)
        sheet.drawString(50, 745, "Annual report")
        sheet.drawString(500, 745, "page 3")
        for x in (50, 320):
            for n in range(40):
                sheet.drawString(x, 720 - 15 * n, f"Line {n} of a text in two columns,")

    assert "|" not in read(tmp_path, canvas(draw)).text


def test_text_between_lines_is_no_table(tmp_path: Path) -> None:
    def draw(sheet: Any) -> None:
        for n in range(6):
            sheet.line(50, 700 - 40 * n, 500, 700 - 40 * n)
            sheet.drawString(
                52, 688 - 40 * n, f"Section {n} says that the lamp is on in house {n * 7},"
            )
            sheet.drawString(52, 674 - 40 * n, f"and that nobody has seen {n} of the other ones.")

    assert "|" not in read(tmp_path, canvas(draw)).text


def test_a_title_and_a_line_of_text_near_a_table_are_not_rows_of_it(tmp_path: Path) -> None:
    def draw(sheet: Any) -> None:
        sheet.drawString(50, 735, "Prices of this year, all of them in euros and with tax")
        for n, row in enumerate([["Ticket", "Price"], ["Adult", "12"], ["Child", ""]]):
            sheet.line(50, 722 - 20 * n, 250, 722 - 20 * n)
            sheet.drawString(52, 708 - 20 * n, row[0])
            sheet.drawString(200, 708 - 20 * n, row[1])
        sheet.line(50, 662, 250, 662)
        sheet.drawString(50, 645, "Children under six pay nothing")

    assert read(tmp_path, canvas(draw)).text == (
        "Prices of this year, all of them in euros and with tax\n\n"
        "| Ticket | Price |\n| --- | --- |\n| Adult | 12 |\n| Child |\n\n"
        "Children under six pay nothing"
    )


def test_a_head_above_the_first_line_is_the_head_also_under_a_title(tmp_path: Path) -> None:
    def draw(sheet: Any) -> None:
        sheet.drawString(50, 740, "First look here")
        for x, y, text in [
            (50, 720, "What you see"), (200, 720, "What to do"), (50, 698, "Lamp dark"),
            (200, 698, "leave it for tonight,"), (200, 686, "then replace it"), (50, 664, "Hum"),
        ]:  # fmt: skip
            sheet.drawString(x, y, text)
        for y in (712, 678, 654):
            sheet.line(50, y, 400, y)

    assert read(tmp_path, canvas(draw)).text == (
        "First look here\n\n| What you see | What to do |\n| --- | --- |\n"
        "| Lamp dark | leave it for tonight, then replace it |\n| Hum |"
    )


def test_tables_of_one_width_below_each_other_stay_apart(tmp_path: Path) -> None:
    words = [["Word", "What it means"], ["Bar", "a pipe across the stage"], ["Cue", "a change"]]
    wide = table(PRICES, EACH, colWidths=[100, 50, 50])
    other = table(words, EACH, colWidths=[40, 160])
    text = read(tmp_path, paged(wide, Spacer(1, 20), "Words", other)).text
    assert text == (
        f"{ROWS}\n\nWords\n\n| Word | What it means |\n| --- | --- |\n"
        "| Bar | a pipe across the stage |\n| Cue | a change |"
    )


def test_rows_without_lines_are_told_by_the_order_in_which_the_file_has_them(
    tmp_path: Path,
) -> None:
    def draw(sheet: Any) -> None:
        for y in (715, 697, 630):
            sheet.line(50, y, 400, y)
        for x, y, text in [
            (52, 702, "Name"), (150, 702, "What"), (300, 702, "Price"),
            (52, 684, "Alpha"), (150, 684, "a first thing that"), (150, 672, "goes on"), (300, 684, "12"),
            (52, 654, "Beta"), (300, 654, "15"),
            (52, 636, "Gamma"), (150, 636, "a third"),
        ]:  # fmt: skip
            sheet.drawString(x, y, text)

    assert read(tmp_path, canvas(draw)).text == (
        "| Name | What | Price |\n| --- | --- | --- |\n| Alpha | a first thing that goes on | 12 |\n"
        "| Beta |  | 15 |\n| Gamma | a third |"
    )
