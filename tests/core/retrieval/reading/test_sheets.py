"""A cell says what Excel shows in it, and a sheet what stands beside its cells."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from core.retrieval.reading.extract import extract
from core.retrieval.reading.formats.sheet_forms import PLAIN, Form, form
from tests.core.retrieval.reading import files


def book_of(*rows: Any) -> Any:
    import openpyxl

    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    return book


def test_numbers_have_the_percent_sign_the_currency_and_the_digits_that_excel_shows(
    tmp_path: Path,
) -> None:
    book = book_of(
        ("item", "share", "price", "mass", "sum", "time"),
        ("a", 0.156, 1234.5, 5, 1, datetime.timedelta(hours=30, minutes=5)),
        ("b", 1, -2, 6.25, True, datetime.timedelta(seconds=61)),
    )
    sheet = book.active
    for place, code in {"B": "0.0%", "C": '"€"#,##0.00;[Red]-"€"0', "D": '0.0" kg"'}.items():
        for row in (2, 3):
            sheet[f"{place}{row}"].number_format = code
    saved = files.repacked(
        files.saved(book),
        {
            "xl/worksheets/sheet1.xml": lambda xml: xml.replace(
                b'<c r="E2" t="n"><v>1</v>', b'<c r="E2" t="n"><v>0.30000000000000004</v>'
            )
        },
    )
    text = extract(files.write(tmp_path, "b10b", saved), "xlsx").text
    assert text.split("\n")[-2:] == [
        "- Row 2 | item: a | share: 15.6% | price: €1234.5 | mass: 5 kg | sum: 0.3 | time: 30:05:00",
        "- Row 3 | item: b | share: 100% | price: €-2 | mass: 6.25 kg | sum: TRUE | time: 0:01:01",
    ]


@pytest.mark.parametrize(
    ("code", "added"),
    [
        ("General", PLAIN),
        ("0.00E+00", PLAIN),
        ("#,##0", PLAIN),
        ("# ?/?", PLAIN),
        ("[$$-409]#,##0.00", Form("$", "", 1)),
        ("#,##0.00\\ [$€-407]", Form("", " €", 1)),
        ('_-* #,##0.00\\ "USD"_-;-* 0', Form("", " USD", 1)),
        ('0.0,,"M"', Form("", " M", 1e-6)),
        ("0.00\\ %", Form("", "%", 100)),
        ('"nothing"', PLAIN),
        ("", PLAIN),
        ("0" * 90_000, PLAIN),
    ],
)
def test_a_format_adds_a_sign_or_a_unit_and_nothing_else(code: str, added: Form) -> None:
    assert form(code) == added


def test_comments_and_text_boxes_of_a_sheet_are_read_below_its_rows(tmp_path: Path) -> None:
    from openpyxl.comments import Comment

    book = book_of(("item", "price"), ("a", 1))
    book.active["B2"].comment = Comment("check this", "Ann")
    saved = files.saved(book)
    drawn = (
        b'<d:wsDr xmlns:d="urn:d" xmlns:a="urn:a"><d:sp><d:txBody><a:p><a:r><a:t>All net.</a:t></a:r></a:p>'
        b"</d:txBody></d:sp></d:wsDr>"
    )
    changed = files.repacked(
        saved,
        {
            "xl/drawings/drawing9.xml": lambda _: drawn,
            "xl/worksheets/_rels/sheet1.xml.rels": lambda xml: xml.replace(
                b"</Relationships>",
                b'<Relationship Id="r9" Type="http://x/drawing" Target="../drawings/drawing9.xml"/>'
                b'<Relationship Id="r8" Type="http://x/drawing" Target="../../../etc/passwd"/></Relationships>',
            ),
        },
    )
    text = extract(files.write(tmp_path, "b10b", changed), "xlsx").text
    assert text.endswith("Comment on B2: check this\nText box: All net.")


def test_of_comments_with_answers_the_copy_for_old_programs_is_not_read(tmp_path: Path) -> None:
    from openpyxl.comments import Comment

    book = book_of(("item", "price"), ("a", 1))
    book.active["B2"].comment = Comment("[Threaded comment] Your version of Excel ...", "tc")
    new = (
        b'<t:ThreadedComments xmlns:t="urn:t"><t:threadedComment ref="B2"><t:text>Net or gross?</t:text>'
        b'</t:threadedComment><t:threadedComment ref="B2"><t:text>Net.</t:text></t:threadedComment></t:ThreadedComments>'
    )
    changed = files.repacked(
        files.saved(book),
        {
            "xl/threadedComments/t1.xml": lambda _: new,
            "xl/worksheets/_rels/sheet1.xml.rels": lambda xml: xml.replace(
                b"</Relationships>",
                b'<Relationship Id="r9" Type="http://x/threadedComment" Target="/xl/threadedComments/t1.xml"/></Relationships>',
            ),
        },
    )
    text = extract(files.write(tmp_path, "b10b", changed), "xlsx").text
    assert text.endswith("Comment on B2: Net or gross?\nComment on B2: Net.")
    assert "Threaded" not in text


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("xl/styles.xml", b"<fill>", b"<fill/><fill>"),
        ("xl/styles.xml", b'<family val="2"', b'<family val="34"'),
        ("xl/styles.xml", b"<border>", b'<border><left style="weird"/></border><border>'),
        ("xl/styles.xml", b"<cellStyle ", b'<cellStyle odd="1" '),
        ("docProps/core.xml", b"Z</dcterms:created>", b" no date</dcterms:created>"),
    ],
)  # fmt: skip
def test_no_colour_font_or_property_makes_a_file_unreadable(
    tmp_path: Path, part: str, old: bytes, new: bytes
) -> None:
    book = book_of(("day", "share"), (datetime.date(2026, 3, 1), 0.5))
    book.active["B2"].number_format = "0%"

    def change(xml: bytes) -> bytes:
        assert old in xml
        return xml.replace(old, new, 1)

    changed = files.repacked(files.saved(book), {part: change})
    text = extract(files.write(tmp_path, "b10b", changed), "xlsx").text
    assert text.endswith("- Row 2 | day: 2026-03-01 | share: 50%")
