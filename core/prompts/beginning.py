"""A folder of prompts in which nothing is yet begins as a copy of those that come with the app."""

import fcntl
import os
import shutil
from pathlib import Path

from core.errors import Refused

_UNFINISHED = ".beginning"


def begin(folder: Path, source: Path) -> None:
    """`folder` has every prompt of `source` if it was not there or empty; else it is as it was. A copy that
    was cut off is finished by the next call. Refused when the disk does not take it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)  # another process may begin at the same moment
            if (folder / _UNFINISHED).exists() or not any(folder.iterdir()):
                _copy(folder, source)
        finally:
            os.close(handle)
    except OSError as error:
        raise Refused(
            f"there are no prompts in {folder}, and the app's own cannot be put there: {error.strerror}",
            hint="Make that folder writable, let FOOTLIGHTS_PROMPTS name another one, or copy prompts/ there.",
        ) from None


def _copy(folder: Path, source: Path) -> None:
    # Inside of it, since the folder may be a disk of its own.
    unfinished = folder / _UNFINISHED
    unfinished.mkdir(exist_ok=True)
    for prompt in sorted(path for path in source.iterdir() if path.is_dir()):
        if not (folder / prompt.name).exists():
            fresh = unfinished / prompt.name
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.copytree(prompt, fresh)
            fresh.rename(folder / prompt.name)
    shutil.rmtree(unfinished)
