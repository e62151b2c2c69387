"""Who is still alive: a process holds a lock that the system frees when it dies, however it dies."""

import fcntl
import os
import re
import secrets
from pathlib import Path

LEASE_SECONDS = 30
"""How long something taken is left alone when nobody can see whether its owner still lives."""
_SAFE = re.compile(r"[0-9a-f]{16}-[0-9a-f]{16}")


def is_orphaned(alive: bool | None, lapsed: bool) -> bool:
    """Whether something may be taken from its owner: the lease counts only where life cannot be seen,
    so that a clock that jumps takes nothing from the living."""
    return lapsed if alive is None else not alive


class Process:
    """This process as the owner of turns and jobs; `owner` names it and the folder that knows it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._place = _place(folder)
        self._sweep()
        self.owner = f"{self._place}-{secrets.token_hex(8)}"
        self._path = folder / f"{self.owner}.lock"
        # Locked before it has its name: nobody ever sees it free while we live.
        unnamed = folder / f"{self.owner}.new"
        self._file = unnamed.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        unnamed.rename(self._path)

    def alive(self, owner: str) -> bool | None:
        """True while the owner lives, False once it is dead, None if it lives elsewhere and only its lease can tell."""
        if not _SAFE.fullmatch(owner) or not owner.startswith(self._place):
            return None
        return _held(self._folder / f"{owner}.lock")

    def close(self) -> None:
        """Let go; from now on this owner counts as dead."""
        self._path.unlink(missing_ok=True)
        self._file.close()

    def _sweep(self) -> None:
        for path in self._folder.glob(f"{self._place}-*.lock"):
            if not _held(path):
                path.unlink(missing_ok=True)


def _held(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            # Shared, so that two who look at a dead one at once do not take each other for it.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _place(folder: Path) -> str:
    """The name of the folder, made once: whoever shares the folder can see each other's locks."""
    path = folder / "place"
    if not path.exists():
        mine = folder / f"place.{secrets.token_hex(8)}"
        mine.write_text(secrets.token_hex(8))
        try:
            os.link(mine, path)
        except FileExistsError:
            pass  # another process was quicker, and its name counts
        finally:
            mine.unlink()
    return path.read_text()
