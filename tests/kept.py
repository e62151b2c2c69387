"""What comes out the same in every test and takes up to half a second in each: made once in this process.

A test that is about one of these makes it itself."""

import gc
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace

import httpcore2
import pytest
import tiktoken
from httpx2 import _config
from sqlalchemy import Engine

from core import workbench
from core.llm.client import LLMClient
from core.llm.retry import RetryPolicy
from core.parts import asking, kept
from core.retrieval.minilm import minilm
from core.store.engine import make_engine, migrate
from core.tokens.vocabulary import Vocabularies
from core.tools import toolbox

_load = Vocabularies._load
_folders: list[tempfile.TemporaryDirectory[str]] = []
"""Removed when this process ends."""


def keep(patch: pytest.MonkeyPatch) -> None:
    """Hand what is kept to every workbench and client from now on."""
    patch.setattr(kept, "migrate", _migrate)
    patch.setattr(kept, "minilm", cache(minilm))
    patch.setattr(Vocabularies, "_load", _vocabulary)
    # Half of what making a workbench costs; what a tool is described as is the story of tests/core/tools.
    patch.setattr(toolbox, "describe", cache(toolbox.describe))
    # How long a vendor is waited for before he is asked again is the story of tests/core/llm/test_retry.py.
    patch.setattr(asking, "LLMClient", partial(LLMClient, retry=RetryPolicy(first_wait=0.01)))
    # Every client reads the certificates of the system, 30 ms; none of them is for this machine.
    patch.setattr(httpcore2, "default_ssl_context", cache(httpcore2.default_ssl_context))
    # A busy machine may take longer to answer than the five seconds of the library; no test is about them.
    for part in ("connect", "read", "write", "pool"):
        patch.setattr(_config.DEFAULT_TIMEOUT_CONFIG, part, 100.0)
    # A workbench that is closed would thaw what `conftest` froze, for all tests after it.
    patch.setattr(workbench, "gc", SimpleNamespace(collect=int, freeze=int, unfreeze=int))


@contextmanager
def heap_of_its_own(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Workbenches freeze and thaw the heap as they do in the app."""
    patch.setattr(workbench, "gc", gc)
    gc.unfreeze()
    yield
    gc.freeze()


def database(path: Path) -> Engine:
    """A migrated SQLite database in the file, which is not there yet."""
    shutil.copy(_migrated(), path)
    return make_engine(f"sqlite:///{path}")


def _migrate(engine: Engine) -> None:
    """A new SQLite database is the copy of one that was migrated; then it is looked at as any other."""
    path = Path(engine.url.database or "")
    if engine.dialect.name == "sqlite" and not path.exists():
        shutil.copy(_migrated(), path)
    migrate(engine)


def folder(name: str) -> Path:
    """A new folder that is there as long as this process."""
    _folders.append(tempfile.TemporaryDirectory(prefix=f"footlights-{name}-"))
    return Path(_folders[-1].name)


@cache
def _migrated() -> Path:
    path = folder("kept") / "migrated.db"
    engine = make_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


def _vocabulary(self: Vocabularies, name: str) -> tiktoken.Encoding:
    return _read(self._folder, name)


@cache
def _read(folder: Path, name: str) -> tiktoken.Encoding:
    return _load(Vocabularies(folder), name)
