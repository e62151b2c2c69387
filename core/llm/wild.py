"""Schemas by which checking may take for ever, or all memory: they are used in a process that is killed then."""

import json
import tempfile
from pathlib import Path
from typing import Any

from core.llm.strict_schema import Schema, is_recursive, nodes
from core.llm.unusable import OutputInvalid, OutputTooDeep, OutputUnchecked
from core.processes import child

SECONDS = 1.0
"""Of processor time: a machine that is busy with other things takes nothing from it."""
_PATIENCE = 30.0
"""Seconds for the process with all that it does."""
_MEMORY_MB = 1024
_WILD = frozenset({"patternProperties", "$dynamicRef"})
_PLACES = ("$defs", "definitions")
_MOST_REFERENCES = 20
"""With more of them a schema can be a million times as large as it is written."""


def is_wild(schema: Schema) -> bool:
    """Whether checking by this schema may take longer than reading the data: it has patterns, compares
    each item of a list with all others, or refers to itself or to much."""
    known = {f"#/{place}/{name}" for place in _PLACES for name in schema.get(place, {})}
    references = 0
    for node in nodes(schema):
        reference = node.get("$ref")
        if isinstance(reference, str):
            references += 1
            if reference not in known or references > _MOST_REFERENCES:
                return True
        if isinstance(node.get("pattern"), str) or node.get("uniqueItems") is True:
            return True
        if not _WILD.isdisjoint(node):
            return True
    return is_recursive(schema)


def fitted(schema: Schema, data: Any) -> Any:
    """The data as it fits the schema. Raises OutputInvalid, OutputTooDeep, and OutputUnchecked when that
    took too much; waits for a process, so it is not to be called on an event loop."""
    found = _told(schema, data)
    if "problems" in found:
        raise OutputInvalid(tuple(found["problems"]))
    if "deep" in found:
        raise OutputTooDeep(found["deep"])
    return found["data"]


def _told(schema: Schema, data: Any) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        Path(file.name).write_text(json.dumps({"schema": schema, "data": data}), encoding="ascii")
        limits = child.Limits(_PATIENCE, _MEMORY_MB)
        try:
            answer = child.run("core.llm.wild_child", [file.name], limits)
        except child.ChildFailed as failed:
            much = "too much memory" if failed.why == "memory" else f"more than {SECONDS:g} s"
            raise OutputUnchecked(
                f"The answer could not be checked: with the schema that it must fit it took {much}."
            ) from failed
    found: dict[str, Any] = json.loads(answer)
    return found
