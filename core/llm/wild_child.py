"""The process that checks data by a wild schema: `python -m core.llm.wild_child MEGABYTES FILE`."""

import json
import signal
import sys
from pathlib import Path
from typing import Any

from core.llm.shape import shape
from core.llm.unusable import OutputInvalid, OutputTooDeep
from core.llm.wild import SECONDS
from core.processes import inside


def found(schema: dict[str, Any], data: Any) -> dict[str, Any]:
    """The data as it fits under `data`, else what is wrong under `problems`, or `deep`."""
    wanted = shape(schema)
    # Its default action ends the process, also inside a pattern that never comes back to Python.
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        return {"data": wanted.check_here(data)[1]}
    except OutputInvalid as error:
        return {"problems": error.problems}
    except OutputTooDeep as error:
        return {"deep": str(error)}


def main(arguments: list[str]) -> int:
    """Check what is in the file; 77 says that memory ran out."""
    inside.limit_memory(int(arguments[0]))
    try:
        request = json.loads(Path(arguments[1]).read_bytes())
        sys.stdout.write(json.dumps(found(**request)))
    except MemoryError:
        return 77
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
