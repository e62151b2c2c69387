"""Excel: each sheet with its rows as records."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any

from core.errors import Refused
from core.retrieval.draft import Draft
from core.retrieval.formats.records import Row, records

_MOST_ROWS = 1_048_576
_SAY_EVERY = 1_000
_UNSAVED = re.compile(
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f\b[^>]{0,99}/>)\s{0,9}(?:<(?:\w+:)?v\s?/>|<v></v>)?</(?:\w+:)?c>"
)
_LOOK = 1024 * 1024
_SEAM = 200
NOT_CALCULATED = "(not calculated)"


def read(path: Path, draft: Draft) -> None:
    """Each sheet with its name as heading and the numbers of its rows; formulas as the values they had
    when it was saved, or as they are written when it was saved by a program that does not calculate."""
    import openpyxl

    # Opened here: of a path the library wants to see the ending, and a stored file has none.
    with path.open("rb") as file, path.open("rb") as again:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        written: list[Any] = [None] * len(book.worksheets)
        if _has_unsaved(path):
            written = openpyxl.load_workbook(again, read_only=True, keep_links=False).worksheets
        draft.expect("sheet", len(book.worksheets))
        for sheet, formulas in zip(book.worksheets, written, strict=True):
            lines = list(records(_rows(sheet, formulas, draft), draft, numbered=True))
            title = " ".join(sheet.title.split())
            draft.add("\n".join([f"# {title}\n", *_said(lines), *lines]) if lines else "")


def _has_unsaved(path: Path) -> bool:
    """Whether a sheet has a formula without a value; all of it is then parsed a second time."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not name.startswith("xl/worksheets/") or not name.endswith(".xml"):
                continue
            with archive.open(name) as stream:
                seam = b""
                while block := stream.read(_LOOK):
                    if _UNSAVED.search(seam + block):
                        return True
                    seam = block[-_SEAM:]
    return False


def _said(lines: list[str]) -> list[str]:
    if count := sum(line.count(NOT_CALCULATED) for line in lines):
        cells = "1 cell" if count == 1 else f"{count:,} cells"
        return [
            f"{cells} with a formula and no saved value: open the file in Excel and save it to have them.\n"
        ]
    return []


def _rows(sheet: Any, formulas: Any, draft: Draft) -> Iterator[Row]:
    rows = islice(_values(sheet, formulas), _MOST_ROWS + 1)
    for number, values in enumerate(rows, 1):
        if number > _MOST_ROWS:
            raise Refused(
                f"too long: a sheet has more than {_MOST_ROWS:,} rows",
                hint="Save the rows that you need as a file of their own.",
            )
        if number % _SAY_EVERY == 0:
            draft.report(len(draft.pages), draft.total)
        yield number, [_text(value) for value in values]


def _values(sheet: Any, formulas: Any) -> Iterator[Sequence[Any]]:
    # A file may claim any size for its sheet; without the claim only what is there is read.
    sheet.reset_dimensions()
    if formulas is None:
        yield from sheet.iter_rows(values_only=True)
        return
    formulas.reset_dimensions()
    both = zip(sheet.iter_rows(), formulas.iter_rows(values_only=True), strict=True)
    for cells, written in both:
        yield [_value(*pair) for pair in zip(cells, written, strict=True)]


def _value(cell: Any, written: Any) -> Any:
    """What the cell shows; a formula that was never calculated, as it is written."""
    # A formula that came to an empty text was calculated: its cell says that it is a text.
    if cell.value is not None or written is None or cell.data_type != "n":
        return cell.value
    return f"{getattr(written, 'text', written)} {NOT_CALCULATED}"


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)
