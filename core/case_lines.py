"""Test cases as JSON lines, to be kept in git beside the prompt that they are for."""

import json
from collections.abc import Iterable

from pydantic import TypeAdapter, ValidationError

from core.cases import CaseLine, checked
from core.errors import Refused

MOST_CHARACTERS = 20 * 2**20
_LINE = TypeAdapter(CaseLine)


def dump(lines: Iterable[CaseLine]) -> str:
    """One line of JSON a case, in the order of their names, keys sorted: the same cases are the same
    file."""
    found = [_LINE.dump_python(line, mode="json") for line in sorted(lines, key=lambda x: x.name)]
    return "".join(f"{json.dumps(each, sort_keys=True, ensure_ascii=False)}\n" for each in found)


def load(text: str) -> list[CaseLine]:
    """The cases of such a text, empty lines left out. Refused with the number of the first line that
    is none."""
    if len(text) > MOST_CHARACTERS:
        raise Refused(f"a file of cases has at most {MOST_CHARACTERS // 2**20} MB")
    found: list[CaseLine] = []
    for number, line in enumerate(text.lstrip("\ufeff").split("\n"), 1):
        if line.strip():
            found.append(_read(number, line))
    return found


def _read(number: int, line: str) -> CaseLine:
    try:
        return checked(_LINE.validate_json(line))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(each) for each in fault["loc"])
        told = f"{f'{where}: ' * bool(where)}{fault['msg']}"
        hint = (
            'A line is {"name": "...", "inputs": {"question": "..."}, "checks": [{"kind": '
            '"contains", "value": "..."}]}, as the export writes it. Nothing was taken in.'
        )
    except Refused as error:
        told, hint = str(error), f"{error.hint} Nothing was taken in."
    raise Refused(f"line {number} is no case: {told}", hint=hint)
