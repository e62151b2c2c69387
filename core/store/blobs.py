"""Uploaded files, named by their hash."""

import errno
import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import DiskFull

_SHA256 = re.compile(r"[0-9a-f]{64}")


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
            path.parent.mkdir(parents=True, exist_ok=True)
            with unfinished.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFull from error
            raise
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
    def held(self) -> Iterator[None]:
        """Keep others out while a file and its row change together: an upload must not meet a deletion."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
