"""What a child calls itself: its limit of memory, and how far it is. Loads little, since every start pays for it."""

import os
import resource
import sys
from pathlib import Path

PROGRESS = "FOOTLIGHTS_PROGRESS_FD"
"""The variable that names the descriptor at which the child is heard."""


def limit_memory(megabytes: int) -> None:
    """Refuse more address space than this, and write no core file."""
    size = megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # macOS accepts the limit and does not keep it
        resource.setrlimit(resource.RLIMIT_AS, (size, size))


def near_limit(megabytes: int) -> bool:
    """Whether this process has ever come within a tenth of its memory, so that what
    failed in it may have failed for want of it. False where the system does not tell."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return False
    [peak] = [line.split()[1] for line in status.splitlines() if line.startswith("VmPeak:")]
    return int(peak) * 1024 >= megabytes * 1024 * 1024 * 9 // 10


def tell(line: str) -> None:
    """One line for the `on_line` of the parent; nothing when nobody listens."""
    descriptor = os.environ.get(PROGRESS)
    if descriptor:
        os.write(int(descriptor), line.encode() + b"\n")
