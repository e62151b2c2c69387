"""CSV: its delimiter, and its rows as records."""

import csv
import io
import re
from pathlib import Path

from core.errors import Refused
from core.retrieval.reading.draft import MAX_COLUMNS, Draft
from core.retrieval.reading.formats.plain import decode
from core.retrieval.reading.formats.records import records

_DELIMITERS = ",;\t|^~"
_SAMPLE_LINES = 50
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
# A quote within a cell as MySQL writes it; before the end of a cell it may be the end of a path.
_ESCAPED = re.compile(r'(?<!\\)\\"(?=[^\W_])')
_SAMPLE = 65_536


def read(path: Path, draft: Draft) -> None:
    """Each row as a record that repeats the names of its columns, so that it stands on its own."""
    text = decode(path.read_bytes())
    csv.field_size_limit(draft.limits.characters)
    mark = delimiter(text)
    if _names_its_delimiter(text):
        text = text.partition("\n")[2]
    if _ESCAPED.search(text):
        text = text.replace('\\"', '""')
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=mark, skipinitialspace=True)
    try:
        # An empty line says nothing in a file that is one table.
        filled = (
            (number, cells)
            for number, cells in enumerate(rows, 1)
            if any(cells) or len(cells) > MAX_COLUMNS
        )
        draft.pages.append("\n".join(records(filled, draft, numbered=False)))
    except csv.Error as error:
        raise Refused(
            f"damaged: not a table ({error})", hint="Save it again as CSV, in UTF-8."
        ) from error


def delimiter(text: str) -> str:
    """What stands between the cells: that of `,` `;` tab `|` `^` and `~` which divides most lines alike."""
    if _names_its_delimiter(text):
        return text[4]
    lines = [
        _outside_quotes(line) for line in text[:_SAMPLE].split("\n")[:_SAMPLE_LINES] if line.strip()
    ]

    def alike(mark: str) -> tuple[int, int]:
        counts = [line.count(mark) for line in lines]
        usual = max(counts, key=counts.count, default=0)
        return (counts.count(usual) if usual else 0, usual)

    if any(alike(mark)[0] == len(lines) for mark in _DELIMITERS[1:]):
        lines = [_DECIMAL_COMMA.sub(".", line) for line in lines]  # 1,5;2,5
    return max(_DELIMITERS, key=alike)


def _names_its_delimiter(text: str) -> bool:
    """Whether its first line is `sep=;`, which Excel writes and reads."""
    first = text.partition("\n")[0].rstrip("\r")
    return len(first) == 5 and first.lower().startswith("sep=")


def _outside_quotes(line: str) -> str:
    return "".join(line.split('"')[0::2])
