"""The files of one prompt: versions that are made whole and once, small files that are replaced at once."""

import errno
import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import Conflict, DiskFull, FootlightsError, NotFound, Refused

NAME = re.compile(r"[a-z0-9_-]{1,64}")
VERSION = re.compile(r"v([1-9][0-9]{0,5})\.md")
LABELS, HISTORY, ARCHIVED = "labels.yaml", "history.jsonl", "archived"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def named(name: str) -> str:
    """The name, if a prompt may have it; else Refused."""
    if not NAME.fullmatch(name):
        raise Refused(
            f"{name[:80]!r} cannot be the name of a prompt",
            hint="Use small letters, digits, - and _, at most 64.",
        )
    return name


class PromptFolder:
    """The folder of one prompt; whoever changes it holds its lock, in whichever process."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        return self.path.name

    def numbers(self) -> list[int]:
        """The versions whose files are there, in order."""
        if not NAME.fullmatch(self.path.name) or not self.path.is_dir():
            return []
        files = (VERSION.fullmatch(path.name) for path in self.path.iterdir())
        return sorted(int(found[1]) for found in files if found)

    def read(self, file: str, limit: int) -> bytes | None:
        """The first bytes of a file, None when it is not there."""
        try:
            with open(self.path / file, "rb") as opened:
                return opened.read(limit)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Refused(f"{self.name}/{file} cannot be read: {error.strerror}") from None

    @contextmanager
    def locked(self, *, make: bool = False) -> Iterator[None]:
        """Nobody else writes to the folder meanwhile. DiskFull when there is no room, Refused when the
        disk does not take it for another reason; the history is then as it was."""
        with self._told():
            if make:
                self.path.mkdir(parents=True, exist_ok=True)
            elif not self.path.is_dir():
                raise NotFound(f"there is no prompt {self.name[:80]!r}")
            handle = os.open(self.path, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                with self._as_it_was(HISTORY):
                    yield
                os.fsync(handle)
            finally:
                os.close(handle)

    def add_version(self, data: bytes, beyond: int, *, first: bool = False) -> int:
        """Write the next version, with a number above `beyond`; `first`: only if there is none."""
        fresh = self._fresh(data)
        try:
            while True:
                number = max([*self.numbers(), beyond]) + 1
                if first and number > 1:
                    raise Conflict(
                        f"there is a prompt {self.name!r} already", hint="Choose another name."
                    )
                try:
                    # A link is made whole or not at all, and never over another version.
                    os.link(fresh, self.path / f"v{number}.md")
                    return number
                except FileExistsError:
                    continue
        finally:
            fresh.unlink()

    def replace(self, file: str, data: bytes) -> None:
        """The file holds this from now on, or what it held before: never a part."""
        fresh = self._fresh(data)
        try:
            os.replace(fresh, self.path / file)
        finally:
            fresh.unlink(missing_ok=True)

    def append(self, file: str, line: bytes) -> None:
        """One more line, whole or not at all; a line that was cut by a crash stays alone."""
        with open(self.path / file, "ab") as opened:
            size = opened.tell()
            torn = size > 0 and not self._ends_well(file)
            try:
                opened.write(b"\n" * torn + line + b"\n")
                opened.flush()
                os.fsync(opened.fileno())
            except OSError:
                os.truncate(self.path / file, size)
                raise

    def remove(self, file: str) -> None:
        """The file is gone."""
        (self.path / file).unlink(missing_ok=True)

    @contextmanager
    def _as_it_was(self, file: str) -> Iterator[None]:
        path = self.path / file
        size = path.stat().st_size if path.exists() else 0
        try:
            yield
        except OSError:
            if path.exists():
                os.truncate(path, size)
            raise

    def _ends_well(self, file: str) -> bool:
        with open(self.path / file, "rb") as opened:
            opened.seek(-1, os.SEEK_END)
            return opened.read(1) == b"\n"

    def _fresh(self, data: bytes) -> Path:
        path = self.path / f".{secrets.token_hex(8)}.tmp"
        try:
            with open(path, "xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            path.unlink(missing_ok=True)
            raise
        return path

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except FootlightsError:
            raise
        except OSError as error:
            if error.errno in _FULL:
                raise DiskFull from error
            raise Refused(
                f"the prompt {self.name!r} could not be written: {error.strerror}",
                hint="Make the folder of the prompts writable, and try again. What you typed is kept "
                "as a draft.",
            ) from None
