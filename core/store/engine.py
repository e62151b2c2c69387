"""Connections that keep what they acknowledge, on SQLite and on PostgreSQL."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, inspect, make_url, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import ArgumentError, DataError, InterfaceError, OperationalError, TimeoutError

from core.errors import DatabaseAway, DiskFull, FootlightsError, Misuse, NotFound

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

# SQLite's names of it, also for the file beside the database, and PostgreSQL's number.
_FULL = frozenset({"SQLITE_FULL", "SQLITE_IOERR_SHMSIZE", "53100"})
# PostgreSQL's numbers: no connection, it is being shut down, too many clients, a database that takes none.
_AWAY = ("08", "57P", "53300", "55000")
_BUSY_MS = 20_000
# A server whose machine is gone says nothing at all; without these TCP waits for it a quarter of an hour,
# and so does an app that ends with something to be booked.
_GONE = {
    "connect_timeout": "10",
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 7_041_776
_TURNSTILE = "footlights_turnstile"
_IMMEDIATE = "footlights_immediate"


def make_engine(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://...`; nothing is opened before its first use. Raises
    Misuse for any other."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise _other_database("is not the address of a database") from None
    backend = parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise _other_database(f"names a database of the kind {backend!r}")
    if backend == "sqlite":
        return _sqlite(parsed)
    patience = {name: value for name, value in _GONE.items() if name not in parsed.query}
    # A server takes 100 connections unless it is told otherwise: six processes share them.
    return create_engine(
        parsed.set(drivername="postgresql+psycopg").update_query_dict(patience),
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=10,
    )


def _other_database(said: str) -> Misuse:
    # Without the address itself, which may hold a password.
    return Misuse(
        f"DATABASE_URL {said}",
        hint="Leave it out for SQLite in the data folder, or write postgresql://user:password@host/name.",
    )


def _sqlite(url: URL) -> Engine:
    if url.database and not url.database.startswith("file:"):  # a URI names what is there
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    # SQLite's busy handler sleeps and starves: writers of one process queue up here instead.
    engine = create_engine(
        url, pool_size=20, max_overflow=40, execution_options={_TURNSTILE: threading.Lock()}
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            f"busy_timeout={_BUSY_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        immediate = connection.get_execution_options().get(_IMMEDIATE)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction: all of it is on the disk when the block is left, or nothing of it is. Raises
    DiskFull when there is no room for it, and DatabaseAway."""
    turnstile = engine.get_execution_options().get(_TURNSTILE) or nullcontext()
    with _told(), turnstile, engine.connect() as plain:
        connection = plain.execution_options(**{_IMMEDIATE: True})
        with connection.begin():
            yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that only looks. Raises DatabaseAway."""
    with _told(), engine.connect() as connection:
        yield connection


@contextmanager
def _told() -> Iterator[None]:
    """What is no mistake of ours in our own words."""
    try:
        yield
    except TimeoutError as error:  # every connection of the pool is out
        raise DatabaseAway from error
    except (DataError, OverflowError, UnicodeEncodeError) as error:
        # Half of a character, NUL, a number without end: no row can hold it.
        raise NotFound("nothing has an id or a number that cannot be written") from error
    except (InterfaceError, OperationalError) as error:
        if _code(error.orig) in _FULL:
            raise DiskFull from error
        if error.connection_invalidated or _is_away(error.orig):
            raise DatabaseAway from error
        raise


def _code(error: object) -> str:
    found = getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None)
    return found or ""


def _is_away(error: object) -> bool:
    if isinstance(error, sqlite3.Error):
        return _code(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
    return _code(error).startswith(_AWAY) or not _code(error)  # who never got through has no number


def insert(connection: Connection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """INSERT that knows ON CONFLICT, in the dialect of the connection."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # 70 ms that a start on SQLite need not pay

    return postgresql.insert(table)


# --- the schema -------------------------------------------------------------------------------


def migrate(engine: Engine) -> None:
    """Create or upgrade the tables; safe when several processes start at once.

    Raises FootlightsError when a newer version of the app has written to the database, DiskFull and
    DatabaseAway.
    """
    known = revisions()
    with _told():
        with engine.connect() as connection:
            if _current(connection, known) == known[-1]:
                return
        _upgrade(engine, known)


def revisions() -> list[str]:
    """Every revision that this version knows, oldest first; v0001_tables.py is revision v0001."""
    files = (_MIGRATIONS / "versions").glob("v*_*.py")
    return sorted(file.name.partition("_")[0] for file in files)


def _current(connection: Connection, known: list[str]) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if found is not None and found not in known:
        raise FootlightsError(
            f"the database was written by a newer version of Footlights (its schema is {found!r}, "
            f"this version knows up to {known[-1]!r})",
            hint="Start the newer version, or use another FOOTLIGHTS_DATA folder or DATABASE_URL.",
        )
    return found


def _upgrade(engine: Engine, known: list[str]) -> None:
    # Alembic takes a quarter of a second to import: only a new or old database pays for it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with writing(engine) as connection:  # on SQLite this is the lock already
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        if _current(connection, known) != known[-1]:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
