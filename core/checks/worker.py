"""The process in which patterns and schemas that anybody may have written are used:
`python -m core.checks.worker MEGABYTES FILE`.

It tells each verdict as soon as it has it, so that those before a catastrophic pattern are known.
"""

import json
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import FootlightsError
from core.processes import inside

SECONDS = 2.0
"""Of processor time for one check: a machine that is busy with other things takes nothing from it."""
_SHOWN = 80


def judged(task: Mapping[str, Any]) -> tuple[bool | None, str]:
    """Whether the check of this task holds, and why; None when its value cannot be used."""
    try:
        if task["kind"] == "matches":
            return matches(task["value"], task["text"])
        return fits(task["value"], task["text"])
    except (FootlightsError, ValueError, ArithmeticError, LookupError, TypeError) as error:
        return None, str(error)[:300]
    except RecursionError:
        return None, "it is nested too deep to be used"


def matches(pattern: str, text: str | None) -> tuple[bool, str]:
    """Whether the pattern is found in the text; without a text, whether it can be used."""
    try:
        compiled = re.compile(pattern, re.MULTILINE)
    except re.error as error:
        raise ValueError(f"this is not a regular expression: {error}") from error
    except OverflowError as error:
        raise ValueError(f"this is not a regular expression: {error}") from error
    if text is None:
        return True, ""
    found = compiled.search(text)
    if found is None:
        return False, "the pattern is not found in the answer"
    return True, f"the pattern is found: “{_short(found[0])}”"


def fits(schema: str, text: str | None) -> tuple[bool, str]:
    """Whether the text is JSON of this schema; without a text, whether the schema can be used."""
    # Here, since a pattern alone does not need them and they take a quarter of a second.
    from core.llm.json_text import read
    from core.llm.shape import shape
    from core.llm.unusable import UnusableOutput

    written = json.loads(schema)
    if not isinstance(written, dict):
        raise ValueError("a JSON schema is an object")
    wanted = shape(written)
    if text is None:
        strict = wanted.output
        return True, json.dumps({"name": strict.name, "schema": strict.schema}) if strict else ""
    try:
        data, mended = read(text, wanted.kind)
        wanted.check_here(data)
    except UnusableOutput as error:
        return False, str(error)[:300]
    return True, "the answer is JSON of the schema" + (", once mended" if mended else "")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def main(megabytes: str, file: str) -> None:
    """Judge the tasks of the file in their order."""
    inside.limit_memory(int(megabytes))
    tasks = json.loads(Path(file).read_bytes())
    if any(task["kind"] == "json_schema" for task in tasks):
        judged({"kind": "json_schema", "value": "{}", "text": "{}"})  # what it imports is not timed
    for task in tasks:
        # Its default action ends the process, also inside a pattern that never comes back to Python.
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        try:
            told = judged(task)
        except MemoryError:
            sys.exit(77)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        inside.tell(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
