"""Excel: each sheet with its rows as records."""

from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any

from core.errors import Refused
from core.retrieval.draft import Draft
from core.retrieval.formats.records import Row, records

_MOST_ROWS = 1_048_576
_SAY_EVERY = 1_000


def read(path: Path, draft: Draft) -> None:
    """Each sheet with its name as heading and the numbers of its rows; formulas as the values they had
    when it was saved."""
    import openpyxl

    # Opened here: of a path the library wants to see the ending, and a stored file has none.
    with path.open("rb") as file:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        draft.expect("sheet", len(book.worksheets))
        for sheet in book.worksheets:
            # A file may claim any size for its sheet; without the claim only what is there is read.
            sheet.reset_dimensions()
            lines = list(records(_rows(sheet, draft), draft, numbered=True))
            title = " ".join(sheet.title.split())
            draft.add(f"# {title}\n\n" + "\n".join(lines) if lines else "")


def _rows(sheet: Any, draft: Draft) -> Iterator[Row]:
    rows = islice(sheet.iter_rows(values_only=True), _MOST_ROWS + 1)
    for number, values in enumerate(rows, 1):
        if number > _MOST_ROWS:
            raise Refused(
                f"too long: a sheet has more than {_MOST_ROWS:,} rows",
                hint="Save the rows that you need as a file of their own.",
            )
        if number % _SAY_EVERY == 0:
            draft.report(len(draft.pages), draft.total)
        yield number, [_text(value) for value in values]


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
