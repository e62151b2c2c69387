"""Uploaded files, named by their hash."""

import errno
import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import DatabaseAway, DiskFull

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NONE = "-" * 64
Needed = Callable[[str], bool]
"""Whether any row needs the file of this hash."""


class Blobs:
    """Files in one folder; what `put` returned survives a crash."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def digest(data: bytes) -> str:
        """The name that the bytes have here."""
        return hashlib.sha256(data).hexdigest()

    def put(self, data: bytes) -> str:
        """Keep the bytes; their SHA-256. Repeating it changes nothing. Raises DiskFull."""
        sha256 = self.digest(data)
        path = self.path(sha256)
        if path.exists():
            return sha256
        unfinished = path.with_name(f".{sha256}.{secrets.token_hex(8)}")
        try:
            with _told():
                path.parent.mkdir(parents=True, exist_ok=True)
                with unfinished.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        for folder in (path.parent, self._folder):
            _sync(folder)
        return sha256

    def path(self, sha256: str) -> Path:
        """Where the bytes with this hash lie, or would."""
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"not a SHA-256: {sha256!r}")
        return self._folder / sha256[:2] / sha256

    def delete(self, sha256: str) -> None:
        """Remove the bytes; nothing happens when they are not there."""
        self.path(sha256).unlink(missing_ok=True)

    @contextmanager
    def held(self, sha256: str, needed: Needed) -> Iterator[None]:
        """Keep others out while this file and its row change together: an upload must not meet a deletion.
        When that fails, or whoever does it dies, the file goes unless it is needed: at once, or when the
        next one comes. Raises DiskFull, and what `needed` raises."""
        with self._locked() as lock:
            self._tidy(lock, needed)
            _note(lock, sha256)
            try:
                yield
            except BaseException:
                with suppress(DatabaseAway):  # then the next one finds the note
                    self._tidy(lock, needed)
                raise
            _note(lock, _NONE)

    def tidy(self, needed: Needed) -> None:
        """Remove what a process that died has left of a file that nobody needs."""
        with self._locked() as lock:
            self._tidy(lock, needed)

    @contextmanager
    def _locked(self) -> Iterator[int]:
        with _told():
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock
        finally:
            os.close(lock)

    def _tidy(self, lock: int, needed: Needed) -> None:
        doubtful = os.pread(lock, len(_NONE), 0).decode("ascii", "replace")
        if not _SHA256.fullmatch(doubtful):
            return
        path = self.path(doubtful)
        for unfinished in path.parent.glob(f".{doubtful}.*"):
            unfinished.unlink(missing_ok=True)
        if not needed(doubtful):
            path.unlink(missing_ok=True)
        _note(lock, _NONE)


def _note(lock: int, sha256: str) -> None:
    """Which file is being changed. As long as the last note, so that it finds room on a full disk, too."""
    with _told():
        os.pwrite(lock, sha256.encode(), 0)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull from error
        raise


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
