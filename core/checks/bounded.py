"""Patterns and schemas, used in a child process that is killed when it takes too long."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.cases import Check, Verdict
from core.checks.worker import SECONDS
from core.errors import Refused
from core.processes import child
from core.types import OutputSchema

MEMORY_MB = 1024
_PATIENCE = 60.0
"""Seconds for a process with all its checks: the limit of each is on the processor's time."""
BOUNDED = frozenset({"matches", "json_schema"})
_TOO_LONG = f"it took more than {SECONDS:g} s and was stopped: simplify it"
_STOPPED = {
    "memory": "it took too much memory and was stopped: simplify it",
    "output": "it broke the process in which it ran: simplify it",
}

Told = tuple[bool | None, str]


def judge(checks: Sequence[Check], text: str) -> list[Verdict]:
    """The verdict on each of these checks; one that takes too long is not decided, the others are.

    It waits for a process: not to be called on an event loop.
    """
    tasks = [{"kind": each.kind, "value": each.value, "text": text} for each in checks]
    told = _all_told(tasks)
    return [Verdict(check, *each) for check, each in zip(checks, told, strict=True)]


def prove(checks: Sequence[Check]) -> None:
    """Refused when a pattern or a schema among the checks cannot be used at all."""
    _proven([each for each in checks if each.kind in BOUNDED and each.value.strip()])


def strict(schema: str) -> OutputSchema | None:
    """The schema in the form that vendors can hold a model to, None where it has none. Refused when
    it is no schema."""
    [told] = _proven([Check("json_schema", schema)])
    return OutputSchema(**json.loads(told)) if told else None


def _proven(checks: Sequence[Check]) -> list[str]:
    tasks = [{"kind": each.kind, "value": each.value, "text": None} for each in checks]
    found = _all_told(tasks)
    for check, (passed, reason) in zip(checks, found, strict=True):
        if not passed:
            what = "pattern" if check.kind == "matches" else "JSON schema"
            raise Refused(
                f"the {what} cannot be used: {reason}", hint="Correct it, or take it away."
            )
    return [reason for _, reason in found]


def _all_told(tasks: list[dict[str, Any]]) -> list[Told]:
    found: list[Told] = []
    while len(found) < len(tasks):
        found += _run(tasks[len(found) :])
    return found


def _run(tasks: list[dict[str, Any]]) -> list[Told]:
    """What one process tells before it ends; at least one verdict."""
    told: list[Told] = []

    def hear(line: str) -> None:
        passed, reason = json.loads(line)
        told.append((passed, reason))

    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        Path(file.name).write_text(json.dumps(tasks), encoding="ascii")
        limits = child.Limits(_PATIENCE, MEMORY_MB, output_mb=1)
        try:
            child.run("core.checks.worker", [file.name], limits, on_line=hear)
            why = "" if len(told) == len(tasks) else "crash"
        except child.ChildFailed as failed:
            why = failed.why
    if why:
        told.append((None, _STOPPED.get(why, _TOO_LONG)))
    return told[: len(tasks)]
