"""Excel: each sheet with its rows as records."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from core.errors import Refused
from core.retrieval.reading.draft import Draft
from core.retrieval.reading.formats.records import Row, records
from core.retrieval.reading.formats.sheet_forms import Form, forms
from core.retrieval.reading.formats.sheet_notes import beside
from core.retrieval.reading.formats.workbook import opened

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
    # Opened here: of a path the library wants to see the ending, and a stored file has none.
    with path.open("rb") as file, path.open("rb") as again:
        book = opened(file, data_only=True)
        written: list[Any] = [None] * len(book.worksheets)
        if _has_unsaved(path):
            written = opened(again, data_only=False).worksheets
        draft.expect("sheet", len(book.worksheets))
        shapes = forms(book)
        for sheet, formulas in zip(book.worksheets, written, strict=True):
            rows = _rows(_values(sheet, formulas, shapes), draft)
            lines = list(records(rows, draft, numbered=True))
            notes = list(beside(book._archive, sheet._worksheet_path))
            title = " ".join(sheet.title.split())
            parts = [f"# {title}\n", *_said(lines), *lines, *notes]
            draft.add("\n".join(parts) if lines or notes else "")


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


def _rows(values: Iterator[Sequence[Any]], draft: Draft) -> Iterator[Row]:
    for number, values_of_row in enumerate(islice(values, _MOST_ROWS + 1), 1):
        if number > _MOST_ROWS:
            raise Refused(
                f"too long: a sheet has more than {_MOST_ROWS:,} rows",
                hint="Save the rows that you need as a file of their own.",
            )
        if number % _SAY_EVERY == 0:
            draft.report(len(draft.pages), draft.total)
        yield number, [_text(value) for value in values_of_row]


def _values(sheet: Any, formulas: Any, shapes: dict[int, Form]) -> Iterator[Sequence[Any]]:
    # A file may claim any size for its sheet; without the claim only what is there is read.
    sheet.reset_dimensions()
    if formulas is None and not shapes:
        yield from sheet.iter_rows(values_only=True)
        return
    if formulas is None:
        for cells in sheet.iter_rows():
            yield [_shaped(cell, cell.value, shapes) for cell in cells]
        return
    formulas.reset_dimensions()
    both = zip(sheet.iter_rows(), formulas.iter_rows(values_only=True), strict=True)
    for cells, written in both:
        yield [
            _shaped(cell, _value(cell, formula), shapes)
            for cell, formula in zip(cells, written, strict=True)
        ]


def _value(cell: Any, written: Any) -> Any:
    """What the cell shows; a formula that was never calculated, as it is written."""
    # A formula that came to an empty text was calculated: its cell says that it is a text.
    if cell.value is not None or written is None or cell.data_type != "n":
        return cell.value
    return f"{getattr(written, 'text', written)} {NOT_CALCULATED}"


def _shaped(cell: Any, value: Any, shapes: dict[int, Form]) -> Any:
    """The number with the percent sign, the currency or the unit that its format shows."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return value
    shape = shapes.get(cell._style_id)
    if shape is None:
        return value
    number = _text(float(value) * shape.factor if shape.factor != 1 else value)
    return f"{shape.before}{number}{shape.after}"


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            # As Excel shows it: 0.1 + 0.2 is 0.3.
            whole = value.is_integer() and abs(value) < 1e15
            return str(int(value)) if whole else f"{value:.15g}"
        case timedelta():
            minutes, seconds = divmod(round(value.total_seconds()), 60)
            return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)
