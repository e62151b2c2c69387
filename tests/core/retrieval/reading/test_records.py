"""Rows of a table are records that stand on their own, in every passage that is cut from them."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Refused
from core.retrieval.chunk import Chunker
from core.retrieval.claims.passage import Passage
from core.retrieval.claims.verdicts import Judge
from core.retrieval.reading.draft import Draft, ReadLimits
from core.retrieval.reading.extract import extract
from core.retrieval.reading.formats.records import records
from core.retrieval.reading.reader import assemble
from tests.core.retrieval.reading import files

LIMITS = ReadLimits(seconds=20)


def csv(folder: Path, content: str | bytes) -> str:
    return extract(files.write(folder, "a.csv", content), "csv", LIMITS).text


def test_every_passage_of_a_long_table_names_its_columns(tmp_path: Path, chunker: Chunker) -> None:
    lines = ["Part;Price;Store"] + [f"Bolt {n};0.{n};Hall {n % 7}" for n in range(10, 400)]
    extracted = extract(files.write(tmp_path, "a.csv", "\n".join(lines)), "csv", LIMITS)
    chunks = chunker.chunks(extracted)
    assert len(chunks) > 10
    for chunk in chunks:
        for line in chunk.text.removeprefix("- Columns: Part | Price | Store\n").split("\n"):
            assert line.startswith("- Part: Bolt ")
            assert " | Price: 0." in line and " | Store: Hall " in line


def test_every_passage_of_a_long_sheet_names_its_rows_and_its_sheet(
    tmp_path: Path, chunker: Chunker
) -> None:
    rows: list[list[Any]] = [["Part", "Price"], *([f"Bolt {n}", n / 4] for n in range(300))]
    path = files.write(tmp_path, "a.xlsx", files.xlsx({"Stock": rows}))
    chunks = chunker.chunks(extract(path, "xlsx", LIMITS))
    assert len(chunks) > 5
    assert all(chunk.heading == "Stock" for chunk in chunks)
    assert chunks[-1].text.endswith("- Row 301 | Part: Bolt 299 | Price: 74.75")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("1,2\n3,4", "- 1 | 2\n- 3 | 4"),
        ("name\nAl", "- Columns: name\n- name: Al"),
        ("Stock of May\nPart,Price\nBolt,2", "Stock of May\n- Columns: Part | Price\n- Part: Bolt | Price: 2"),
        ("a,,c\n1,,3\n,,9", "- Columns: a | c\n- a: 1 | c: 3\n- c: 9"),
        ("a,b\n1,2,3", "- Columns: a | b\n- a: 1 | b: 2 | 3"),
        ("# id,x:y\n1,2", "- Columns: # id | x:y\n- id: 1 | x y: 2"),
        ("a,b\n\n1,2\n\n3,4", "- Columns: a | b\n- a: 1 | b: 2\n- a: 3 | b: 4"),
        ("sep=;\na;b\n1;2", "- Columns: a | b\n- a: 1 | b: 2"),
        ("only,one", "- only | one"),
        ("a,a\n1,2", "- a | a\n- 1 | 2"),
        ("id,name,id\n1,Al,7", "- Columns: id | name | id\n- id: 1 | name: Al | id: 7"),
        ("x,Al,x\ny,Bo,z", "- x | Al | x\n- y | Bo | z"),
        ("City,2022,2023-24\nRome,5,7", "- Columns: City | 2022 | 2023-24\n- City: Rome | 2022: 5 | 2023-24: 7"),
        ("Rome,1999\nOslo,2004", "- Rome | 1999\n- Oslo | 2004"),
        ("2022,2023\n5,7", "- 2022 | 2023\n- 5 | 7"),
    ],
    ids=["numbers", "one column", "title", "holes", "too many", "marks", "gaps", "sep", "one row", "twice",
         "twice over numbers", "twice in rows", "years", "years in rows", "years alone"],
)  # fmt: skip
def test_tables_of_every_form_are_read(tmp_path: Path, content: str, text: str) -> None:
    assert csv(tmp_path, content) == text


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_a_table_is_read_in_its_encoding(tmp_path: Path, encoding: str) -> None:
    assert (
        csv(tmp_path, "Größe;Preis\n5;9 €".encode(encoding))
        == "- Columns: Größe | Preis\n- Größe: 5 | Preis: 9 €"
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(st.lists(st.lists(st.sampled_from(["", "a", "Price", "12", "x | y", "# h", "- i", "Row 3", "b: c", "\n", "| z |", "long word " * 60]), max_size=5), max_size=30))  # fmt: skip
def test_no_cell_is_lost_and_passages_point_at_their_own_text(
    chunker: Chunker, rows: list[list[str]]
) -> None:
    draft = Draft(LIMITS, lambda done, total: None)
    draft.pages.append("\n".join(records(enumerate(rows, 1), draft, numbered=True)))
    extracted = assemble(draft)
    for cell in {cell for cells in rows for cell in cells}:
        assert all(word in extracted.text for word in cell.replace("|", " ").split())  # fmt: skip
    covered = 0
    for chunk in chunker.chunks(extracted):
        assert chunk.text == extracted.text[chunk.start : chunk.end]
        assert not extracted.text[covered : chunk.start].strip()
        covered = chunk.end
    assert not extracted.text[covered:].strip()


def test_a_row_of_too_many_columns_is_refused_wherever_it_stands() -> None:
    draft = Draft(LIMITS, lambda done, total: None)
    rows = [(1, ["a", "b"]), (2, ["1", "2"]), (3, ["x"] * 20_000)]
    with pytest.raises(Refused, match="too wide: a row has 20,000 columns"):
        list(records(rows, draft, numbered=False))


@pytest.mark.parametrize("prefix", ["- ", "- Row 7 | "])
def test_a_claim_on_a_record_is_compared_with_its_own_row(prefix: str) -> None:
    rows = [("Bolt", "0.20", "M4"), ("Nut", "0.10", "M5"), ("Washer", "0.05", "M6")]
    text = "\n".join(f"{prefix}Part: {a} | Price: {b} | Size: {c}" for a, b, c in rows)
    forms: dict[str, Any] = {}
    judge = Judge({1: Passage(text, forms)}, forms)
    for claim in ("The price of the bolt is 0.20.", "The nut costs 0.10.", "The nut has size M5."):
        assert judge.verdict(claim, 1, [1])[0] == "supported", claim
    for claim in ("The price of the nut is 0.20.", "The nut costs 0.05.", "The bolt costs 0.10."):
        assert judge.verdict(claim, 1, [1])[0] == "not_found", claim


def test_formulas_that_no_program_has_calculated_stand_as_they_are_written(tmp_path: Path) -> None:
    rows = [["Part", "Price", "Total"], ["Bolt", 2, "=B2*10"], ["Nut", 3, "=B3*10"]]
    text = sheet(tmp_path, files.xlsx({"Stock": rows, "Sum": [["=Stock!C2+Stock!C3"]]}))
    assert text == (
        "# Stock\n\n2 cells with a formula and no saved value: open the file in Excel and save it to have them.\n\n"
        "- Columns: Part | Price | Total\n"
        "- Row 2 | Part: Bolt | Price: 2 | Total: =B2*10 (not calculated)\n"
        "- Row 3 | Part: Nut | Price: 3 | Total: =B3*10 (not calculated)\n\n"
        "# Sum\n\n1 cell with a formula and no saved value: open the file in Excel and save it to have them.\n\n"
        "- Row 1 | =Stock!C2+Stock!C3 (not calculated)"
    )


def test_formulas_with_saved_values_stand_as_these_and_an_empty_text_is_one(tmp_path: Path) -> None:
    def calculated(xml: bytes) -> bytes:
        for formula, value in [(b"B2*10", b"20"), (b"B3*10", b"")]:
            kind = b"" if value else b' t="str"'
            cell = rb"<c r=\"(C\d)\"[^>]*><f>%b</f><v ?/?>(</v>)?</c>" % re.escape(formula)
            new = rb'<c r="\1"%b><f>%b</f><v>%b</v></c>' % (kind, formula, value)
            xml, count = re.subn(cell, new, xml)
            assert count == 1
        return xml

    rows = [["Part", "Price", "Total"], ["Bolt", 2, "=B2*10"], ["Nut", 3, "=B3*10"]]
    book = files.repacked(files.xlsx({"S": rows}), {"xl/worksheets/sheet1.xml": calculated})
    assert sheet(tmp_path, book).endswith(
        "- Row 2 | Part: Bolt | Price: 2 | Total: 20\n- Row 3 | Part: Nut | Price: 3"
    )


def sheet(folder: Path, book: bytes) -> str:
    return extract(files.write(folder, "a.xlsx", book), "xlsx", LIMITS).text


def test_rows_above_the_names_of_the_columns_tell_of_the_table(tmp_path: Path) -> None:
    report = "Sales,,\nMade,2026-01-01,\n,,\nName,Qty,Price\nA,1,2.5\nB,2,3.5\nTotal,3,6\n"
    assert csv(tmp_path, report) == (
        "Sales\nMade | 2026-01-01\n- Columns: Name | Qty | Price\n- Name: A | Qty: 1 | Price: 2.5\n"
        "- Name: B | Qty: 2 | Price: 3.5\n- Name: Total | Qty: 3 | Price: 6"
    )
    words = "a,b,\nc,d,e\nf,g,h\n"
    assert csv(tmp_path, words).startswith("- Columns: a | b\n- a: c")


def test_rows_after_an_empty_row_of_a_sheet_stand_under_the_same_names(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["Part", "Price", "Made"], ["Bolt", 2, 2019], ["Nut", 3, 2021], [],
        ["North hall"], ["Screw", 4, 2020], [], ["Total", 9], [],
        ["Name", "City", "Role"], ["Al", "Rome", "Rigger"], [], ["Bo", "Oslo", "Rigger"], [],
        ["Cost", 2022, 2023], ["Rent", 5, 7], [], ["Food", 1, 2], [], ["x", "y", 5],
    ]  # fmt: skip
    assert sheet(tmp_path, files.xlsx({"Stock": rows})).split("\n\n") == [
        "# Stock",
        "- Columns: Part | Price | Made\n- Row 2 | Part: Bolt | Price: 2 | Made: 2019\n"
        "- Row 3 | Part: Nut | Price: 3 | Made: 2021",
        "North hall\n- Row 6 | Part: Screw | Price: 4 | Made: 2020",
        "- Row 8 | Part: Total | Price: 9",
        "- Columns: Name | City | Role\n- Row 11 | Name: Al | City: Rome | Role: Rigger",
        "- Row 13 | Bo | Oslo | Rigger",
        "- Columns: Cost | 2022 | 2023\n- Row 16 | Cost: Rent | 2022: 5 | 2023: 7",
        "- Row 18 | Cost: Food | 2022: 1 | 2023: 2",
        "- Row 20 | x | y | 5",
    ]
