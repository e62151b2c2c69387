"""How long something takes of itself, on a machine that is busy with something else."""

import re
import time
from pathlib import Path

_PRESSURE = Path("/proc/pressure/cpu")


class Felt:
    """Counts seconds from now on, without those in which somebody here waited for a processor."""

    def __init__(self) -> None:
        self._began = _now()

    @property
    def seconds(self) -> float:
        return _now() - self._began


def _now() -> float:
    return time.monotonic() - _waited()


def _waited() -> float:
    """Since the start of the machine, by its own account; 0 where it keeps none."""
    try:
        found = re.search(r"^some .*total=(\d+)", _PRESSURE.read_text(), re.M)
    except OSError:
        return 0.0
    return int(found[1]) / 1e6 if found else 0.0
