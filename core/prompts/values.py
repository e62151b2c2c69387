"""What goes into a template: plain data that the template's variables allow, and nothing else."""

import json
from collections.abc import Mapping
from typing import Any

from core.errors import Refused
from core.prompts.template import PromptTemplate, fault

MAX_VALUES = 8_000_000
"""Characters of all values as JSON."""


def plain(template: PromptTemplate, given: Mapping[str, Any]) -> dict[str, Any]:
    """Every variable of the template with its value, copied, so that nothing can change the caller's.

    Refused for a variable that is unknown, missing, of another type, or not plain data.
    """
    if unknown := [name for name in given if not template.takes(name)]:
        known = ", ".join(variable.name for variable in template.variables) or "none"
        raise Refused(
            f"{template.ref} takes no variable {unknown[0]!r}", hint=f"It can be given: {known}."
        )
    values: dict[str, Any] = {}
    for variable in template.variables:
        if variable.name not in given:
            if variable.required:
                raise Refused(
                    f"{template.ref} needs {variable.name!r}",
                    hint="Give it a value, or give it a default in the front matter.",
                )
            values[variable.name] = variable.initial
        elif wrong := fault(variable, given[variable.name]):
            raise Refused(f"{template.ref}: {variable.name!r} {wrong}")
        else:
            values[variable.name] = given[variable.name]
    return _copy(template, values)


def _copy(template: PromptTemplate, values: dict[str, Any]) -> dict[str, Any]:
    try:
        text = json.dumps(values, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise Refused(
            f"{template.ref}: a value is not plain data: {error}",
            hint="Give text, numbers, true, false, null, lists and objects.",
        ) from None
    if len(text) > MAX_VALUES:
        raise Refused(f"{template.ref}: the values are {len(text):,} characters: too many")
    copied: dict[str, Any] = json.loads(text)
    return copied
