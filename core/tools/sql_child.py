"""The process that runs one SELECT: `python -m core.tools.sql_child MEMORY FILE`.

The database is in memory and has the given tables alone. An authorizer allows reading and nothing
else; SQLite's own limits and a progress handler bound what one query may take.
"""

import json
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

from core.processes.inside import limit_memory

_OUT_OF_MEMORY = 77
_MOST_CELL = 10_000
_MOST_OUTPUT = 4_000_000
_LOOK_EVERY = 10_000  # of SQLite's own steps: about a millisecond
_ALLOWED = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}
_REFUSED_FUNCTIONS = {"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"}
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 20_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 500,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 50,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 0,
}


def answered(request: dict[str, Any]) -> dict[str, Any]:
    """The columns and rows of the query, or what is wrong with it under `refused`."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA temp_store = MEMORY")
    for table in request["tables"]:
        _filled(connection, table)
    for limit, value in _LIMITS.items():
        connection.setlimit(limit, value)
    connection.set_authorizer(_may)
    deadline = time.monotonic() + request["seconds"]
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _LOOK_EVERY)
    try:
        cursor = connection.execute(request["sql"])
        if cursor.description is None:
            return {"refused": "this is no SELECT: the tables can be read, and nothing else"}
        return _rows(cursor, request["rows"])
    except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError) as error:
        return {"refused": _in_words(error, time.monotonic() > deadline, request["seconds"])}


def _filled(connection: sqlite3.Connection, table: dict[str, Any]) -> None:
    columns = ", ".join(_quoted(name) for name in table["columns"])
    name = _quoted(table["name"])
    connection.execute(f"CREATE TABLE {name} ({columns})")
    places = ", ".join("?" * len(table["columns"]))
    connection.execute("BEGIN")
    connection.executemany(f"INSERT INTO {name} VALUES ({places})", table["rows"])
    connection.execute("COMMIT")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _may(action: int, first: str | None, second: str | None, *_: object) -> int:
    named = (second or "").lower() if action == sqlite3.SQLITE_FUNCTION else ""
    if action in _ALLOWED and named not in _REFUSED_FUNCTIONS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _rows(cursor: sqlite3.Cursor, most: int) -> dict[str, Any]:
    columns = [str(each[0])[:200] for each in cursor.description]
    rows: list[list[Any]] = []
    size = 0
    for row in cursor:
        if len(rows) == most or size > _MOST_OUTPUT:
            return {"columns": columns, "rows": rows, "more": True}
        rows.append([_cell(value) for value in row])
        size += sum(len(cell) if isinstance(cell, str) else 8 for cell in rows[-1])
    return {"columns": columns, "rows": rows, "more": False}


def _cell(value: Any) -> Any:
    match value:
        case bytes():
            return f"({len(value):,} bytes)"
        case float() if value != value or value in (float("inf"), float("-inf")):
            return str(value)
        case str() if len(value) > _MOST_CELL:
            return f"{value[:_MOST_CELL]}… ({len(value):,} characters)"
        case _:
            return value


def _in_words(error: Exception, late: bool, seconds: float) -> str:
    said = str(error)
    if late or "interrupted" in said:
        return f"the query took longer than {seconds:g} s: ask for less at once"
    if any(word in said for word in ("not authorized", "authorization", "prohibited")):
        return "this is not allowed: the tables can be read, and nothing else"
    if "one statement at a time" in said:
        return "only one SELECT can be run at a time"
    return said[:300]


def main(arguments: list[str]) -> int:
    """Run the query of the file; 77 says that memory ran out."""
    limit_memory(int(arguments[0]))
    try:
        request = json.loads(Path(arguments[1]).read_text(encoding="utf-8"))
        sys.stdout.write(json.dumps(answered(request)))
    except MemoryError:
        return _OUT_OF_MEMORY
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
