"""Runs a command in the place of whoever began it, and ends it with everything it started when he is gone.

Run as a file, by itself: `python -I -S leash.py DESCRIPTOR COMMAND...`. The descriptor is the reading
end of a pipe whose other end the app alone holds; it closes when the app ends, however that happens.
"""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path


def _watch(descriptor: int) -> None:
    from core.processes.offspring import end_below, sweep

    while os.read(descriptor, 1):
        continue
    end_below(os.getpid())
    while sweep(os.environ):
        continue
    os.killpg(os.getpgrp(), signal.SIGKILL)  # ourselves among them


def main(arguments: list[str]) -> int:
    """Run the command; the code with which it ended, as a shell tells it."""
    process = subprocess.Popen(arguments[1:])
    # The pipes must end with the command, and not with us.
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    sys.path.insert(0, str(Path(__file__).parents[3]))
    from core.processes import offspring  # only now: a server is not to wait for it

    offspring.adopt()
    threading.Thread(target=_watch, args=(int(arguments[0]),), daemon=True).start()
    code = _code_of(process.pid)
    offspring.end_below(os.getpid())
    return code if code >= 0 else 128 - code


def _code_of(pid: int) -> int:
    """The code with which it ends; whatever else ends below us meanwhile is not left as a zombie."""
    ended, status = 0, 0
    while ended != pid:
        ended, status = os.waitpid(-1, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
