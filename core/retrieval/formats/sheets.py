"""Excel: each sheet as a table."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any

from core.errors import Refused
from core.retrieval.draft import MAX_COLUMNS, Draft
from core.retrieval.formats import pipes

_MOST_ROWS = 1_048_576
_SAY_EVERY = 1_000


def read(path: Path, draft: Draft) -> None:
    """Each sheet with its name as heading; formulas as the values they had when it was saved."""
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    draft.expect("sheet", len(book.worksheets))
    for sheet in book.worksheets:
        # A file may claim any size for its sheet; without the claim only what is there is read.
        sheet.reset_dimensions()
        lines = list(lines_of(_texts(sheet, draft), draft))
        draft.add(f"# {' '.join(sheet.title.split())}\n\n" + "\n".join(lines) if lines else "")


def _texts(sheet: Any, draft: Draft) -> Iterator[list[str]]:
    for number, values in enumerate(islice(sheet.iter_rows(values_only=True), _MOST_ROWS + 1)):
        if number == _MOST_ROWS:
            raise Refused(
                f"too long: a sheet has more than {_MOST_ROWS:,} rows",
                hint="Save the rows that you need as a file of their own.",
            )
        if number % _SAY_EVERY == 0:
            draft.report(len(draft.pages), draft.total)
        yield [_text(value) for value in values]


def lines_of(rows: Iterable[list[str]], draft: Draft) -> Iterator[str]:
    """The rows as lines of Markdown, weighed one by one; an empty row ends a table."""
    head = True
    for cells in rows:
        if len(cells) > MAX_COLUMNS:
            raise Refused(
                f"too wide: a row has {len(cells):,} columns, and {MAX_COLUMNS:,} is the limit",
                hint="Check the delimiter, or save the columns that you need as a file of their own.",
            )
        line = pipes.row(cells)
        if not line:
            if not head:
                yield ""
            head = True
            continue
        draft.weigh(len(line))
        yield line
        if head:
            yield pipes.rule(cells)
            head = False


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
