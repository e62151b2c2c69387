"""The tools that come with the app. What they may read is given to them with each call."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from core.errors import Refused
from core.tools import grids as spread
from core.tools import sql as tables
from core.tools.calculator import calculate
from core.tools.tool import Passages, Plot, Shelf, Table
from core.types import Document

_TABLES = frozenset({"csv", "xlsx"})
_MOST_TABLES = 20
_MOST_POINTS = 500

Query = Annotated[str, Field(min_length=1, max_length=2_000)]
Name = Annotated[str, Field(min_length=1, max_length=300)]
Few = Annotated[int, Field(ge=1, le=20)]
Number = Annotated[int, Field(ge=1)]
Expression = Annotated[str, Field(min_length=1, max_length=500)]
Zone = Annotated[str, Field(max_length=60)]
Sql = Annotated[str, Field(max_length=tables.MOST_SQL)]
Names = Annotated[list[Name], Field(min_length=1, max_length=6)]
Title = Annotated[str, Field(max_length=120)]
Url = Annotated[str, Field(max_length=2_000)]


async def search_documents(shelf: Shelf, query: Query, k: Few = 5) -> Passages:
    """Search the user's documents by meaning and by words. Gives numbered passages, to be cited as [1].

    Args:
        query: What to look for, in a few words or as a question.
        k: How many passages to give.
    """
    return Passages(tuple(await shelf.search(query, k)))


async def read_document(shelf: Shelf, document: Name, page: Number = 1) -> str:
    """Read a page of one of the user's documents, whole.

    Args:
        document: The name of the document, as the passages give it.
        page: Which page, slide, sheet or section, from 1.
    """
    found = _named(await shelf.documents(), document)
    pages = dict(await shelf.pages(found.id))
    if page not in pages:
        numbers = ", ".join(map(str, sorted(pages)[:50]))
        raise Refused(
            f"{found.name} has no {found.unit} {page} with text in it",
            hint=f"It has these: {numbers}." if pages else "It has no text at all.",
        )
    return f"{found.name}, {found.unit} {page} of {max(pages)}\n\n{pages[page]}"


def calculator(shelf: Shelf, expression: Expression) -> str:
    """Compute an arithmetic expression exactly: + - * / // % **, brackets, sqrt, round, min, max, sum, mean, log.

    Args:
        expression: Such as "(1200 * 3 + 450) / 12".
    """
    return f"{expression.strip()} = {calculate(expression)}"


def now(shelf: Shelf, timezone: Zone = "UTC") -> str:
    """The date and time now, with the day of the week.

    Args:
        timezone: A name such as "Europe/Berlin".
    """
    try:
        zone = UTC if timezone.upper() in ("", "UTC") else ZoneInfo(timezone)
    except (LookupError, ValueError, OSError) as error:
        raise Refused(
            f"there is no time zone {timezone!r}",
            hint="Write it as a continent and a city: Europe/Berlin, America/New_York, UTC.",
        ) from error
    return f"{datetime.now(zone):%A, %Y-%m-%d %H:%M:%S %z} ({timezone or 'UTC'})"


async def query_table(shelf: Shelf, sql: Sql = "") -> Table | str:
    """Ask the user's CSV and Excel files with one SELECT in SQLite's SQL. Without sql it tells the tables and columns.

    Args:
        sql: One SELECT. Leave it out first, to learn the names.
    """
    grids = await _grids(shelf)
    if not sql.strip():
        return spread.overview(grids)
    return await tables.query(grids, sql)


async def plot(
    shelf: Shelf,
    sql: Sql,
    x: Name,
    y: Names,
    kind: Literal["bar", "line", "scatter"] = "bar",
    title: Title = "",
) -> Plot:
    """Draw a chart for the user from a SELECT over his CSV and Excel files; query_table tells the tables.

    Args:
        sql: One SELECT that gives the points.
        x: The column along the bottom.
        y: The columns to draw, of numbers.
        kind: bar, line or scatter.
        title: What it shows.
    """
    table = await tables.query(await _grids(shelf), sql)
    for name in (x, *y):
        if name not in table.columns:
            raise Refused(
                f"the result has no column {name!r}", hint=f"It has {', '.join(table.columns)}."
            )
    if not table.rows:
        raise Refused("there is nothing to draw: the query gives no row", hint="Ask for others.")
    for name in y:
        _check_numbers(table, name)
    note = f"the first {_MOST_POINTS} points" if len(table.rows) > _MOST_POINTS else ""
    kept = Table(table.columns, table.rows[:_MOST_POINTS], note)
    return Plot(kind, x, tuple(y), title or f"{', '.join(y)} by {x}", kept)


async def fetch_url(shelf: Shelf, url: Url) -> str:
    """Read a page of the open internet as text.

    Args:
        url: Its whole address, beginning with https://.
    """
    return await shelf.page_at(url)


def _check_numbers(table: Table, name: str) -> None:
    at = table.columns.index(name)
    for row in table.rows:
        value: Any = row[at]
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise Refused(
                f"the column {name!r} is not of numbers: {str(value)[:60]!r}",
                hint="Draw a column of numbers, or CAST it.",
            )


def _named(documents: Sequence[Document], name: str) -> Document:
    wanted = name.strip().casefold()
    exact = [each for each in documents if wanted in (each.name.casefold(), each.id)]
    alike = exact or [each for each in documents if wanted in each.name.casefold()]
    if len(alike) == 1 or exact:
        return alike[0]
    names = ", ".join(each.name for each in (alike or documents)[:30]) or "none"
    raise Refused(
        f"{len(alike)} documents are called {name!r}"
        if alike
        else f"no document is called {name!r}",
        hint=f"There are: {names}.",
    )


async def _grids(shelf: Shelf) -> list[spread.Grid]:
    found: list[spread.Grid] = []
    taken: set[str] = set()
    for document in await shelf.documents():
        if document.kind in _TABLES and len(found) < _MOST_TABLES:
            pages = await shelf.pages(document.id)
            found += await asyncio.to_thread(spread.grids, document.name, pages, taken)
    return found[:_MOST_TABLES]
