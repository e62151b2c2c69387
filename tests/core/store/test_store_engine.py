import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.exc import DBAPIError

from core.errors import DatabaseAway, DiskFull, FootlightsError, NotFound
from core.store.engine import make_engine, migrate, reading, writing
from core.store.ids import new_id
from core.store.tables import metadata
from core.store.tables import turns as turn_rows
from core.store.turns import Turns
from tests.core.store.stories import ME, ask, away

MIGRATE = """
import sys
from core.store.engine import make_engine, migrate
engine = make_engine(sys.argv[1])
migrate(engine)
engine.dispose()
print("alembic" in sys.modules)
"""


def test_the_migrations_make_the_tables_of_the_code(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []


def test_every_key_and_every_index_starts_with_the_user() -> None:
    for table in metadata.tables.values():
        assert next(iter(table.primary_key)).name == "user_id", table.name
        for index in table.indexes:
            assert index.columns[0].name == "user_id", index.name


def test_a_start_with_nothing_to_migrate_does_not_import_alembic(url: str) -> None:
    child = subprocess.run(
        [sys.executable, "-c", MIGRATE, url], capture_output=True, text=True, check=True
    )
    assert child.stdout == "False\n"


def test_four_processes_may_start_at_once_on_an_empty_database(empty_url: str) -> None:
    command = [sys.executable, "-W", "error", "-c", MIGRATE, empty_url]

    def start(_: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, capture_output=True, text=True)

    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(start, range(4)))

    assert [(child.returncode, child.stderr) for child in ended] == [(0, "")] * 4
    engine = make_engine(empty_url)
    assert set(metadata.tables) <= set(inspect(engine).get_table_names())
    engine.dispose()


def test_a_database_of_a_newer_version_is_left_alone(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'v9999'"))

    with pytest.raises(FootlightsError, match="newer version"):
        migrate(engine)


def test_sqlite_is_set_up_to_keep_what_it_acknowledges(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'new' / 'x.db'}")
    with reading(engine) as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    engine.dispose()
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 20_000,
    }


def test_a_write_that_fails_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(RuntimeError), writing(engine) as connection:
        connection.execute(text("INSERT INTO counters VALUES ('', 'x', 1)"))
        raise RuntimeError
    with reading(engine) as connection:
        assert connection.execute(text("SELECT * FROM counters")).all() == []


def test_many_threads_write_without_losing_or_failing(engine: Engine) -> None:
    turns = Turns(engine)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: ask(turns, f"t{n:03}", conversation=f"c{n % 5}"), range(80)))

    assert len(turns.list(ME)) == 80


def test_a_full_disk_is_an_error_and_nothing_is_acknowledged(sqlite: Path, tmp_path: Path) -> None:
    path = tmp_path / "full.db"
    path.write_bytes(sqlite.read_bytes())
    engine = make_engine(f"sqlite:///{path}")
    turns = Turns(engine)
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        # This connection goes back to the pool, and the next writer gets it with its limit.
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(DiskFull, match="nothing of this was kept"):
        ask(turns, prompt="x" * 100_000)

    assert turns.list(ME) == []
    assert ask(turns)
    engine.dispose()


def test_a_database_that_somebody_holds_is_told_and_read_all_the_same(
    sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "held.db"
    path.write_bytes(sqlite.read_bytes())
    monkeypatch.setattr("core.store.engine._BUSY_MS", 20)
    mine, other = make_engine(f"sqlite:///{path}"), make_engine(f"sqlite:///{path}")
    turns = Turns(mine)
    with writing(other):
        with pytest.raises(DatabaseAway, match="does not answer") as told:
            ask(turns)
        assert "try again" in told.value.hint
        assert turns.list(ME) == []
    assert ask(turns)
    mine.dispose()
    other.dispose()


@pytest.mark.parametrize("odd", ["half \ud800 of a character", "NUL \x00"], ids=["half", "nul"])
def test_an_id_that_no_database_can_hold_is_not_there(engine: Engine, odd: str) -> None:
    with pytest.raises(NotFound) as told:
        Turns(engine).get(ME, odd)
    assert told.value.hint
    with pytest.raises(NotFound), reading(engine) as connection:
        connection.execute(select(turn_rows.c.id).offset(10**20))


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_server_that_is_gone_is_told_and_found_again(engine: Engine, url: str) -> None:
    turns = Turns(engine)
    nobody = make_engine(engine.url.set(port=1).render_as_string(hide_password=False))
    with pytest.raises(DatabaseAway), reading(engine) as connection, away(engine):
        connection.execute(text("SELECT 1"))  # its connection was ended
    with away(engine), pytest.raises(DatabaseAway):
        ask(turns)
    with pytest.raises(DatabaseAway):
        Turns(nobody).list(ME)
    assert ask(turns)
    nobody.dispose()


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_server_that_falls_silent_is_not_waited_for_as_long_as_tcp_would(url: str) -> None:
    engine = make_engine(f"{url}{'&' if '?' in url else '?'}connect_timeout=7")
    with engine.connect() as connection:
        told = connection.connection.dbapi_connection.info.get_parameters()  # type: ignore[union-attr]
    engine.dispose()
    assert told["connect_timeout"] == "7"  # one's own stays
    assert (told["tcp_user_timeout"], told["keepalives_idle"]) == ("30000", "15")


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_full_disk_of_the_server_is_the_same_error(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION full_disk() RETURNS trigger AS $$ BEGIN RAISE "
            "'could not extend file' USING ERRCODE = 'disk_full'; END $$ LANGUAGE plpgsql"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER full_disk BEFORE INSERT ON turns EXECUTE FUNCTION full_disk()"
        )
    turns = Turns(engine)
    with pytest.raises(DiskFull, match="nothing of this was kept"):
        ask(turns)
    with writing(engine) as connection:
        connection.exec_driver_sql("DROP TRIGGER full_disk ON turns")
    assert turns.list(ME) == []
    assert ask(turns)


def test_a_read_only_database_is_an_error(sqlite: Path) -> None:
    engine = make_engine(f"sqlite:///file:{sqlite}?mode=ro&uri=true")
    with pytest.raises(DBAPIError, match="readonly"):
        ask(Turns(engine))
    engine.dispose()


def test_a_database_named_by_a_uri_makes_no_folder_of_its_name(
    sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sqlite.parent)
    before = set(sqlite.parent.iterdir())
    make_engine(f"sqlite:///file:{sqlite}?mode=ro&uri=true").dispose()
    assert set(sqlite.parent.iterdir()) == before


def test_ids_sort_by_the_time_they_were_made() -> None:
    made = [new_id() for _ in range(2000)]
    assert len(set(made)) == 2000
    assert all(id_[14] == "7" and id_[19] in "89ab" and len(id_) == 36 for id_ in made)
    # Two of the same quarter of a microsecond may change places, not more.
    stamps = [id_[:18] for id_ in made]
    assert stamps == sorted(stamps)
