"""Rows of a table as records, each of which says what its cells are: `- Part: Bolt | Price: 0.20`."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from core.errors import Refused
from core.retrieval.reading.draft import MAX_COLUMNS, Draft
from core.retrieval.reading.formats import pipes

Row = tuple[int, list[str]]
"""The number of a row in its file, from 1, and its cells."""

_NUMBER = re.compile(r"[-+(]?[$€£]?\s?\d[\d.,:/ -]*[%)]?\s?(?:[$€£]|[A-Za-z]{1,3})?")
_YEAR = re.compile(r"(?:19|20)\d\d(?:[-/](?:\d\d){1,2})?")
_LOOKED_AT = 20
_LONGEST_NAME = 60
_NOT_AT_THE_START = "#>*-+=|` "


@dataclass(frozen=True, slots=True)
class _Columns:
    """The names of a table's columns, and in which of them there are numbers and words."""

    names: list[str]
    numbers: frozenset[int]
    words: frozenset[int]

    def hold(self, cells: Sequence[str]) -> bool:
        """Whether a row after a gap can stand under the same names; one of words alone may be names itself."""
        numbers, words = _numbers(cells), _words(cells)
        return bool(numbers) and numbers <= self.numbers and words <= self.words


def records(rows: Iterable[Row], draft: Draft, *, numbered: bool) -> Iterator[str]:
    """A line for each row, weighed one by one, with the names of the columns where the first row has
    some, and its number where that is asked for; an empty row ends a table, but the next one goes on
    under its names when it has none and its numbers and words stand in the same columns."""
    above = _Columns([], frozenset(), frozenset())
    for table in _tables(rows):
        names: list[str] = []
        lead = list(islice(table, _LOOKED_AT))
        width = max(_filled(cells) for _, cells in lead)
        while len(lead) > 1 and _filled(lead[0][1]) == 1 < width:
            yield _weighed(draft, pipes.cell(" ".join(lead.pop(0)[1])))  # a title
        for _ in range(_before_head([cells for _, cells in lead], width)):
            yield _weighed(draft, " | ".join(_cells([], lead.pop(0)[1])))
        if len(lead) > 1 and _is_head(lead[0][1], [cells for _, cells in lead[1:]]):
            head = lead.pop(0)[1]
            names = _names(head)
            yield _weighed(draft, f"- Columns: {' | '.join(filter(None, map(pipes.cell, head)))}")
            body = [cells for _, cells in lead]
            above = _Columns(names, _union(map(_numbers, body)), _union(map(_words, body)))
        elif above.hold(lead[0][1]):
            names = above.names
        for number, cells in chain(lead, table):
            line = " | ".join(_cells(names, cells))
            yield _weighed(draft, f"- Row {number} | {line}" if numbered else f"- {line}")
        yield ""


def _tables(rows: Iterable[Row]) -> Iterator[Iterator[Row]]:
    """The runs of rows that are not empty, each to be read to its end."""
    reading = iter(rows)
    for first in reading:
        _check_width(first[1])
        if _filled(first[1]):
            yield chain([first], _to_the_end(reading))


def _to_the_end(reading: Iterator[Row]) -> Iterator[Row]:
    for row in reading:
        _check_width(row[1])
        if not _filled(row[1]):
            return
        yield row


def _check_width(cells: Sequence[str]) -> None:
    if len(cells) > MAX_COLUMNS:
        raise Refused(
            f"too wide: a row has {len(cells):,} columns, and {MAX_COLUMNS:,} is the limit",
            hint="Check the delimiter, or save the columns that you need as a file of their own.",
        )


def _filled(cells: Sequence[str]) -> int:
    return sum(1 for cell in cells if cell.strip())


def _numbers(cells: Sequence[str]) -> frozenset[int]:
    return frozenset(n for n, cell in enumerate(cells) if _NUMBER.fullmatch(cell.strip()))


def _words(cells: Sequence[str]) -> frozenset[int]:
    return frozenset(n for n, cell in enumerate(cells) if cell.strip()) - _numbers(cells)


def _union(places: Iterable[frozenset[int]]) -> frozenset[int]:
    return frozenset(chain.from_iterable(places))


def _is_head(cells: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether these are names: short, no numbers but years over amounts, and none of them twice unless
    the rows below tell them from names."""
    texts = {place: cell.strip() for place, cell in enumerate(cells) if cell.strip()}
    numbers = {place for place, text in texts.items() if _NUMBER.fullmatch(text)}
    if any(len(text) > _LONGEST_NAME for text in texts.values()) or len(numbers) == len(texts):
        return False
    if any(not _is_year(texts[place]) or not _amounts(rows, place) for place in numbers):
        return False
    names = set(texts.values())
    is_over_amounts = any(_amounts(rows, place) for place in texts)
    return len(names) == len(texts) or (len(names) > 1 and is_over_amounts)


def _before_head(rows: Sequence[Sequence[str]], width: int) -> int:
    """How many rows tell of the table before its names: shorter ones, above the first that is full and
    stands over amounts."""
    place = next((n for n, cells in enumerate(rows) if _filled(cells) == width), 0)
    below = rows[place + 1 :]
    is_over_amounts = any(_amounts(below, column) for column in range(width))
    return place if is_over_amounts and _is_head(rows[place], below) else 0


def _is_year(text: str) -> bool:
    return _YEAR.fullmatch(text) is not None


def _amounts(rows: Sequence[Sequence[str]], place: int) -> bool:
    """Whether there are numbers in the column, and no years."""
    found = [cells[place].strip() for cells in rows if place < len(cells)]
    return any(map(_NUMBER.fullmatch, found)) and not any(map(_is_year, found))


def _names(cells: Sequence[str]) -> list[str]:
    """What the columns are called; a colon or a bar in a name would look like the end of it."""
    return [" ".join(re.sub(r"[:|]", " ", cell).split()).strip(_NOT_AT_THE_START) for cell in cells]


def _cells(names: Sequence[str], cells: Sequence[str]) -> Iterator[str]:
    for place, cell in enumerate(cells):
        if text := pipes.cell(cell):
            name = names[place] if place < len(names) else ""
            yield f"{name}: {text}" if name else text


def _weighed(draft: Draft, line: str) -> str:
    draft.weigh(len(line))
    return line
