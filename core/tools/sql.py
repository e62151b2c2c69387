"""Tables of documents, asked in SQL: in a child process, in memory, to read alone, within limits."""

import asyncio
import json
import tempfile
from collections.abc import Sequence
from typing import IO, Any

from core.errors import Refused
from core.processes import child
from core.tools.grids import Grid, overview
from core.tools.tool import Table

MOST_SQL = 10_000
MOST_CELLS = 500_000
MOST_ROWS = 1_000
SECONDS = 5.0
MEMORY_MB = 512


async def query(tables: Sequence[Grid], sql: str) -> Table:
    """What the SELECT gives over these tables. Raises Refused with what is wrong with it."""
    if len(sql) > MOST_SQL:
        raise Refused(f"the SQL has {len(sql):,} characters, and {MOST_SQL:,} is the most")
    cells = sum(len(grid.rows) * len(grid.columns) for grid in tables)
    if cells > MOST_CELLS:
        raise Refused(
            f"the tables have {cells:,} cells, and {MOST_CELLS:,} can be asked at once",
            hint="Choose fewer documents for the question.",
        )
    answer = await _asked(tables, sql)
    if "refused" in answer:
        raise Refused(answer["refused"], hint=overview(tables))
    note = f"only the first {len(answer['rows']):,} rows are given" if answer["more"] else ""
    return Table(tuple(answer["columns"]), tuple(map(tuple, answer["rows"])), note)


async def _asked(tables: Sequence[Grid], sql: str) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        await asyncio.to_thread(_write, file, tables, sql)
        limits = child.Limits(SECONDS + 3, MEMORY_MB, 16)
        try:
            data = await child.run_apart("core.tools.sql_child", [file.name], limits)
        except child.ChildFailed as failed:
            raise _refused(failed) from failed
    answer: dict[str, Any] = json.loads(data)
    return answer


def _write(file: IO[str], tables: Sequence[Grid], sql: str) -> None:
    given = [{"name": g.name, "columns": g.columns, "rows": g.rows} for g in tables]
    json.dump({"tables": given, "sql": sql, "rows": MOST_ROWS, "seconds": SECONDS}, file)
    file.flush()


def _refused(failed: child.ChildFailed) -> Refused:
    match failed.why:
        case "time":
            return Refused(
                f"the query took longer than {SECONDS:g} s", hint="Ask for less at once."
            )
        case "memory" | "output":
            return Refused(
                "the query needs more memory than it may have",
                hint="Ask for fewer rows, or for sums and counts of them.",
            )
        case _:
            return Refused("the query could not be run", hint="Write it in another way.")
