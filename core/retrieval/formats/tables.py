"""CSV: its delimiter, and its rows as a table."""

import csv
import io
from pathlib import Path

from core.errors import Refused
from core.retrieval.draft import Draft
from core.retrieval.formats.plain import decode
from core.retrieval.formats.sheets import lines_of

_DELIMITERS = ",;\t|"
_SAMPLE_LINES = 50
_SAMPLE = 65_536


def read(path: Path, draft: Draft) -> None:
    """All rows as one table, the first one as its head."""
    text = decode(path.read_bytes())
    csv.field_size_limit(draft.limits.characters)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(text))
    try:
        draft.pages.append("\n".join(lines_of(rows, draft)))
    except csv.Error as error:
        raise Refused(
            f"damaged: not a table ({error})", hint="Save it again as CSV, in UTF-8."
        ) from error


def delimiter(text: str) -> str:
    """What stands between the cells: that of `,` `;` tab and `|` which divides most lines alike."""
    lines = [line for line in text[:_SAMPLE].split("\n")[:_SAMPLE_LINES] if line.strip()]
    if lines and lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:
        return lines[0][4]

    def alike(mark: str) -> tuple[int, int]:
        counts = [_outside_quotes(line).count(mark) for line in lines]
        usual = max(counts, key=counts.count, default=0)
        return (counts.count(usual) if usual else 0, usual)

    return max(_DELIMITERS, key=alike)


def _outside_quotes(line: str) -> str:
    return "".join(line.split('"')[0::2])
